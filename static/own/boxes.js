/** Boxes, expressions and probabilities, drawn over the local picture. */

import { adjective, percent } from "../shared/texts.js";

/** How much smaller lines and letters get on a phone. */
const SMALLEST = 0.8;
const LINE = 2.5;
const LETTERS = 14;
const PADDING = 6;
const ROW = 17;
const PLATE = "rgb(12 18 16 / 84%)";
const INK = "#fff";
const FAINT = "rgb(255 255 255 / 22%)";
const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif';

export class Boxes {
  #canvas;
  #pen;
  #styles = getComputedStyle(document.documentElement);
  #answer = null;
  #options = {};

  /** @param {HTMLCanvasElement} canvas lies over the picture, which is shown whole in it */
  constructor(canvas) {
    this.#canvas = canvas;
    this.#pen = canvas.getContext("2d");
    new ResizeObserver(() => this.#draw()).observe(canvas);
  }

  /**
   * Draws an answer's faces in place of the ones before.
   * @param {object|null} answer the server's; null for nothing
   * @param {object} [options]
   * @param {number} [options.threshold] probability below which an expression is called unsure
   * @param {boolean} [options.mirrored] whether the picture is shown as in a mirror
   * @param {boolean} [options.bars] whether all probabilities are drawn
   */
  show(answer, options = {}) {
    this.#answer = answer;
    this.#options = options;
    this.#draw();
  }

  /**
   * Draws the same faces onto another canvas, in pixels of the picture.
   * @param {CanvasRenderingContext2D} pen
   * @param {number} width of the canvas
   * @param {number} height
   */
  drawOnto(pen, width, height) {
    if (this.#answer) this.#faces(pen, width, height, Math.max(1, height / 540));
  }

  #draw() {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const dense = window.devicePixelRatio || 1;
    const size = [Math.round(width * dense), Math.round(height * dense)];
    if (this.#canvas.width !== size[0] || this.#canvas.height !== size[1]) {
      [this.#canvas.width, this.#canvas.height] = size;
    }
    this.#pen.setTransform(dense, 0, 0, dense, 0, 0);
    this.#pen.clearRect(0, 0, width, height);
    if (this.#answer && width) this.#faces(this.#pen, width, height, Math.min(1, Math.max(SMALLEST, height / 400)));
  }

  /** `unit` is how large a line and a letter are drawn. */
  #faces(pen, width, height, unit) {
    const scale = Math.min(width / this.#answer.width, height / this.#answer.height);
    const left = (width - this.#answer.width * scale) / 2;
    const top = (height - this.#answer.height * scale) / 2;
    for (const face of this.#answer.faces) {
      const x = this.#options.mirrored ? this.#answer.width - face.box.x - face.box.width : face.box.x;
      const place = {
        x: left + x * scale,
        y: top + face.box.y * scale,
        width: face.box.width * scale,
        height: face.box.height * scale,
      };
      pen.globalAlpha = face.fade ?? 1;
      this.#face(pen, face, place, { width, height }, unit);
      pen.globalAlpha = 1;
    }
  }

  #face(pen, face, place, room, unit) {
    const sure = Boolean(face.expression) && face.confidence >= (this.#options.threshold ?? 0);
    const hue = sure ? this.#hue(face.expression) : this.#colour("--edge");
    for (const [colour, line] of [["rgb(0 0 0 / 45%)", LINE + 2], [hue, LINE]]) {
      pen.strokeStyle = colour;
      pen.lineWidth = line * unit;
      pen.beginPath();
      pen.roundRect(place.x, place.y, place.width, place.height, 8 * unit);
      pen.stroke();
    }
    if (!face.expression) return;
    const word = sure ? adjective(face.expression) : "unsure";
    const bottom = this.#label(pen, `${word} ${percent(face.confidence)}`, hue, place, room, unit);
    if (this.#options.bars) this.#bars(pen, face, place, bottom, room, unit);
  }

  /** The words above a face, or inside it where there is no room above; returns where the plate ends. */
  #label(pen, text, hue, place, room, unit) {
    pen.font = `600 ${LETTERS * unit}px ${FONT}`;
    pen.textBaseline = "middle";
    const width = pen.measureText(text).width + (2 * PADDING + 8) * unit;
    const height = (LETTERS + PADDING + 4) * unit;
    const x = Math.max(0, Math.min(place.x - unit, room.width - width));
    const y = Math.max(0, place.y - height - 4 * unit);
    plate(pen, x, y, width, height, unit);
    pen.fillStyle = hue;
    pen.fillRect(x + PADDING * unit, y + height * 0.25, 4 * unit, height * 0.5);
    pen.fillStyle = INK;
    pen.fillText(text, x + (PADDING + 8) * unit, y + height / 2 + unit / 2);
    return y + height;
  }

  /** All probabilities, below the face, or above it where there is no room below. */
  #bars(pen, face, place, labelled, room, unit) {
    const entries = Object.entries(face.probabilities);
    pen.font = `500 ${(LETTERS - 3) * unit}px ${FONT}`;
    const names = Math.max(...entries.map(([label]) => pen.measureText(label).width));
    const width = Math.max(place.width, names + 90 * unit);
    const height = (entries.length * ROW + 2 * PADDING) * unit;
    const x = Math.max(0, Math.min(place.x, room.width - width));
    const below = place.y + place.height + 6 * unit;
    const y = below + height <= room.height ? below : Math.max(labelled, room.height - height);
    plate(pen, x, y, width, height, unit);
    const start = x + names + 2 * PADDING * unit;
    const longest = x + width - PADDING * unit - start;
    entries.forEach(([label, probability], row) => {
      const middle = y + (PADDING + (row + 0.5) * ROW) * unit;
      pen.fillStyle = INK;
      pen.fillText(label, x + PADDING * unit, middle + unit / 2);
      pen.fillStyle = FAINT;
      pen.fillRect(start, middle - 3 * unit, longest, 6 * unit);
      pen.fillStyle = this.#hue(label);
      pen.fillRect(start, middle - 3 * unit, longest * probability, 6 * unit);
    });
  }

  #hue(label) {
    return this.#colour(`--${label}`) || this.#colour("--accent");
  }

  #colour(name) {
    return this.#styles.getPropertyValue(name).trim();
  }
}

function plate(pen, x, y, width, height, unit) {
  pen.fillStyle = PLATE;
  pen.beginPath();
  pen.roundRect(x, y, width, height, 5 * unit);
  pen.fill();
}
