/** Probabilities over time as bands of colour that always fill the height. */

/**
 * Paints rows of probabilities side by side, each as wide as the others; what has none stays empty.
 * @param {HTMLCanvasElement} canvas is given the pixels of the place that it takes
 * @param {(ArrayLike<number>|null)[]} rows the oldest first
 * @param {string[]} labels in the order of the rows
 */
export function paintBands(canvas, rows, labels) {
  const { clientWidth, clientHeight } = canvas;
  if (!clientWidth) return;
  canvas.width = clientWidth * devicePixelRatio;
  canvas.height = clientHeight * devicePixelRatio;
  const pen = canvas.getContext("2d");
  const { width, height } = canvas;
  const style = getComputedStyle(canvas);
  const colours = labels.map((label) => colour(style, label));
  rows.forEach((row, place) => {
    // Whole pixels, so that no ground shines through between two bands.
    const [left, right] = [place, place + 1].map((edge) => Math.round((edge * width) / rows.length));
    let top = 0;
    let sum = 0;
    row?.forEach((share, index) => {
      sum += share;
      const bottom = Math.round(Math.min(sum, 1) * height);
      pen.fillStyle = colours[index];
      pen.fillRect(left, top, right - left, bottom - top);
      top = bottom;
    });
  });
}

function colour(style, label) {
  return style.getPropertyValue(`--${label}`).trim() || style.getPropertyValue("--accent").trim();
}
