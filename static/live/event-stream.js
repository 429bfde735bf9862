/** One stream of server-sent events, opened again whenever it breaks. */

/** The server sends several events a second; a stream without one for this long counts as lost. */
const TIMEOUT = 2000;
/** The same where the server refuses the stream and the state is polled. */
const POLL_TIMEOUT = 6000;
/** Milliseconds before the next attempt; the last value stays. */
const RETRY_DELAYS = [250, 500, 1000, 2000];
const REQUEST_TIMEOUT = 3000;
/** This file's folder lies beside the API's, whatever path a proxy has put before them. */
const API = new URL("../../api/", import.meta.url);

export class EventStream {
  #query;
  #onState;
  #onLost;
  #events = null;
  #timer = 0;
  #timeout = 0;
  #failures = 0;
  #interrupted = false;
  #closed = false;

  /**
   * @param {object} options
   * @param {string[]} options.cameras to hear about
   * @param {string} options.smoothing the probabilities' time constant in seconds; empty for the server's own
   * @param {(state: object) => void} options.onState called with each state of the server; `reconnected` is added to
   *   the first one after a break, and `complete` to one that covers all cameras
   * @param {(reason: {locked?: boolean}) => void} options.onLost called each time that nothing has come for too long,
   *   and with `locked` where the server asks for a log-in first
   */
  constructor({ cameras, smoothing, onState, onLost }) {
    this.#query = new URLSearchParams([
      ...cameras.map((camera) => ["camera", camera]),
      ...(smoothing === "" ? [] : [["smoothing", smoothing]]),
    ]);
    this.#onState = onState;
    this.#onLost = onLost;
    this.#open();
    this.#restartTimeout();
  }

  /** Closes it for good. */
  close() {
    this.#closed = true;
    this.#events.close();
    clearTimeout(this.#timer);
    clearTimeout(this.#timeout);
  }

  #open() {
    const events = new EventSource(new URL(`events?${this.#query}`, API));
    this.#events = events;
    events.addEventListener("state", ({ data }) => this.#receive(JSON.parse(data)));
    events.addEventListener("error", () => this.#onError(events.readyState === EventSource.CLOSED));
  }

  #receive(state) {
    if (this.#closed) return;
    this.#failures = 0;
    const reconnected = this.#interrupted;
    this.#interrupted = false;
    this.#restartTimeout();
    this.#onState(reconnected ? { ...state, reconnected } : state);
  }

  #onError(refused) {
    this.#reconnect();
    if (refused) this.#poll();
  }

  /** An EventSource does not say why it was refused. The state can still be polled, so the page goes on more slowly. */
  async #poll() {
    try {
      const answer = await fetch(new URL("state", API), { cache: "no-store", signal: AbortSignal.timeout(REQUEST_TIMEOUT) });
      if (answer.status === 401) this.#onLost({ locked: true });
      if (answer.ok && !this.#closed) {
        this.#restartTimeout(POLL_TIMEOUT);
        this.#onState({ ...(await answer.json()), complete: true });
      }
    } catch {
      // No answer either; the timeout reports it.
    }
  }

  #reconnect() {
    this.#interrupted = true;
    this.#events.close();
    clearTimeout(this.#timer);
    const pause = RETRY_DELAYS[Math.min(this.#failures, RETRY_DELAYS.length - 1)];
    this.#failures += 1;
    this.#timer = setTimeout(() => this.#open(), pause);
  }

  /** A connection may die without an error, so that only the missing events show it. */
  #restartTimeout(silence = TIMEOUT) {
    clearTimeout(this.#timeout);
    this.#timeout = setTimeout(() => {
      this.#onLost({});
      if (this.#events.readyState === EventSource.OPEN) this.#reconnect();
      this.#restartTimeout();
    }, silence);
  }
}
