/** Requests to the server, whose errors become sentences. */

/** An error of a request, in the server's own words; `status` is 0 where it did not answer. */
export class Problem extends Error {
  constructor(sentence, status) {
    super(sentence);
    this.status = status;
  }
}

export const NO_ANSWER = "The server does not answer. Is it still running?";

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
    throw new Problem(NO_ANSWER, 0);
  }
  if (!answer.ok) throw await problemOf(answer.status, () => answer.json());
  return answer;
}

/**
 * The error that a refusal describes.
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
