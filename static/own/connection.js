/** The WebSocket on which frames go to the server and faces come back: one frame at a time. */

const ADDRESS = "api/own-camera";
const RETRY_DELAYS = [300, 1000, 2000, 4000, 5000];
/** An answer that takes longer is given up with its connection. */
const TIMEOUT = 5000;

export class Connection {
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
   * @param {(reason: string) => void} options.onLost called when the connection ended or could not be made; another is
   *   tried by itself. `reason` is the server's own, or empty
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
    this.#watch(TIMEOUT);
    socket.addEventListener("message", ({ data }) => {
      if (socket !== this.#socket) return;
      clearTimeout(this.#timer);
      const message = JSON.parse(data);
      if (greeted) return this.#settle(message);
      greeted = true;
      this.#failures = 0;
      this.#losses += 1;
      this.#onReady(message);
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
      this.#watch(TIMEOUT);
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
    const pause = RETRY_DELAYS[Math.min(this.#failures, RETRY_DELAYS.length - 1)];
    this.#failures += 1;
    this.#timer = setTimeout(() => this.open(), pause);
    this.#onLost(reason);
    if (greeted) return;
    const loss = ++this.#losses;
    const cause = await refusal();
    if (cause && loss === this.#losses) this.#onLost(cause);
  }
}

/** Browsers do not tell a page why a WebSocket was refused; a plain GET of the same address does. */
async function refusal() {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), TIMEOUT);
  try {
    const answer = await fetch(ADDRESS, { signal: limit.signal, cache: "no-store" });
    return answer.ok ? "" : ((await answer.json()).detail ?? "");
  } catch {
    return "";
  } finally {
    clearTimeout(timer);
  }
}
