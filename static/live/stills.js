/** A picture that is fetched again and again, where all connections that may last are taken. */

const PAUSE = 300;
const PAUSE_AFTER_FAILURE = 2000;

export class Stills {
  #frame;
  #image = null;
  #address = "";
  #timer = 0;

  /** Nothing was refused: each picture is asked for anew. */
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
   * @param {Record<string, string>} query what the server is asked for; a rate makes no sense here
   */
  open(camera, query) {
    this.close();
    const { fps, ...look } = query;
    this.#address = `snapshot.jpg?${new URLSearchParams({ camera, ...look })}`;
    const image = new Image();
    image.addEventListener("load", () => image === this.#image && this.#show());
    image.addEventListener("error", () => image === this.#image && this.#next(PAUSE_AFTER_FAILURE));
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
  follow() {}

  #show() {
    if (!this.drawn) {
      this.drawn = true;
      this.#frame.reveal(this.#image);
    }
    this.#next(PAUSE);
  }

  #next(pause) {
    this.#timer = setTimeout(() => this.#fetch(), pause);
  }

  #fetch() {
    this.#image.src = `${this.#address}&at=${Date.now()}`;
  }
}
