/** A video and its time line, which follow each other. */

import { ask } from "../shared/requests.js";
import { TimeLine } from "./timeline.js";

/**
 * @param {HTMLElement} root holds a `video` and a `.timeline`
 * @param {string} source the video's address
 * @param {string} line the address of its time line
 * @returns {{jump: (seconds: number) => void, loaded: Promise<object>}} `jump` moves both to a moment; `loaded` gives the time line's
 *   data
 */
export function setUpPlayer(root, source, line) {
  const video = root.querySelector("video");
  const timeline = new TimeLine(root.querySelector(".timeline"), (seconds) => (video.currentTime = seconds));
  video.addEventListener("timeupdate", () => timeline.moveTo(video.currentTime));
  video.src = source;
  return {
    jump(seconds) {
      video.currentTime = seconds;
      timeline.moveTo(seconds);
    },
    loaded: read(line, timeline),
  };
}

async function read(address, timeline) {
  const data = await (await ask(address)).json();
  timeline.show(data);
  return data;
}
