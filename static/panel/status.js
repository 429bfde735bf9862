/** How it stands, in words: in the header, over the picture, and where faces lack. */

const connection = document.getElementById("connection");

/**
 * Shows a situation in the header.
 * @param {string} situation such as "live"
 * @param {string} word
 */
export function showWord(situation, word) {
  connection.dataset.state = situation;
  // Equal text is left alone: a screen reader would say it again.
  if (connection.textContent !== word) connection.textContent = word;
}

/**
 * Writes title and text over the picture.
 * @param {HTMLElement} note holds a `.veil-title` and a `.veil-text`
 * @param {{title: string, text: string}} words
 */
export function showNote(note, { title, text }) {
  note.querySelector(".veil-title").textContent = title;
  note.querySelector(".veil-text").textContent = text;
}

/**
 * Gives the page the picture's shape.
 * @param {number} width
 * @param {number} height 0 where it is not known yet
 */
export function showShape(width, height) {
  if (width && height) document.documentElement.style.setProperty("--ratio", width / height);
}
