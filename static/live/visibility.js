/** Whether anybody looks at the page. */

/** A tab that is only passed by keeps its stream. */
const HIDDEN_FOR = 4000;

/**
 * Tells when a page that is out of sight should give its connections back, so that the camera can rest and other tabs can
 * load, and when it is looked at again.
 * @param {(away: boolean) => void} onChange
 */
export function followPresence(onChange) {
  let timer = 0;
  let away = document.hidden;

  function change(value) {
    clearTimeout(timer);
    if (value === away) return;
    away = value;
    onChange(away);
  }

  function look() {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(() => change(true), HIDDEN_FOR);
    else change(false);
  }

  document.addEventListener("visibilitychange", look);
  // Browsers may keep a page that was left and show it again as it was, without its connections.
  addEventListener("pagehide", () => change(true));
  addEventListener("pageshow", ({ persisted }) => persisted && look());
}
