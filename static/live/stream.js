/** A live picture: one MJPEG connection at a time, opened again when it ends. */

/** Milliseconds before the next attempt; the last value stays. */
const RETRY_DELAYS = [0, 500, 1000, 2000, 4000, 5000];
/** A connection that has shown nothing for this long never will. */
const FIRST_PICTURE_TIMEOUT = 8000;
/** After so many failures in a row the server counts as refusing. */
const REFUSED_AFTER = 3;
/** A connection that has lasted this long resets the count of failures. */
const STABLE_AFTER = 5000;
const POLL_EVERY = 50;
const KEEP_EVERY = 500;

export class Stream {
  #frame;
  #image = null;
  #address = "";
  #openedAt = 0;
  #failures = 0;
  #timer = 0;
  #viewer = "";

  /** Whether this connection has shown a picture. */
  drawn = false;

  /** @param {import("./view.js").Frame} frame where the picture goes */
  constructor(frame) {
    this.#frame = frame;
  }

  /** Whether the server answers but has begun no stream several times. */
  get refused() {
    return this.#failures >= REFUSED_AFTER;
  }

  /** The picture as the page has it; null while there is none. */
  get image() {
    return this.drawn ? this.#image : null;
  }

  /**
   * Opens a new connection and closes the one before.
   * @param {string} camera
   * @param {Record<string, string>} query the view options, such as {width: 640, fps: 15}
   */
  open(camera, query) {
    this.#failures = 0;
    this.#address = `video_feed?${new URLSearchParams({ camera, ...query })}`;
    this.#open();
  }

  /** Frees the connection; its last picture stays in the frame. */
  close() {
    clearTimeout(this.#timer);
    if (this.#image) this.#frame.take(this.#image);
    this.#image = null;
    this.#viewer = "";
    this.drawn = false;
  }

  /**
   * Opens another connection when this one has ended, which an `<img>` does not report.
   * @param {string[]} ended ids of the connections that have ended lately
   */
  reopenIfEnded(ended) {
    if (!this.#image) return;
    const age = performance.now() - this.#openedAt;
    if (ended.includes(this.#viewer) || (!this.drawn && age > FIRST_PICTURE_TIMEOUT)) this.#retry();
    else if (this.drawn && age > STABLE_AFTER) this.#failures = 0;
  }

  #open() {
    this.close();
    this.#viewer = newId();
    this.#openedAt = performance.now();
    const image = new Image();
    image.addEventListener("error", () => image === this.#image && this.#retry());
    // A new address for every connection, so that no cache answers with the one that has ended.
    image.src = `${this.#address}&viewer=${this.#viewer}`;
    this.#image = image;
    this.#frame.put(image);
    this.#watch(image);
  }

  #retry() {
    this.close();
    const pause = RETRY_DELAYS[Math.min(this.#failures, RETRY_DELAYS.length - 1)];
    this.#failures += 1;
    this.#timer = setTimeout(() => this.#open(), pause);
  }

  /**
   * Browsers differ in when they fire `load` for a stream, but all know its size with the first picture. A connection
   * that breaks off, or a part that is no picture, takes it away again without an event: the page must have kept it.
   */
  #watch(image) {
    if (image !== this.#image) return;
    const there = image.naturalWidth > 0;
    if (this.drawn && !there) return this.#retry();
    if (this.drawn) this.#frame.keep(image);
    if (there && !this.drawn) {
      this.drawn = true;
      this.#frame.reveal(image);
    }
    this.#timer = setTimeout(() => this.#watch(image), this.drawn ? KEEP_EVERY : POLL_EVERY);
  }
}

/** `crypto.randomUUID` is absent on plain http from another machine, `getRandomValues` is not. */
function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
