/** A picture that is fetched again and again, where there are more cameras than a browser opens streams at a time. */

const PAUSE = 400;
const PAUSE_AFTER_FAILURE = 2000;

export class Stills {
  #image = new Image();
  #width;
  #camera = "";
  #timer = 0;

  /** No stream, so there is no connection that the server could tell about. */
  viewer = "";

  /**
   * @param {object} options
   * @param {HTMLElement} options.screen where the picture goes
   * @param {{width: number}} options.wish what the server is asked for
   */
  constructor({ screen, wish }) {
    this.#width = wish.width;
    this.#image.className = "picture";
    this.#image.addEventListener("load", () => this.#next(PAUSE));
    this.#image.addEventListener("error", () => this.#next(PAUSE_AFTER_FAILURE));
    screen.append(this.#image);
  }

  /** Whether there is a picture. */
  get drawn() {
    return this.#image.classList.contains("drawn");
  }

  /**
   * Begins to fetch; the last picture stays until the next one has come.
   * @param {string} camera
   */
  open(camera) {
    this.#camera = camera;
    this.#image.alt = `Newest picture of ${camera}`;
    this.#fetch();
  }

  /** Fetches no more. */
  close() {
    clearTimeout(this.#timer);
    this.#camera = "";
  }

  /** There is no connection to judge. */
  judge() {}

  #next(pause) {
    this.#image.classList.toggle("drawn", this.#image.naturalWidth > 0);
    clearTimeout(this.#timer);
    if (this.#camera) this.#timer = setTimeout(() => this.#fetch(), pause);
  }

  #fetch() {
    clearTimeout(this.#timer);
    const address = `snapshot/${encodeURIComponent(this.#camera)}.jpg`;
    this.#image.src = `${address}?${new URLSearchParams({ width: this.#width, at: Date.now() })}`;
  }
}
