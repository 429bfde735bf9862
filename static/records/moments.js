/** The moments of a record at which each expression was strongest; a click shows them in the video. */

import { adjective, clock, percent } from "../shared/texts.js";

/**
 * @param {{expression: string, confidence: number, seconds: number, file: string}[]} moments
 * @param {(path: string) => string} address of one of the server's paths
 * @param {(seconds: number) => void} onJump
 */
export function showMoments(moments, address, onJump) {
  document.getElementById("moments").replaceChildren(...moments.map((moment) => entry(moment, address, onJump)));
  document.getElementById("no-moments").hidden = moments.length > 0;
}

function entry({ expression, confidence, seconds, file }, address, onJump) {
  const item = document.createElement("li");
  const button = item.appendChild(document.createElement("button"));
  button.type = "button";
  button.dataset.expression = expression;
  const picture = button.appendChild(document.createElement("img"));
  Object.assign(picture, { src: address(file), alt: "", width: 160, height: 160 });
  add(button, "moment-looks", `Looks ${adjective(expression)}`);
  add(button, "moment-when", `${percent(confidence)} at ${clock(seconds)}`);
  button.addEventListener("click", () => onJump(seconds));
  return item;
}

function add(parent, name, text) {
  const words = parent.appendChild(document.createElement("span"));
  words.className = name;
  words.textContent = text;
}
