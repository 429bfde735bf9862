/** Whether the page is in sight. */

/** A tab that is hidden for a moment only keeps its stream. */
const HIDDEN_FOR = 4000;

/**
 * Reports when a page has been out of sight so long that it should give its connections back, so that the camera can
 * close and other tabs can load; and when it is in sight again.
 * @param {(hidden: boolean) => void} onChange
 */
export function watchVisibility(onChange) {
  let timer = 0;
  let hidden = document.hidden;

  function change(value) {
    clearTimeout(timer);
    if (value === hidden) return;
    hidden = value;
    onChange(hidden);
  }

  function check() {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(() => change(true), HIDDEN_FOR);
    else change(false);
  }

  document.addEventListener("visibilitychange", check);
  // Browsers may keep a page that was left and show it again as it was, without its connections.
  addEventListener("pagehide", () => change(true));
  addEventListener("pageshow", ({ persisted }) => persisted && check());
}
