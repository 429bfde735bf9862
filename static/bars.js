/** The seven probabilities as bars. */

import { percent } from "./words.js";

/**
 * A list with a bar for each label, the most probable one marked.
 * @param {Record<string, number>} probabilities by label, in the model's order
 * @returns {HTMLUListElement}
 */
export function bars(probabilities) {
  const list = document.createElement("ul");
  list.className = "bars";
  const most = Math.max(...Object.values(probabilities));
  for (const [label, probability] of Object.entries(probabilities)) {
    const row = list.appendChild(document.createElement("li"));
    row.dataset.expression = label;
    row.classList.toggle("most", probability === most);
    add(row, "span", "bar-label", label);
    add(row, "span", "gauge").appendChild(document.createElement("span")).style.transform = `scaleX(${probability})`;
    add(row, "span", "bar-share", percent(probability));
  }
  return list;
}

function add(parent, tag, name, text = "") {
  const element = document.createElement(tag);
  element.className = name;
  element.textContent = text;
  parent.append(element);
  return element;
}
