/** This visitor's view options: kept by the browser, sent to the server with every request. */

const STORAGE_KEY = "look";
export const SMOOTHINGS = [0, 0.2, 0.4, 0.8, 1.6, 3];
const PRIVACIES = ["off", "blur", "emoji"];
const VALID = {
  bars: (value) => typeof value === "boolean",
  mirror: (value) => typeof value === "boolean",
  privacy: (value) => PRIVACIES.includes(value),
  threshold: (value) => value >= 0 && value <= 1,
  smoothing: (value) => SMOOTHINGS.includes(value),
};
/** Tabs share one event stream, whose probabilities have one smoothing, so they share these options as well. */
const SHARED = ["threshold", "smoothing"];

export class ViewOptions {
  #defaults;
  #onChange;
  #chosen;

  /**
   * @param {object} defaults the server's own options; its privacy is the least that may be chosen
   * @param {() => void} onChange called when the visitor has changed something
   */
  constructor(defaults, onChange) {
    this.#defaults = { mirror: false, ...defaults };
    this.#onChange = onChange;
    this.#chosen = stored();
    addEventListener("storage", ({ key }) => key === STORAGE_KEY && this.#takeOver());
  }

  get bars() {
    return this.#value("bars");
  }

  get mirror() {
    return this.#value("mirror");
  }

  get threshold() {
    return this.#value("threshold");
  }

  get smoothing() {
    return this.#value("smoothing");
  }

  get privacy() {
    const chosen = this.#value("privacy");
    return this.privacies.includes(chosen) ? chosen : this.privacies[0];
  }

  /** The kinds of privacy that may be chosen. */
  get privacies() {
    return PRIVACIES.slice(PRIVACIES.indexOf(this.#defaults.privacy));
  }

  /**
   * Changes some options; those that equal the server's own are no longer stored.
   * @param {object} changes such as {bars: true}
   */
  set(changes) {
    for (const [name, value] of Object.entries(changes)) {
      if (value === this.#defaults[name]) delete this.#chosen[name];
      else this.#chosen[name] = value;
    }
    try {
      localStorage.setItem(STORAGE_KEY, JSON.stringify(this.#chosen));
    } catch {
      // Without local storage the options last until the page is left.
    }
    this.#onChange();
  }

  /** Sets the sliders back to the server's values. */
  reset() {
    this.set({ threshold: this.#defaults.threshold, smoothing: this.#defaults.smoothing });
  }

  /** The chosen options as parameters of a request. */
  get query() {
    const flags = { bars: Number, mirror: Number };
    return Object.fromEntries(
      Object.entries(this.#chosen).map(([name, value]) => [name, String(flags[name]?.(value) ?? value)]),
    );
  }

  #value(name) {
    return this.#chosen[name] ?? this.#defaults[name];
  }

  #takeOver() {
    const other = stored();
    if (SHARED.every((name) => other[name] === this.#chosen[name])) return;
    for (const name of SHARED) {
      if (name in other) this.#chosen[name] = other[name];
      else delete this.#chosen[name];
    }
    this.#onChange();
  }
}

function stored() {
  try {
    const known = Object.entries(JSON.parse(localStorage.getItem(STORAGE_KEY)) ?? {});
    return Object.fromEntries(known.filter(([name, value]) => VALID[name]?.(value)));
  } catch {
    return {};
  }
}
