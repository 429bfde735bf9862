/** Lists that this browser keeps, since the server does not know who handed in or recorded what. */

/**
 * @param {string} key
 * @returns {object[]} what is stored under it; empty where there is nothing, or where the browser stores nothing
 */
export function loadList(key) {
  try {
    const known = JSON.parse(localStorage.getItem(key));
    return Array.isArray(known) ? known : [];
  } catch {
    return [];
  }
}

/**
 * @param {string} key
 * @param {object[]} list
 */
export function storeList(key, list) {
  try {
    localStorage.setItem(key, JSON.stringify(list));
  } catch {
    // Without local storage they are shown until the page is left.
  }
}
