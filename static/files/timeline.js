/** The expressions of a whole video as a band of colours; a click jumps to its moment. */

import { paintBands } from "../shared/bands.js";
import { clock, percent } from "../shared/texts.js";

const STEP = 1;
const LEAP = 5;

export class TimeLine {
  #root;
  #canvas;
  #head;
  #tip;
  #onJump;
  #line = null;

  /**
   * @param {HTMLElement} root holds a canvas, a `.head` and a `.tip`
   * @param {(seconds: number) => void} onJump called when a moment is chosen
   */
  constructor(root, onJump) {
    this.#root = root;
    this.#onJump = onJump;
    this.#canvas = root.querySelector("canvas");
    this.#head = root.querySelector(".head");
    this.#tip = root.querySelector(".tip");
    root.addEventListener("click", (event) => this.#jump(this.#secondsAt(event)));
    root.addEventListener("pointermove", (event) => this.#hint(event));
    root.addEventListener("pointerleave", () => (this.#tip.hidden = true));
    root.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.#draw()).observe(root);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
  }

  /** @param {{duration: number, step: number, labels: string[], mean: (number[]|null)[]}} line from the server */
  show(line) {
    this.#line = line;
    this.#root.setAttribute("aria-valuemax", Math.round(line.duration));
    this.#draw();
    this.moveTo(0);
  }

  /** @param {number} seconds where the video is */
  moveTo(seconds) {
    if (!this.#line) return;
    this.seconds = seconds;
    this.#head.style.left = `${(100 * seconds) / this.#line.duration}%`;
    this.#root.setAttribute("aria-valuenow", Math.round(seconds));
    this.#root.setAttribute("aria-valuetext", this.#words(seconds));
  }

  #secondsAt(event) {
    const { left, width } = this.#root.getBoundingClientRect();
    const share = Math.min(Math.max((event.clientX - left) / width, 0), 1);
    return share * (this.#line?.duration ?? 0);
  }

  #jump(seconds) {
    if (!this.#line) return;
    const moment = Math.min(Math.max(seconds, 0), this.#line.duration);
    this.moveTo(moment);
    this.#onJump(moment);
  }

  #key(event) {
    const ways = { ArrowRight: STEP, ArrowLeft: -STEP, PageUp: LEAP, PageDown: -LEAP };
    const ends = { Home: 0, End: this.#line?.duration ?? 0 };
    if (!(event.key in ways) && !(event.key in ends)) return;
    event.preventDefault();
    this.#jump(ends[event.key] ?? this.seconds + ways[event.key]);
  }

  #hint(event) {
    if (!this.#line) return;
    const seconds = this.#secondsAt(event);
    this.#tip.hidden = false;
    this.#tip.textContent = this.#words(seconds);
    const share = seconds / this.#line.duration;
    this.#tip.style.left = `${100 * share}%`;
    this.#tip.style.transform = `translateX(${-100 * share}%)`;
  }

  #words(seconds) {
    const { mean, step, labels } = this.#line;
    const row = mean[Math.min(Math.floor(seconds / step), mean.length - 1)];
    if (!row) return `${clock(seconds)}, no face`;
    const ordered = row.map((share, place) => [share, labels[place]]).sort((a, b) => b[0] - a[0]);
    return `${clock(seconds)}, ${ordered.slice(0, 2).map(([share, label]) => `${label} ${percent(share)}`).join(", ")}`;
  }

  #draw() {
    if (this.#line) paintBands(this.#canvas, this.#line.mean, this.#line.labels);
  }
}
