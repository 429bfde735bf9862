/** A video and its time line, each following the other. */

import { ask } from "../shared/requests.js";
import { TimeLine } from "./timeline.js";

/**
 * @param {HTMLElement} root holds a `video` and a `.timeline`
 * @param {string} film the video's address
 * @param {string} line the address of its time line
 * @returns {{jump: (seconds: number) => void, told: Promise<object>}} moves both to a moment; what the time line says,
 *   once it is there
 */
export function setUpFilm(root, film, line) {
  const video = root.querySelector("video");
  const timeline = new TimeLine(root.querySelector(".timeline"), (seconds) => (video.currentTime = seconds));
  video.addEventListener("timeupdate", () => timeline.moveTo(video.currentTime));
  video.src = film;
  return {
    jump(seconds) {
      video.currentTime = seconds;
      timeline.moveTo(seconds);
    },
    told: read(line, timeline),
  };
}

async function read(address, timeline) {
  const told = await (await ask(address)).json();
  timeline.show(told);
  return told;
}
