/** Sends one file and reports its progress, which `fetch` cannot do. */

import { Problem, NO_ANSWER, problemOf } from "../shared/requests.js";

/**
 * @param {string} address
 * @param {File} file sent as the body
 * @param {object} options
 * @param {(share: number) => void} options.onProgress from 0 to 1
 * @param {AbortSignal} options.signal
 * @returns {Promise<object>} the server's answer
 * @throws {Problem}
 */
export function upload(address, file, { onProgress, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", address);
    request.responseType = "json";
    request.upload.addEventListener("progress", ({ loaded, total }) => onProgress(total ? loaded / total : 0));
    request.addEventListener("load", async () => {
      if (request.status < 300) resolve(request.response);
      else reject(await problemOf(request.status, async () => request.response));
    });
    request.addEventListener("error", () => reject(new Problem(NO_ANSWER, 0)));
    request.addEventListener("abort", () => reject(new Problem("Cancelled.", 0)));
    signal.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}
