/** Full screen for the picture; its buttons fade when nobody moves the pointer. */

const QUIET_AFTER = 2500;

/**
 * Prepares a button that shows an element on the full screen; the button stays hidden where browsers cannot do it.
 * @param {HTMLElement} stage what fills the screen
 * @param {HTMLButtonElement} button
 * @returns {() => void} goes to full screen and back
 */
export function setUpFullScreen(stage, button) {
  const toggle = () => {
    if (!document.fullscreenEnabled) return;
    // A browser may refuse; then everything stays as it is.
    const change = document.fullscreenElement ? document.exitFullscreen() : stage.requestFullscreen();
    change.catch(() => {});
  };
  button.hidden = !document.fullscreenEnabled;
  button.addEventListener("click", toggle);
  document.addEventListener("fullscreenchange", () => {
    button.querySelector("span").textContent = document.fullscreenElement ? "Exit full screen" : "Full screen";
  });
  hideWhenQuiet(stage);
  return toggle;
}

function hideWhenQuiet(stage) {
  let timer = 0;
  const wake = () => {
    clearTimeout(timer);
    stage.classList.remove("quiet");
    if (document.fullscreenElement) timer = setTimeout(() => stage.classList.add("quiet"), QUIET_AFTER);
  };
  for (const event of ["pointermove", "pointerdown", "keydown", "focusin"]) stage.addEventListener(event, wake);
  document.addEventListener("fullscreenchange", wake);
}
