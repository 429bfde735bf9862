/** A picture that is fetched again and again, where no connection is free for a stream. */

const INTERVAL = 300;
const RETRY_DELAY = 2000;

export class Stills {
  #frame;
  #image = null;
  #address = "";
  #timer = 0;

  /** Never refused: each picture is a request of its own. */
  refused = false;
  drawn = false;

  /** @param {import("./view.js").Frame} frame where the picture goes */
  constructor(frame) {
    this.#frame = frame;
  }

  /** The picture as the page has it; null while there is none. */
  get image() {
    return this.drawn ? this.#image : null;
  }

  /**
   * Begins to fetch; each picture stays until the next one has come.
   * @param {string} camera
   * @param {Record<string, string>} query the view options; a frame rate makes no sense here
   */
  open(camera, query) {
    this.close();
    const { fps, ...options } = query;
    this.#address = `snapshot.jpg?${new URLSearchParams({ camera, ...options })}`;
    const image = new Image();
    image.addEventListener("load", () => image === this.#image && this.#show());
    image.addEventListener("error", () => image === this.#image && this.#next(RETRY_DELAY));
    this.#image = image;
    this.#frame.put(image);
    this.#fetch();
  }

  /** Fetches no more; the last picture stays in the frame. */
  close() {
    clearTimeout(this.#timer);
    if (this.#image) this.#frame.take(this.#image);
    this.#image = null;
    this.drawn = false;
  }

  /** There is no connection that could have ended. */
  reopenIfEnded() {}

  #show() {
    if (!this.drawn) {
      this.drawn = true;
      this.#frame.reveal(this.#image);
    }
    this.#next(INTERVAL);
  }

  #next(pause) {
    this.#timer = setTimeout(() => this.#fetch(), pause);
  }

  #fetch() {
    this.#image.src = `${this.#address}&at=${Date.now()}`;
  }
}
