/** The rate of answers, and pauses that keep it at what the server allows. */

const WINDOW = 3000;

export class Pace {
  #answers = [];

  /** Answers a second, over the last seconds. */
  get rate() {
    this.#forgetOld();
    const first = this.#answers[0];
    const last = this.#answers.at(-1);
    return last?.at > first?.at ? ((this.#answers.length - 1) * 1000) / (last.at - first.at) : 0;
  }

  /** Milliseconds from a frame sent to its boxes drawn, the median of the last seconds. */
  get trip() {
    this.#forgetOld();
    const trips = this.#answers.map(({ trip }) => trip).sort((a, b) => a - b);
    return trips[Math.floor(trips.length / 2)] ?? 0;
  }

  /** @param {number} trip milliseconds from a frame sent to its boxes drawn */
  add(trip) {
    this.#answers.push({ trip, at: performance.now() });
    this.#forgetOld();
  }

  /** Starts anew. */
  clear() {
    this.#answers = [];
  }

  /**
   * Waits until a period is over.
   * @param {number} since when it began, in milliseconds of `performance.now`
   * @param {number} period milliseconds
   */
  async rest(since, period) {
    const left = since + period - performance.now();
    if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
  }

  #forgetOld() {
    const until = performance.now() - WINDOW;
    while (this.#answers.length && this.#answers[0].at < until) this.#answers.shift();
  }
}
