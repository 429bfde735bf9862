/** The seven probabilities as bars. */

import { percent } from "./texts.js";

/**
 * A list with a bar for each label, the most probable one marked.
 * @param {Record<string, number>} probabilities by label, in the model's order
 * @returns {HTMLUListElement}
 */
export function bars(probabilities) {
  const list = document.createElement("ul");
  list.className = "bars";
  for (const label of Object.keys(probabilities)) {
    const row = list.appendChild(document.createElement("li"));
    row.dataset.expression = label;
    add(row, "span", "bar-label", label);
    add(row, "span", "gauge").append(document.createElement("span"));
    add(row, "span", "bar-share");
  }
  moveBars(list, probabilities);
  return list;
}

/**
 * Moves the bars to other probabilities of the same labels.
 * @param {HTMLUListElement} list as `bars` has made it
 * @param {Record<string, number>} probabilities
 */
export function moveBars(list, probabilities) {
  const most = Math.max(...Object.values(probabilities));
  for (const row of list.children) {
    const probability = probabilities[row.dataset.expression] ?? 0;
    row.classList.toggle("most", probability === most);
    row.querySelector(".gauge span").style.transform = `scaleX(${probability})`;
    row.querySelector(".bar-share").textContent = percent(probability);
  }
}

function add(parent, tag, name, text = "") {
  const element = document.createElement(tag);
  element.className = name;
  element.textContent = text;
  parent.append(element);
  return element;
}
