/** Asks the server, and turns its refusals into sentences. */

/** A refusal in the server's own words; `status` is 0 where it did not answer. */
export class Problem extends Error {
  constructor(sentence, status) {
    super(sentence);
    this.status = status;
  }
}

export const SILENT = "The server does not answer. Is it still running?";

/**
 * Fetches, and fails with a sentence that a person can act on.
 * @param {string} address
 * @param {RequestInit} [options]
 * @returns {Promise<Response>}
 * @throws {Problem}
 */
export async function ask(address, options = {}) {
  let answer;
  try {
    answer = await fetch(address, { cache: "no-store", ...options });
  } catch {
    throw new Problem(SILENT, 0);
  }
  if (!answer.ok) throw await problemOf(answer.status, () => answer.json());
  return answer;
}

/**
 * The problem that a refusal tells of.
 * @param {number} status
 * @param {() => Promise<{detail?: string}>} read gives the answer's JSON
 * @returns {Promise<Problem>}
 */
export async function problemOf(status, read) {
  try {
    const { detail } = await read();
    if (detail) return new Problem(detail, status);
  } catch {
    // No JSON: a proxy in between may answer by itself.
  }
  return new Problem(`The server refused (status ${status}).`, status);
}

/**
 * Has the browser save some bytes as a file.
 * @param {Blob} blob
 * @param {string} name
 */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // Some browsers read the address only after the click has returned.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/**
 * A file's name without its ending.
 * @param {string} name such as "holiday.jpg"
 * @returns {string} such as "holiday"
 */
export function stem(name) {
  return name.replace(/\.[^.]+$/, "") || "file";
}
