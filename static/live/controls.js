/** Buttons and sliders for the view options. */

import { SMOOTHINGS } from "./view-options.js";
import { percent, seconds } from "../shared/texts.js";

/** A slider that is dragged asks for a new picture only when it has stood still for so long. */
const SETTLE = 250;
const PRIVACY = {
  off: { word: "Privacy", message: "Faces are shown." },
  blur: { word: "Blurred", message: "Faces are made unrecognisable before your picture leaves the server." },
  emoji: { word: "Covered", message: "Faces are covered by drawn ones before your picture leaves the server." },
};

const element = (id) => document.getElementById(id);

export class Controls {
  #options;
  #toast;
  #timer = 0;

  /**
   * @param {import("./view-options.js").ViewOptions} options what they change
   * @param {(text: string) => void} toast
   */
  constructor(options, toast) {
    this.#options = options;
    this.#toast = toast;
    element("bars").addEventListener("click", () => this.toggleBars());
    element("mirror").addEventListener("click", () => this.toggleMirror());
    element("privacy").addEventListener("click", () => this.nextPrivacy());
    element("adjust").addEventListener("click", () => this.toggleSliders());
    element("adjust").setAttribute("aria-expanded", "false");
    element("adjust").setAttribute("aria-controls", "adjust-panel");
    element("threshold").addEventListener("input", () => this.#slide({ threshold: Number(element("threshold").value) }));
    element("smoothing").addEventListener("input", () => this.#slide({ smoothing: SMOOTHINGS[element("smoothing").value] }));
    element("reset").addEventListener("click", () => this.#options.reset());
    this.show();
  }

  toggleBars() {
    this.#options.set({ bars: !this.#options.bars });
  }

  toggleMirror() {
    this.#options.set({ mirror: !this.#options.mirror });
  }

  nextPrivacy() {
    const { privacies, privacy } = this.#options;
    const next = privacies[(privacies.indexOf(privacy) + 1) % privacies.length];
    this.#options.set({ privacy: next });
    this.#toast(next === privacy ? "Whoever runs this server has all faces covered." : PRIVACY[next].message);
  }

  toggleSliders() {
    const hidden = !element("adjust-panel").hidden;
    element("adjust-panel").hidden = hidden;
    element("adjust").setAttribute("aria-expanded", !hidden);
    if (!hidden) element("threshold").focus();
  }

  /** Shows the options as they are. */
  show() {
    const { bars, mirror, privacy, threshold, smoothing } = this.#options;
    element("bars").setAttribute("aria-pressed", bars);
    element("mirror").setAttribute("aria-pressed", mirror);
    element("privacy").setAttribute("aria-pressed", privacy !== "off");
    element("privacy").querySelector("span").textContent = PRIVACY[privacy].word;
    this.#showSliders(threshold, smoothing);
  }

  #slide(changes) {
    clearTimeout(this.#timer);
    this.#showSliders(changes.threshold ?? this.#options.threshold, changes.smoothing ?? this.#options.smoothing);
    this.#timer = setTimeout(() => this.#options.set(changes), SETTLE);
  }

  #showSliders(threshold, smoothing) {
    element("threshold").value = threshold;
    element("threshold-value").textContent = percent(threshold);
    element("threshold").setAttribute("aria-valuetext", percent(threshold));
    const place = SMOOTHINGS.findLastIndex((known) => known <= smoothing);
    element("smoothing").value = place;
    element("smoothing-value").textContent = smoothing ? seconds(smoothing) : "none";
    element("smoothing").setAttribute("aria-valuetext", smoothing ? seconds(smoothing) : "none");
  }
}
