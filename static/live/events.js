/** What the server tells several times a second, heard through the exchange that all tabs of the browser share. */

import { Exchange } from "./event-hub.js";

const BEAT = 2000;
/** A worker that has not answered after this long never will. */
const PATIENCE = 5000;

export class Events {
  #port = null;
  #wish = { cameras: [], smoothing: "", streams: 0 };
  #hear;
  #answered = false;
  #timer = 0;

  /**
   * @param {object} options
   * @param {(state: object) => void} options.onState what the server tells
   * @param {(why: {locked?: boolean}) => void} options.onLost called again and again while the server cannot be heard
   * @param {(streams: number) => void} options.onGranted how many streams this tab may open
   */
  constructor({ onState, onLost, onGranted }) {
    this.#hear = ({ data }) => {
      this.#answered = true;
      if ("granted" in data) onGranted(data.granted);
      else if (data.lost) onLost(data.lost);
      else onState(data.state);
    };
    this.#join();
    setInterval(() => this.#wish.cameras.length && this.#port.postMessage(this.#wish), BEAT);
  }

  /**
   * Says what this tab shows; without cameras it rests.
   * @param {{cameras: string[], smoothing: string, streams: number}} wish `streams` is how many it would open
   */
  wish(wish) {
    this.#wish = wish;
    this.#port.postMessage(wish);
    if (wish.cameras.length && !this.#answered) this.#timer ||= setTimeout(() => this.#joinAlone(), PATIENCE);
  }

  #join() {
    try {
      const worker = new SharedWorker(new URL("events-worker.js", import.meta.url), { type: "module", name: "events" });
      worker.addEventListener("error", () => this.#joinAlone());
      this.#use(worker.port);
    } catch {
      this.#joinAlone(); // this browser has none, or allows none
    }
  }

  /** An exchange of this tab's own, where tabs cannot share one. */
  #joinAlone() {
    if (this.#answered) return;
    this.#answered = true;
    const { port1, port2 } = new MessageChannel();
    new Exchange().join(port1);
    this.#use(port2);
    this.wish(this.#wish);
  }

  #use(port) {
    this.#port?.close();
    this.#port = port;
    port.addEventListener("message", this.#hear);
    port.start();
  }
}
