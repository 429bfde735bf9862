/** The records that this browser has begun: who knows a record's id may see it, so they are listed here only. */

import { keep, recall } from "../shared/local-storage.js";

const MEMORY = "records";
const MOST = 50;

/**
 * @returns {{id: string, camera: string, started: number, open: boolean}[]} newest first; `started` in seconds since the
 * epoch, `open` while it is still being recorded as far as this browser knows
 */
export function ownRecords() {
  return recall(MEMORY);
}

/** @param {{id: string, camera: string, started: number, status: string}} record as the server tells it */
export function remember({ id, camera, started, status }) {
  const others = ownRecords().filter((known) => known.id !== id);
  const all = [{ id, camera, started, open: status === "recording" }, ...others];
  keep(MEMORY, all.sort((a, b) => b.started - a.started).slice(0, MOST));
}

/** @param {string} id */
export function forget(id) {
  keep(MEMORY, ownRecords().filter((known) => known.id !== id));
}
