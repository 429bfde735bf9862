/** Buttons and sliders for how the picture looks. */

import { SMOOTHINGS } from "./view-options.js";
import { percent, seconds } from "../shared/texts.js";

/** A slider that is dragged asks for a new picture only where it rests for so long. */
const REST = 250;
const PRIVACY = {
  off: { word: "Privacy", told: "Faces are shown." },
  blur: { word: "Blurred", told: "Faces are made unrecognisable before your picture leaves the server." },
  emoji: { word: "Covered", told: "Faces are covered by drawn ones before your picture leaves the server." },
};

const element = (id) => document.getElementById(id);

export class Controls {
  #look;
  #toast;
  #timer = 0;

  /**
   * @param {import("./view-options.js").Look} look what they change
   * @param {(text: string) => void} toast
   */
  constructor(look, toast) {
    this.#look = look;
    this.#toast = toast;
    element("bars").addEventListener("click", () => this.toggleBars());
    element("mirror").addEventListener("click", () => this.toggleMirror());
    element("privacy").addEventListener("click", () => this.nextPrivacy());
    element("adjust").addEventListener("click", () => this.toggleSliders());
    element("adjust").setAttribute("aria-expanded", "false");
    element("adjust").setAttribute("aria-controls", "adjust-panel");
    element("threshold").addEventListener("input", () => this.#slide({ threshold: Number(element("threshold").value) }));
    element("smoothing").addEventListener("input", () => this.#slide({ smoothing: SMOOTHINGS[element("smoothing").value] }));
    element("reset").addEventListener("click", () => this.#look.reset());
    this.show();
  }

  toggleBars() {
    this.#look.set({ bars: !this.#look.bars });
  }

  toggleMirror() {
    this.#look.set({ mirror: !this.#look.mirror });
  }

  nextPrivacy() {
    const { privacies, privacy } = this.#look;
    const next = privacies[(privacies.indexOf(privacy) + 1) % privacies.length];
    this.#look.set({ privacy: next });
    this.#toast(next === privacy ? "Whoever runs this server has all faces covered." : PRIVACY[next].told);
  }

  toggleSliders() {
    const hidden = !element("adjust-panel").hidden;
    element("adjust-panel").hidden = hidden;
    element("adjust").setAttribute("aria-expanded", !hidden);
    if (!hidden) element("threshold").focus();
  }

  /** Shows the look as it is. */
  show() {
    const { bars, mirror, privacy, threshold, smoothing } = this.#look;
    element("bars").setAttribute("aria-pressed", bars);
    element("mirror").setAttribute("aria-pressed", mirror);
    element("privacy").setAttribute("aria-pressed", privacy !== "off");
    element("privacy").querySelector("span").textContent = PRIVACY[privacy].word;
    this.#showSliders(threshold, smoothing);
  }

  #slide(wishes) {
    clearTimeout(this.#timer);
    this.#showSliders(wishes.threshold ?? this.#look.threshold, wishes.smoothing ?? this.#look.smoothing);
    this.#timer = setTimeout(() => this.#look.set(wishes), REST);
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
