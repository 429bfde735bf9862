/** Keeps the browser's back/forward cache from showing a page again to somebody who has logged out since. */

addEventListener("pagehide", ({ persisted }) => persisted && show("hidden"));
addEventListener("pageshow", async ({ persisted }) => {
  if (!persisted) return;
  if (await isLoggedIn()) show("");
  else location.reload(); // the server then asks for a log-in
});

function show(visibility) {
  document.body.style.visibility = visibility;
}

async function isLoggedIn() {
  try {
    const answer = await fetch(new URL("../../api/access", import.meta.url), { cache: "no-store" });
    return (await answer.json()).name === document.documentElement.dataset.name;
  } catch {
    return false;
  }
}
