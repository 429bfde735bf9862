/** The page's status in words: in the header and over the picture. */

const connection = document.getElementById("connection");

/**
 * Shows the status in the header.
 * @param {string} status such as "live"
 * @param {string} word
 */
export function showHeaderStatus(status, word) {
  connection.dataset.state = status;
  // Equal text is left alone: a screen reader would say it again.
  if (connection.textContent !== word) connection.textContent = word;
}

/**
 * Writes title and text over the picture.
 * @param {HTMLElement} overlay holds a `.veil-title` and a `.veil-text`
 * @param {{title: string, text: string}} words
 */
export function showOverlay(overlay, { title, text }) {
  overlay.querySelector(".veil-title").textContent = title;
  overlay.querySelector(".veil-text").textContent = text;
}

/**
 * Gives the page the picture's aspect ratio.
 * @param {number} width
 * @param {number} height 0 where it is not known yet
 */
export function setAspectRatio(width, height) {
  if (width && height) document.documentElement.style.setProperty("--ratio", width / height);
}
