/** One stream of server-sent events, taken up again whenever it breaks. */

/** The server sends several events a second; a stream that says nothing for this long counts as lost. */
const SILENCE = 2000;
/** The same where it gives no events and is asked now and then. */
const LONG_SILENCE = 6000;
/** Pauses before the next attempt; the last one stays. */
const PAUSES = [250, 500, 1000, 2000];
const TIME_LIMIT = 3000;
/** This file's folder lies beside the API's, whatever path a proxy has put before them. */
const API = new URL("../../api/", import.meta.url);

export class Source {
  #wish;
  #onState;
  #onLost;
  #events = null;
  #timer = 0;
  #silence = 0;
  #failures = 0;
  #broken = false;
  #closed = false;

  /**
   * @param {object} options
   * @param {string[]} options.cameras which to hear of
   * @param {string} options.smoothing the probabilities' time constant in seconds; empty for the server's own
   * @param {(state: object) => void} options.onState called with what the server tells; `again` is added where the
   *   stream was broken before, and `whole` where it tells of all cameras
   * @param {(why: {locked?: boolean}) => void} options.onLost called every time that the server has said nothing for too
   *   long, and with `locked` where it wants to know first who is asking
   */
  constructor({ cameras, smoothing, onState, onLost }) {
    this.#wish = new URLSearchParams([
      ...cameras.map((camera) => ["camera", camera]),
      ...(smoothing === "" ? [] : [["smoothing", smoothing]]),
    ]);
    this.#onState = onState;
    this.#onLost = onLost;
    this.#open();
    this.#expect();
  }

  /** Ends it for good. */
  close() {
    this.#closed = true;
    this.#events.close();
    clearTimeout(this.#timer);
    clearTimeout(this.#silence);
  }

  #open() {
    const events = new EventSource(new URL(`events?${this.#wish}`, API));
    this.#events = events;
    events.addEventListener("state", ({ data }) => this.#take(JSON.parse(data)));
    events.addEventListener("error", () => this.#fail(events.readyState === EventSource.CLOSED));
  }

  #take(state) {
    if (this.#closed) return;
    this.#failures = 0;
    const again = this.#broken;
    this.#broken = false;
    this.#expect();
    this.#onState(again ? { ...state, again } : state);
  }

  #fail(refused) {
    this.#again();
    if (refused) this.#ask();
  }

  /** An event source does not tell why it was refused, but the state can be asked for: the page goes on more slowly. */
  async #ask() {
    try {
      const answer = await fetch(new URL("state", API), { cache: "no-store", signal: AbortSignal.timeout(TIME_LIMIT) });
      if (answer.status === 401) this.#onLost({ locked: true });
      if (answer.ok && !this.#closed) {
        this.#expect(LONG_SILENCE);
        this.#onState({ ...(await answer.json()), whole: true });
      }
    } catch {
      // Then there is nothing to tell; the silence is noticed by itself.
    }
  }

  #again() {
    this.#broken = true;
    this.#events.close();
    clearTimeout(this.#timer);
    const pause = PAUSES[Math.min(this.#failures, PAUSES.length - 1)];
    this.#failures += 1;
    this.#timer = setTimeout(() => this.#open(), pause);
  }

  /** A connection may die without a word, so that only silence tells. */
  #expect(silence = SILENCE) {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      this.#onLost({});
      if (this.#events.readyState === EventSource.OPEN) this.#again();
      this.#expect();
    }, silence);
  }
}
