/** The server's state several times a second, received through the hub that all tabs of the browser share. */

import { EventHub } from "./event-hub.js";

const HEARTBEAT = 2000;
/** A shared worker that has not answered after this long never will. */
const WORKER_TIMEOUT = 5000;

export class Events {
  #port = null;
  #subscription = { cameras: [], smoothing: "", streams: 0 };
  #onMessage;
  #answered = false;
  #timer = 0;

  /**
   * @param {object} options
   * @param {(state: object) => void} options.onState called with each state of the server
   * @param {(reason: {locked?: boolean}) => void} options.onLost called again and again while nothing comes
   * @param {(streams: number) => void} options.onGranted how many streams this tab may open
   */
  constructor({ onState, onLost, onGranted }) {
    this.#onMessage = ({ data }) => {
      this.#answered = true;
      if ("granted" in data) onGranted(data.granted);
      else if (data.lost) onLost(data.lost);
      else onState(data.state);
    };
    this.#join();
    setInterval(() => this.#subscription.cameras.length && this.#port.postMessage(this.#subscription), HEARTBEAT);
  }

  /**
   * Says what this tab shows; no cameras while it is out of sight.
   * @param {{cameras: string[], smoothing: string, streams: number}} subscription `streams` is how many it would open
   */
  subscribe(subscription) {
    this.#subscription = subscription;
    this.#port.postMessage(subscription);
    if (subscription.cameras.length && !this.#answered) this.#timer ||= setTimeout(() => this.#joinAlone(), WORKER_TIMEOUT);
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

  /** A hub of this tab's own, where tabs cannot share one. */
  #joinAlone() {
    if (this.#answered) return;
    this.#answered = true;
    const { port1, port2 } = new MessageChannel();
    new EventHub().join(port1);
    this.#use(port2);
    this.subscribe(this.#subscription);
  }

  #use(port) {
    this.#port?.close();
    this.#port = port;
    port.addEventListener("message", this.#onMessage);
    port.start();
  }
}
