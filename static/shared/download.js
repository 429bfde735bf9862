/** Files that the browser saves. */

/**
 * Has the browser save some bytes as a file.
 * @param {Blob} blob
 * @param {string} name
 */
export function download(blob, name) {
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
