/** Single keys for what the buttons do. */

/** What takes letters itself. A radio button or a slider does not: keys go on working after a camera was chosen. */
const TYPING = "input:not([type=radio], [type=checkbox], [type=range]), select, textarea, [contenteditable]";
/** What the space bar presses, so that it cannot mean anything else there. */
const PRESSED = "button, a, summary, input";

/**
 * Binds single keys. They rest while a control that uses letters itself has the focus, and with modifiers, which
 * belong to the browser, and while a dialogue is open.
 * @param {Record<string, () => void>} actions by key in lower case, such as {s: save}; the space bar is " "
 */
export function bindKeys(actions) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.defaultPrevented) return;
    if (event.target.closest?.(event.key === " " ? `${TYPING}, ${PRESSED}` : TYPING)) return;
    if (document.querySelector("dialog[open]")) return;
    const action = actions[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    action();
  });
}
