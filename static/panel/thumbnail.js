/** A face cut from the picture that the browser has already: what is hidden there is hidden here too. */

const EVERY = 1000;
/** Share of the box left out at each side, where the server has drawn its frame. */
const INSET = 0.03;

export class Thumbnail {
  #canvas;
  #drawnAt = -Infinity;
  #image = null;

  /** @param {HTMLCanvasElement} canvas a square */
  constructor(canvas) {
    this.#canvas = canvas;
  }

  /**
   * Draws the face, at most once a second, and at once where it is cut from another picture.
   * @param {{x: number, y: number, width: number, height: number}} box
   * @param {{image: CanvasImageSource|null, width: number, flipped: boolean}} picture as for `Cards.show`
   */
  show(box, { image, width, flipped }) {
    const now = performance.now();
    if (!image || (image === this.#image && now - this.#drawnAt < EVERY)) return;
    this.#image = image;
    this.#drawnAt = now;
    const scale = (image.naturalWidth || image.videoWidth || image.width) / width;
    const side = Math.min(box.width, box.height) * (1 - 2 * INSET);
    const left = (box.x + (box.width - side) / 2) * scale;
    const top = (box.y + (box.height - side) / 2) * scale;
    const pen = this.#canvas.getContext("2d");
    const { width: size } = this.#canvas;
    pen.setTransform(flipped ? -1 : 1, 0, 0, 1, flipped ? size : 0, 0);
    pen.clearRect(0, 0, size, size);
    pen.drawImage(image, left, top, side * scale, side * scale, 0, 0, size, size);
  }
}
