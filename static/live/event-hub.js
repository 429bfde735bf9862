/**
 * What the tabs of one browser share: one event stream for all of them, and the connections that pictures may take.
 * A browser opens six connections to one server over HTTP/1.1, and a stream takes one for as long as it lasts.
 */

import { Source } from "./event-stream.js";

/** Of six, one is for the events, and one stays free for pages and answers. */
const MOST_STREAMS = 4;
/** Tabs that say nothing for this long are gone; they say something every two seconds. */
const SILENCE = 9000;

export class Exchange {
  /** By port: cameras, smoothing, streams (wanted and granted), heardAt. */
  #tabs = new Map();
  /** By smoothing: the event stream, and of which cameras it tells. */
  #sources = new Map();

  constructor() {
    setInterval(() => this.#forgetSilent(), SILENCE / 3);
  }

  /**
   * Takes a tab in. It tells `{cameras, smoothing, streams}`, again and again, with no cameras when it rests; it is told
   * `{state}`, `{lost: why}` and `{granted: how many streams it may open}`.
   * @param {MessagePort} port
   */
  join(port) {
    port.addEventListener("message", ({ data }) => this.#hear(port, data));
    port.start();
  }

  #hear(port, { cameras, smoothing, streams }) {
    if (cameras.length) {
      const before = this.#tabs.get(port) ?? { granted: 0 };
      // What is wished for anew is answered anew; the same said again is a sign of life.
      const told = String(before.cameras) === String(cameras) ? before.told : null;
      this.#tabs.set(port, { ...before, cameras, smoothing, streams, told, heardAt: performance.now() });
    } else {
      this.#tabs.delete(port);
    }
    this.#settle();
  }

  #forgetSilent() {
    const before = performance.now() - SILENCE;
    for (const [port, { heardAt }] of this.#tabs) if (heardAt < before) this.#tabs.delete(port);
    this.#settle();
  }

  #settle() {
    this.#grant();
    this.#listen();
  }

  /** First come, first served; what was granted is not taken back. */
  #grant() {
    const tabs = [...this.#tabs];
    for (const [, tab] of tabs) tab.granted = Math.min(tab.granted, tab.streams);
    let free = MOST_STREAMS - tabs.reduce((sum, [, { granted }]) => sum + granted, 0);
    for (const [port, tab] of tabs) {
      const more = Math.min(free, tab.streams - tab.granted);
      tab.granted += more;
      free -= more;
      if (tab.granted !== tab.told) port.postMessage({ granted: tab.granted });
      tab.told = tab.granted;
    }
  }

  /** One event stream for each smoothing, which tells of all cameras that its tabs show. */
  #listen() {
    const wanted = new Map();
    for (const { cameras, smoothing } of this.#tabs.values()) {
      wanted.set(smoothing, [...new Set([...(wanted.get(smoothing) ?? []), ...cameras])].sort());
    }
    for (const [smoothing, { source, cameras }] of this.#sources) {
      if (String(wanted.get(smoothing)) === String(cameras)) continue;
      source.close();
      this.#sources.delete(smoothing);
    }
    for (const [smoothing, cameras] of wanted) {
      if (this.#sources.has(smoothing)) continue;
      const onState = (state) => this.#tell(smoothing, { state });
      const onLost = (why) => this.#tell(smoothing, { lost: why });
      this.#sources.set(smoothing, { cameras, source: new Source({ cameras, smoothing, onState, onLost }) });
    }
  }

  #tell(smoothing, message) {
    for (const [port, tab] of this.#tabs) if (tab.smoothing === smoothing) port.postMessage(message);
  }
}
