/** The list of keys. */

/**
 * Has a button open a dialogue.
 * @param {HTMLButtonElement} button
 * @param {HTMLDialogElement} dialog
 * @returns {() => void} opens it
 */
export function setUpDialog(button, dialog) {
  const open = () => dialog.open || dialog.showModal();
  button.addEventListener("click", open);
  // A click beside it closes it; one on its content has another target.
  dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());
  return open;
}
