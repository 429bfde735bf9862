/** Saves what is shown as a file. */

import { download } from "../shared/download.js";

const TIME_LIMIT = 5000;
const QUALITY = 0.92;

/**
 * Downloads the newest frame of a camera.
 * @param {string} camera
 * @param {Record<string, string>} options the view options
 * @returns {Promise<string>} the name of the file
 * @throws {Error} when the server gives no picture
 */
export async function saveScreenshot(camera, options) {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), TIME_LIMIT);
  try {
    const address = `snapshot.jpg?${new URLSearchParams({ camera, ...options })}`;
    const answer = await fetch(address, { signal: limit.signal, cache: "no-store" });
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    const name = fileName(camera, new Date());
    download(await answer.blob(), name);
    return name;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Saves a picture that the page has drawn.
 * @param {HTMLCanvasElement} canvas
 * @param {string} camera
 * @returns {Promise<string>} the name of the file
 * @throws {Error} when there is nothing on it
 */
export async function saveCanvas(canvas, camera) {
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
  if (!blob) throw new Error("there is no picture");
  const name = fileName(camera, new Date());
  download(blob, name);
  return name;
}

/**
 * A file name from camera and local time that every file system takes.
 * @param {string} camera
 * @param {Date} time
 * @returns {string} such as "door-2025-01-31-18-05-09.jpg"
 */
export function fileName(camera, time) {
  const safe = camera.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "") || "camera";
  const two = (number) => String(number).padStart(2, "0");
  const day = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())];
  const clock = [two(time.getHours()), two(time.getMinutes()), two(time.getSeconds())];
  return `${[safe, ...day, ...clock].join("-")}.jpg`;
}
