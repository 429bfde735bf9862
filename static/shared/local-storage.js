/** Lists that this browser remembers, since the server keeps none of who handed in or recorded what. */

/**
 * @param {string} key
 * @returns {object[]} what was kept under it; empty where there is nothing, or where the browser keeps nothing
 */
export function recall(key) {
  try {
    const known = JSON.parse(localStorage.getItem(key));
    return Array.isArray(known) ? known : [];
  } catch {
    return [];
  }
}

/**
 * @param {string} key
 * @param {object[]} known
 */
export function keep(key, known) {
  try {
    localStorage.setItem(key, JSON.stringify(known));
  } catch {
    // A browser that keeps nothing shows them until the page is left.
  }
}
