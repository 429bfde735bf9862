/** Files by choosing, dropping or pasting. */

/**
 * Makes a place for files out of an element with a file input; files may be dropped anywhere on the page.
 * @param {object} options
 * @param {HTMLElement} options.zone shows that files may be dropped
 * @param {HTMLInputElement} options.input
 * @param {(files: File[]) => void} options.onFiles
 */
export function setUpDrop({ zone, input, onFiles }) {
  const give = (list) => {
    const files = [...(list ?? [])];
    if (files.length) onFiles(files);
  };
  input.addEventListener("change", () => {
    give(input.files);
    input.value = ""; // so that the same file may be chosen again
  });
  addEventListener("paste", (event) => give(event.clipboardData?.files));
  addEventListener("dragover", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    zone.classList.add("ready");
  });
  addEventListener("dragleave", (event) => !event.relatedTarget && zone.classList.remove("ready"));
  addEventListener("drop", (event) => {
    zone.classList.remove("ready");
    if (!holdsFiles(event)) return;
    event.preventDefault();
    give(event.dataTransfer.files);
  });
}

function holdsFiles(event) {
  return [...(event.dataTransfer?.types ?? [])].includes("Files");
}
