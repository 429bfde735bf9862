/** Single keys for what the buttons do. */

/** What takes letters itself. A radio button or a slider does not: keys go on working after a camera was chosen. */
const TYPING = "input:not([type=radio], [type=checkbox], [type=range]), select, textarea, [contenteditable]";

/**
 * Binds single keys. They rest while a control that uses letters itself has the focus, and with modifiers, which
 * belong to the browser.
 * @param {Record<string, () => void>} actions by key in lower case, such as {s: save}
 */
export function bindKeys(actions) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.defaultPrevented) return;
    if (event.target.closest?.(TYPING)) return;
    const action = actions[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    action();
  });
}
