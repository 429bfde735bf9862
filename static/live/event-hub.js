/**
 * The hub that all tabs of a browser share: one event stream for all of them, and the right to open picture streams.
 * A browser opens six connections to one server over HTTP/1.1, and a stream takes one for as long as it lasts.
 */

import { EventStream } from "./event-stream.js";

/** One of the six connections is for events, and one stays free for pages and requests. */
const MOST_STREAMS = 4;
/** A tab that sends nothing for this long is gone; a living one sends its subscription every two seconds. */
const TAB_TIMEOUT = 9000;

export class EventHub {
  /** By port: cameras, smoothing, streams (wanted), granted, notified (the last grant that was sent), seenAt. */
  #tabs = new Map();
  /** By smoothing: the event stream, and the cameras that it covers. */
  #streams = new Map();

  constructor() {
    setInterval(() => this.#dropSilent(), TAB_TIMEOUT / 3);
  }

  /**
   * Adds a tab. The tab posts its subscription `{cameras, smoothing, streams}` again and again, without cameras while
   * it is out of sight. It receives `{state}`, `{lost: reason}` and `{granted: number of streams it may open}`.
   * @param {MessagePort} port
   */
  join(port) {
    port.addEventListener("message", ({ data }) => this.#onMessage(port, data));
    port.start();
  }

  #onMessage(port, { cameras, smoothing, streams }) {
    if (cameras.length) {
      const before = this.#tabs.get(port) ?? { granted: 0 };
      // A new subscription is answered; the same one again is a sign of life.
      const notified = String(before.cameras) === String(cameras) ? before.notified : null;
      this.#tabs.set(port, { ...before, cameras, smoothing, streams, notified, seenAt: performance.now() });
    } else {
      this.#tabs.delete(port);
    }
    this.#update();
  }

  #dropSilent() {
    const before = performance.now() - TAB_TIMEOUT;
    for (const [port, { seenAt }] of this.#tabs) if (seenAt < before) this.#tabs.delete(port);
    this.#update();
  }

  #update() {
    this.#grant();
    this.#updateStreams();
  }

  /** First come, first served; a grant is not taken back. */
  #grant() {
    const tabs = [...this.#tabs];
    for (const [, tab] of tabs) tab.granted = Math.min(tab.granted, tab.streams);
    let free = MOST_STREAMS - tabs.reduce((sum, [, { granted }]) => sum + granted, 0);
    for (const [port, tab] of tabs) {
      const more = Math.min(free, tab.streams - tab.granted);
      tab.granted += more;
      free -= more;
      if (tab.granted !== tab.notified) port.postMessage({ granted: tab.granted });
      tab.notified = tab.granted;
    }
  }

  /** One event stream for each smoothing, for all cameras that its tabs show. */
  #updateStreams() {
    const wanted = new Map();
    for (const { cameras, smoothing } of this.#tabs.values()) {
      wanted.set(smoothing, [...new Set([...(wanted.get(smoothing) ?? []), ...cameras])].sort());
    }
    for (const [smoothing, { stream, cameras }] of this.#streams) {
      if (String(wanted.get(smoothing)) === String(cameras)) continue;
      stream.close();
      this.#streams.delete(smoothing);
    }
    for (const [smoothing, cameras] of wanted) {
      if (this.#streams.has(smoothing)) continue;
      const onState = (state) => this.#broadcast(smoothing, { state });
      const onLost = (reason) => this.#broadcast(smoothing, { lost: reason });
      this.#streams.set(smoothing, { cameras, stream: new EventStream({ cameras, smoothing, onState, onLost }) });
    }
  }

  #broadcast(smoothing, message) {
    for (const [port, tab] of this.#tabs) if (tab.smoothing === smoothing) port.postMessage(message);
  }
}
