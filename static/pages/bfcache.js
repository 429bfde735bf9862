/** What a page showed to somebody who has logged out since does not come again by "back": browsers keep it as it was. */

addEventListener("pagehide", ({ persisted }) => persisted && show("hidden"));
addEventListener("pageshow", async ({ persisted }) => {
  if (!persisted) return;
  if (await isStillThere()) show("");
  else location.reload(); // the server then asks who it is
});

function show(visibility) {
  document.body.style.visibility = visibility;
}

async function isStillThere() {
  try {
    const answer = await fetch(new URL("../../api/access", import.meta.url), { cache: "no-store" });
    return (await answer.json()).name === document.documentElement.dataset.name;
  } catch {
    return false;
  }
}
