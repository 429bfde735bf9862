/** How this visitor wants the pictures to look: kept by the browser, told to the server with every request. */

const MEMORY = "look";
export const SMOOTHINGS = [0, 0.2, 0.4, 0.8, 1.6, 3];
const PRIVACIES = ["off", "blur", "emoji"];
const VALID = {
  bars: (value) => typeof value === "boolean",
  mirror: (value) => typeof value === "boolean",
  privacy: (value) => PRIVACIES.includes(value),
  threshold: (value) => value >= 0 && value <= 1,
  smoothing: (value) => SMOOTHINGS.includes(value),
};
/** Tabs share one event stream, whose probabilities are smoothed in one way, so they share this wish as well. */
const SHARED = ["threshold", "smoothing"];

export class Look {
  #usual;
  #onChange;
  #own;

  /**
   * @param {object} usual the server's own look, which is also the least privacy that it gives
   * @param {() => void} onChange called when the visitor has changed something
   */
  constructor(usual, onChange) {
    this.#usual = { mirror: false, ...usual };
    this.#onChange = onChange;
    this.#own = remembered();
    addEventListener("storage", ({ key }) => key === MEMORY && this.#adopt());
  }

  get bars() {
    return this.#of("bars");
  }

  get mirror() {
    return this.#of("mirror");
  }

  get threshold() {
    return this.#of("threshold");
  }

  get smoothing() {
    return this.#of("smoothing");
  }

  get privacy() {
    const wish = this.#of("privacy");
    return this.privacies.includes(wish) ? wish : this.privacies[0];
  }

  /** The kinds of privacy that may be chosen. */
  get privacies() {
    return PRIVACIES.slice(PRIVACIES.indexOf(this.#usual.privacy));
  }

  /**
   * Changes some wishes; those that equal the server's own are forgotten.
   * @param {object} wishes such as {bars: true}
   */
  set(wishes) {
    for (const [name, value] of Object.entries(wishes)) {
      if (value === this.#usual[name]) delete this.#own[name];
      else this.#own[name] = value;
    }
    try {
      localStorage.setItem(MEMORY, JSON.stringify(this.#own));
    } catch {
      // A browser that keeps nothing keeps this until the page is left.
    }
    this.#onChange();
  }

  /** Takes the sliders back to where the server has them. */
  reset() {
    this.set({ threshold: this.#usual.threshold, smoothing: this.#usual.smoothing });
  }

  /** The wishes as parameters of a request. */
  get query() {
    const flags = { bars: Number, mirror: Number };
    return Object.fromEntries(
      Object.entries(this.#own).map(([name, value]) => [name, String(flags[name]?.(value) ?? value)]),
    );
  }

  #of(name) {
    return this.#own[name] ?? this.#usual[name];
  }

  #adopt() {
    const theirs = remembered();
    if (SHARED.every((name) => theirs[name] === this.#own[name])) return;
    for (const name of SHARED) {
      if (name in theirs) this.#own[name] = theirs[name];
      else delete this.#own[name];
    }
    this.#onChange();
  }
}

function remembered() {
  try {
    const known = Object.entries(JSON.parse(localStorage.getItem(MEMORY)) ?? {});
    return Object.fromEntries(known.filter(([name, value]) => VALID[name]?.(value)));
  } catch {
    return {};
  }
}
