/** The connection over which frames go to the server and faces come back: one question at a time. */

const ADDRESS = "api/own-camera";
const PAUSES = [300, 1000, 2000, 4000, 5000];
/** An answer that takes longer is given up with its connection. */
const TIME_LIMIT = 5000;

export class Link {
  #onReady;
  #onLost;
  #socket = null;
  #answer = null;
  #failures = 0;
  #timer = 0;
  #losses = 0;

  /**
   * @param {object} options
   * @param {(greeting: object) => void} options.onReady called when the server is ready for frames
   * @param {(why: string) => void} options.onLost called when the connection ended or could not be made; another is
   *   tried by itself. `why` is the server's own reason, or empty
   */
  constructor({ onReady, onLost }) {
    this.#onReady = onReady;
    this.#onLost = onLost;
  }

  /** Connects, and again whenever the connection ends, until `close`. */
  open() {
    this.#drop();
    const address = new URL(ADDRESS, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address);
    let greeted = false;
    this.#socket = socket;
    this.#watch(TIME_LIMIT);
    socket.addEventListener("message", ({ data }) => {
      if (socket !== this.#socket) return;
      clearTimeout(this.#timer);
      const told = JSON.parse(data);
      if (greeted) return this.#settle(told);
      greeted = true;
      this.#failures = 0;
      this.#losses += 1;
      this.#onReady(told);
    });
    socket.addEventListener("close", ({ reason }) => socket === this.#socket && this.#retry(greeted, reason));
  }

  /** Ends the connection and all attempts at another. */
  close() {
    this.#losses += 1;
    this.#drop();
  }

  #drop() {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    this.#settle(null);
  }

  /**
   * Sends a frame; the one before must have been answered.
   * @param {Blob} frame a JPEG picture
   * @returns {Promise<object|null>} the server's answer; null when the connection ended first
   */
  ask(frame) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return Promise.resolve(null);
    return new Promise((resolve) => {
      this.#answer = resolve;
      this.#watch(TIME_LIMIT);
      this.#socket.send(frame);
    });
  }

  #settle(answer) {
    const settle = this.#answer;
    this.#answer = null;
    settle?.(answer);
  }

  #watch(limit) {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#timer = setTimeout(() => socket === this.#socket && this.#retry(true, ""), limit);
  }

  async #retry(greeted, reason) {
    this.#drop();
    const pause = PAUSES[Math.min(this.#failures, PAUSES.length - 1)];
    this.#failures += 1;
    this.#timer = setTimeout(() => this.open(), pause);
    this.#onLost(reason);
    if (greeted) return;
    const loss = ++this.#losses;
    const why = await reasonOf();
    if (why && loss === this.#losses) this.#onLost(why);
  }
}

/** Browsers do not tell a page why a WebSocket was refused; the same address tells it when it is asked plainly. */
async function reasonOf() {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), TIME_LIMIT);
  try {
    const answer = await fetch(ADDRESS, { signal: limit.signal, cache: "no-store" });
    return answer.ok ? "" : ((await answer.json()).detail ?? "");
  } catch {
    return "";
  } finally {
    clearTimeout(timer);
  }
}
