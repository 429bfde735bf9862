/** The records that this browser has begun: who knows a record's id may see it, so they are listed here only. */

import { loadList, storeList } from "../shared/local-storage.js";

const STORAGE_KEY = "records";
const MOST = 50;

/**
 * @returns {{id: string, camera: string, started: number, open: boolean}[]} newest first; `started` in seconds since the
 * epoch, `open` while it is still being recorded as far as this browser knows
 */
export function localRecords() {
  return loadList(STORAGE_KEY);
}

/** @param {{id: string, camera: string, started: number, status: string}} record as the server describes it */
export function remember({ id, camera, started, status }) {
  const others = localRecords().filter((known) => known.id !== id);
  const all = [{ id, camera, started, open: status === "recording" }, ...others];
  storeList(STORAGE_KEY, all.sort((a, b) => b.started - a.started).slice(0, MOST));
}

/** @param {string} id */
export function forget(id) {
  storeList(STORAGE_KEY, localRecords().filter((known) => known.id !== id));
}
