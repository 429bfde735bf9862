/** The time line: probabilities of a face, or the mean of all, over the last minutes, as stacked bands of colour. */

import { paintBands } from "../shared/bands.js";
import { MOMENTS, STEP } from "./history.js";
import { percent } from "../shared/texts.js";

/** Seconds that are shown: the first of these that holds all that is known, so that a new time line fills the width. */
const SPANS = [60, 120, MOMENTS * STEP];
const KEYS = { ArrowLeft: 1, ArrowRight: -1, ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 };
const SUMMARY_EVERY = 5000;
/** Faces in view above which their number is told: they are not seen at a glance. */
const MANY = 4;

export class Trace {
  #root;
  #plot;
  #canvas;
  #cursor;
  #history = null;
  #track = null;
  #count = 0;
  #back = null;
  #shown = "";
  #summarizedAt = -Infinity;

  /**
   * @param {HTMLElement} root as in panel.html
   * @param {{onAll: () => void}} calls called when all faces are chosen instead of one
   */
  constructor(root, { onAll }) {
    this.#root = root;
    this.#plot = root.querySelector(".plot");
    this.#canvas = root.querySelector("canvas");
    this.#cursor = root.querySelector(".cursor");
    this.#find(".all").addEventListener("click", onAll);
    this.#plot.addEventListener("pointermove", (event) => this.#point(event));
    this.#plot.addEventListener("pointerdown", (event) => this.#point(event));
    for (const end of ["pointerleave", "pointercancel", "blur"]) this.#plot.addEventListener(end, () => this.#moveTo(null));
    this.#plot.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.#draw(true)).observe(this.#plot);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw(true));
  }

  #find(selector) {
    return this.#root.querySelector(selector);
  }

  /**
   * @param {import("./history.js").History} history is read again at each call
   * @param {number} count faces that are in view now
   */
  show(history, count) {
    this.#count = count;
    this.#showWhose();
    if (history !== this.#history) this.#summarizedAt = -Infinity;
    this.#history = history;
    this.#draw();
  }

  /** @param {number|null} track whose probabilities are shown; null for the mean of all */
  choose(track) {
    this.#track = track;
    this.#showWhose();
    this.#find(".all").hidden = track === null;
    this.#summarizedAt = -Infinity;
    this.#draw(true);
  }

  #showWhose() {
    const all = this.#count > MANY ? `All faces, ${this.#count} in view` : "All faces";
    write(this.#find(".whose"), this.#track === null ? all : "The chosen face");
  }

  get #span() {
    return SPANS.find((span) => this.#history.length < span) ?? SPANS.at(-1);
  }

  #point({ clientX }) {
    const { left, width } = this.#plot.getBoundingClientRect();
    const share = Math.min(Math.max((clientX - left) / width, 0), 1);
    if (this.#history) this.#moveTo((1 - share) * (this.#span - STEP));
  }

  #key(event) {
    if (!this.#history) return;
    if (event.key === "Escape") return this.#moveTo(null);
    const ends = { Home: this.#history.length, End: 0 };
    const target = ends[event.key] ?? (this.#back ?? 0) + KEYS[event.key];
    if (Number.isNaN(target)) return;
    event.preventDefault();
    this.#moveTo(Math.min(Math.max(target, 0), this.#span - STEP));
  }

  /** Moves the cursor to a moment, in seconds before the newest; null for the newest itself. */
  #moveTo(back) {
    this.#back = back;
    this.#showValues();
  }

  #draw(anew = false) {
    if (!this.#history) return;
    const { clientWidth } = this.#plot;
    const state = `${this.#history.newest} ${this.#history.length} ${clientWidth}`;
    if (clientWidth && (anew || state !== this.#shown)) {
      this.#shown = state;
      paintBands(this.#canvas, this.#moments(), this.#history.labels);
      this.#find(".from").textContent = `${this.#span / 60} min ago`;
    }
    this.#showValues();
    this.#summarize();
  }

  /** What was read at each moment that is shown, the oldest first. */
  #moments() {
    const count = this.#span / STEP;
    const first = this.#history.newest - count + 1;
    return Array.from({ length: count }, (_, place) => this.#history.at(this.#track, first + place));
  }

  /** Shows the values at the cursor in the legend, whose entries keep their places. */
  #showValues() {
    if (!this.#history) return;
    const back = this.#back ?? 0;
    const moment = (this.#history.newest ?? 0) - Math.round(back / STEP);
    const row = this.#history.at(this.#track, moment);
    const time = this.#back === null ? "Now" : new Date(moment * STEP * 1000).toLocaleTimeString();
    this.#cursor.hidden = this.#back === null;
    this.#cursor.style.left = `${100 * (1 - (back + STEP / 2) / this.#span)}%`;
    write(this.#find(".when"), row || this.#history.newest === null ? time : `${time}, no face`);
    this.#fillLegend(row);
    this.#plot.setAttribute("aria-valuemin", -this.#span);
    this.#plot.setAttribute("aria-valuenow", -Math.round(back));
    if (this.#back !== null) this.#plot.setAttribute("aria-valuetext", spoken(time, row, this.#history.labels));
  }

  #fillLegend(row) {
    const { labels } = this.#history;
    const legend = this.#find(".legend");
    const known = [...legend.children].map(({ dataset }) => dataset.expression);
    if (!labels.length) return;
    if (String(known) !== String(labels)) legend.replaceChildren(...labels.map(entry));
    [...legend.children].forEach((place, index) => {
      write(place.querySelector(".legend-share"), row ? percent(row[index]) : "–");
    });
  }

  /** A sentence that sums up the picture, for screen readers. */
  #summarize() {
    const now = performance.now();
    if (now - this.#summarizedAt < SUMMARY_EVERY) return;
    const rows = this.#moments();
    const read = rows.filter(Boolean);
    this.#summarizedAt = read.length ? now : -Infinity; // the first face is summed up at once
    const known = rows.length - Math.max(rows.findIndex(Boolean), 0);
    const means = this.#history.labels.map((label, place) => [mean(read, place), label]);
    const first = means.sort((a, b) => b[0] - a[0]).slice(0, 2);
    const said = first.map(([share, label]) => `${label} ${percent(share)}`).join(", ");
    const missing = Math.round((known - read.length) * STEP);
    const gap = missing >= 5 ? `; no face for ${missing} s` : "";
    write(this.#find(".summary"), read.length ? `On average ${said}${gap}` : "No face so far");
  }
}

function mean(rows, place) {
  return rows.reduce((sum, row) => sum + row[place], 0) / rows.length;
}

function spoken(time, row, labels) {
  if (!row) return `${time}, no face`;
  const ordered = labels.map((label, place) => [row[place], label]).sort((a, b) => b[0] - a[0]);
  return `${time}, ${ordered.slice(0, 3).map(([share, label]) => `${label} ${percent(share)}`).join(", ")}`;
}

function entry(label) {
  const item = document.createElement("li");
  item.dataset.expression = label;
  item.append(label, " ", Object.assign(document.createElement("span"), { className: "legend-share" }));
  return item;
}

/** Leaves equal text alone, so that screen readers are not disturbed. */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
