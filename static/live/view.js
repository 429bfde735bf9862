/** One camera's picture on the page: a stream where a connection is free, else stills; the last picture stays. */

import { Stills } from "./stills.js";
import { Stream } from "./stream.js";

/** Where pictures go: a new one stays hidden until its first picture is there; the last one is shown below it. */
export class Frame {
  #screen;
  #still;
  #onDrawn;

  /**
   * @param {object} options
   * @param {HTMLElement} options.screen where the picture goes
   * @param {HTMLCanvasElement} options.still keeps the last picture while there is none
   * @param {() => void} options.onDrawn called at the first picture of each connection
   */
  constructor({ screen, still, onDrawn }) {
    this.#screen = screen;
    this.#still = still;
    this.#onDrawn = onDrawn;
  }

  /** The last picture that was taken away. */
  get still() {
    return this.#still;
  }

  /** The picture's alternative text. */
  alt = "";

  /** @param {HTMLImageElement} image has no picture yet */
  put(image) {
    image.className = "picture";
    image.alt = this.alt;
    this.#screen.append(image);
  }

  /** @param {HTMLImageElement} image has its first picture */
  reveal(image) {
    image.classList.add("drawn");
    this.#onDrawn();
  }

  /** @param {HTMLImageElement} image is kept as it is now */
  keep(image) {
    const { naturalWidth: width, naturalHeight: height } = image;
    if (!width) return;
    if (this.#still.width !== width || this.#still.height !== height) {
      [this.#still.width, this.#still.height] = [width, height];
    }
    this.#still.getContext("2d").drawImage(image, 0, 0);
  }

  /** @param {HTMLImageElement} image goes; its last picture stays */
  take(image) {
    this.keep(image);
    image.removeAttribute("src");
    image.remove();
  }

  /** Forgets the last picture, for instance because the next one is another camera's. */
  clear() {
    this.#still.width = this.#still.height = 0;
  }
}

export class View {
  #frame;
  #stream;
  #stills;
  #open = null;
  #key = "";
  #camera = "";

  /** @param {{screen: HTMLElement, still: HTMLCanvasElement, onDrawn: () => void}} parts as for `Frame` */
  constructor(parts) {
    this.#frame = new Frame(parts);
    this.#stream = new Stream(this.#frame);
    this.#stills = new Stills(this.#frame);
  }

  /** Whether the wanted picture is shown. */
  get drawn() {
    return Boolean(this.#open?.drawn);
  }

  /** Whether the server answers but gives no stream. */
  get refused() {
    return Boolean(this.#open?.refused);
  }

  /** Whether it is a stream, into which the server draws what is wrong with the camera. */
  get streams() {
    return this.#open === this.#stream;
  }

  /** The picture that is shown, live or not; null for none. */
  get image() {
    const { still } = this.#frame;
    return this.#open?.image ?? (still.width ? still : null);
  }

  /**
   * Shows a camera; nothing happens where it is shown so already.
   * @param {string} camera
   * @param {Record<string, string>} query the view options
   * @param {boolean} streams whether there is a connection for a stream
   */
  show(camera, query, streams) {
    const key = JSON.stringify([camera, query, streams]);
    if (this.#open && key === this.#key) return;
    this.close();
    if (camera !== this.#camera) this.#frame.clear();
    this.#camera = camera;
    this.#key = key;
    this.#frame.alt = `Live picture of ${camera}, with a box and an expression on every face`;
    this.#open = streams ? this.#stream : this.#stills;
    this.#open.open(camera, query);
  }

  /** Frees the connection; the last picture stays. */
  close() {
    this.#open?.close();
    this.#open = null;
  }

  /** @param {string[]} ended ids of the connections that have ended lately */
  reopenEnded(ended) {
    this.#open?.reopenIfEnded(ended);
  }
}
