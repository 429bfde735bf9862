/** The live picture: one MJPEG connection at a time, its last picture kept when it ends, and taken up again. */

/** Pauses before the next attempt; the last one stays. */
const PAUSES = [0, 500, 1000, 2000, 4000, 5000];
/** The server's word on a connection younger than this may be older than the connection. */
const FRESH = 1000;
/** A connection that has not begun after this long never will. */
const PATIENCE = 4000;
/** So many failures one after another are no accident. */
const TOO_MANY = 3;
/** A connection that has lasted this long makes the earlier failures forgotten. */
const PROVEN = 5000;
const LOOK_AGAIN = 100;

export class Stream {
  #screen;
  #still;
  #onDrawn;
  #wish;
  #camera = "";
  #image = null;
  #openedAt = 0;
  #begun = false;
  #failures = 0;
  #timer = 0;

  /** Id of the connection, by which the server tells whether it still delivers; empty while none is open. */
  viewer = "";
  /** Whether this connection has shown a picture. */
  drawn = false;

  /**
   * @param {object} options
   * @param {HTMLElement} options.screen where the picture goes
   * @param {HTMLCanvasElement} options.still keeps the last picture while there is none
   * @param {() => void} options.onDrawn called at the first picture of each connection
   * @param {Record<string, number>} [options.wish] what the server is asked for, such as {width: 640, fps: 15}
   */
  constructor({ screen, still, onDrawn, wish = {} }) {
    this.#screen = screen;
    this.#still = still;
    this.#onDrawn = onDrawn;
    this.#wish = wish;
  }

  /** Whether the server answers but has begun no stream several times. */
  get refused() {
    return this.#failures >= TOO_MANY;
  }

  /**
   * Opens a new connection and closes the one before.
   * @param {string} camera
   */
  open(camera) {
    this.close();
    this.#camera = camera;
    this.viewer = newId();
    this.#openedAt = performance.now();
    const image = new Image();
    image.className = "picture";
    image.alt = `Live picture of ${camera}, with a box and an expression on every face`;
    image.addEventListener("error", () => image === this.#image && this.#retry());
    // A new address for every connection, so that no cache answers with the one that has ended.
    image.src = `video_feed?${new URLSearchParams({ camera, viewer: this.viewer, ...this.#wish })}`;
    this.#image = image;
    this.#screen.append(image);
    this.#awaitPicture(image);
  }

  /** Frees the connection; its last picture stays on the screen. */
  close() {
    clearTimeout(this.#timer);
    if (this.#image) {
      this.#keepStill();
      this.#image.removeAttribute("src");
      this.#image.remove();
    }
    this.#image = null;
    this.viewer = "";
    this.drawn = false;
    this.#begun = false;
  }

  /** Forgets the last picture, for instance because the next one is another camera's. */
  clear() {
    this.#still.width = this.#still.height = 0;
  }

  /**
   * Takes the server's word on this connection and opens another when it has ended: an `<img>` does not tell.
   * @param {boolean} delivering
   */
  judge(delivering) {
    if (!this.#image) return;
    const age = performance.now() - this.#openedAt;
    const ended = !delivering && (this.#begun || age > (this.drawn ? FRESH : PATIENCE));
    // A part that is no picture breaks the image for good, while the server goes on sending.
    const broken = this.drawn && !this.#image.naturalWidth;
    this.#begun ||= delivering;
    if (ended || broken) this.#retry();
    else if (this.drawn && age > PROVEN) this.#failures = 0;
  }

  #retry() {
    this.close();
    const pause = PAUSES[Math.min(this.#failures, PAUSES.length - 1)];
    this.#failures += 1;
    this.#timer = setTimeout(() => this.open(this.#camera), pause);
  }

  /** Browsers differ in when they fire `load` for a stream, but all know its size with the first picture. */
  #awaitPicture(image) {
    if (image !== this.#image) return;
    if (image.naturalWidth) {
      this.drawn = true;
      image.classList.add("drawn");
      this.#onDrawn();
    } else {
      this.#timer = setTimeout(() => this.#awaitPicture(image), LOOK_AGAIN);
    }
  }

  #keepStill() {
    const image = this.#image;
    if (!image.naturalWidth) return;
    this.#still.width = image.naturalWidth;
    this.#still.height = image.naturalHeight;
    this.#still.getContext("2d").drawImage(image, 0, 0);
  }
}

/** `crypto.randomUUID` is absent on plain http from another machine, `getRandomValues` is not. */
function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
