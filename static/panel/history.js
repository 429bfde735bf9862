/** The probabilities of the last minutes, in ring buffers: hours take no more memory than minutes. */

/** Seconds from one moment to the next. */
export const STEP = 0.5;
/** Moments that are kept: five minutes. */
export const MOMENTS = 600;
/** Faces that are kept, those seen last; of more at a time, the largest. */
export const MOST_FACES = 64;
/** Moments that may be missing between two of a face before they count as a gap: a busy machine is late. */
const LATE = 2;
/** Stands for all faces together. */
const ALL = null;

export class History {
  /** By track: one row of probabilities for each moment, NaN where there was none. The last one written is last. */
  #rings = new Map();
  #beganAt = null;
  #late = [];

  /** In the order of the rows; empty until a face was read. */
  labels = [];
  /** The newest moment, in steps since 1970; null before the first. */
  newest = null;

  /**
   * Adds the faces that are in view now.
   * @param {object[]} faces as the server's state has them; those not yet classified are left out
   * @param {number} [now] seconds since 1970
   */
  add(faces, now = Date.now() / 1000) {
    const read = faces.filter(({ expression }) => expression).sort((a, b) => area(a) - area(b));
    if (read.length) this.#setLabels(Object.keys(read[0].probabilities));
    this.#advanceTo(Math.floor(now / STEP));
    if (!read.length) return;
    const rows = read.map(({ probabilities }) => this.labels.map((label) => probabilities[label] ?? 0));
    this.#write(ALL, this.labels.map((_, place) => rows.reduce((sum, row) => sum + row[place], 0) / rows.length));
    const first = read.length - MOST_FACES;
    read.forEach(({ track }, place) => place >= first && track != null && this.#write(track, rows[place]));
  }

  /** Seconds since the first moment that is still known. */
  get length() {
    return this.newest === null ? 0 : Math.min(this.newest - this.#beganAt, MOMENTS - 1) * STEP;
  }

  /** How many numbers are kept. */
  get size() {
    return [...this.#rings.values()].reduce((sum, ring) => sum + ring.length, 0);
  }

  /**
   * The probabilities of a face, or the mean of all for null, at a moment; null where there was none.
   * @param {number|null} track
   * @param {number} moment in steps since 1970
   * @returns {Float32Array|null} in the order of `labels`
   */
  at(track, moment) {
    const ring = this.#rings.get(track);
    if (!ring || moment > this.newest || moment <= this.newest - MOMENTS) return null;
    const row = this.#row(ring, moment);
    return Number.isNaN(row[0]) ? null : row;
  }

  /** @param {number} track whether something of it is still known */
  has(track) {
    return this.#rings.has(track);
  }

  #row(ring, moment) {
    const start = (moment % MOMENTS) * this.labels.length;
    return ring.subarray(start, start + this.labels.length);
  }

  #setLabels(labels) {
    if (String(labels) === String(this.labels)) return;
    this.labels = labels; // another model, whose probabilities cannot be compared with these
    this.#rings.clear();
  }

  /** Moments without faces are gaps. A clock that was set back clears everything. */
  #advanceTo(moment) {
    this.#late = [];
    if (this.newest === null || moment < this.newest) {
      this.#rings.clear();
      this.#beganAt = moment;
    } else {
      const first = Math.max(this.newest + 1, moment - MOMENTS + 1);
      for (let gap = first; gap <= moment; gap += 1) {
        for (const ring of this.#rings.values()) this.#row(ring, gap).fill(NaN);
        if (gap < moment && moment - first <= LATE) this.#late.push(gap);
      }
    }
    this.newest = moment;
  }

  #write(track, row) {
    const ring = this.#rings.get(track) ?? new Float32Array(MOMENTS * this.labels.length).fill(NaN);
    this.#rings.delete(track);
    this.#rings.set(track, ring);
    for (const moment of this.#late) this.#row(ring, moment).set(this.#row(ring, moment - 1));
    this.#row(ring, this.newest).set(row);
    if (this.#rings.size <= MOST_FACES + 1) return;
    const oldest = [...this.#rings.keys()].find((key) => key !== ALL);
    this.#rings.delete(oldest);
  }
}

/** Square pixels; what is written last is kept longest. */
function area({ box }) {
  return box.width * box.height;
}
