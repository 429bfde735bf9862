/** How the time of a record divides into expressions, for all faces or one. */

import { bars } from "../shared/bars.js";
import { span } from "../shared/texts.js";

const ALL = "";

/** @param {{shares: object, faces: number, tracks: object[]}} summary as the server describes it */
export function showShares({ shares, faces, tracks }) {
  const place = document.getElementById("shares");
  const about = document.getElementById("shares-about");
  const whose = document.getElementById("whose");
  const choice = whose.querySelector("select");

  function show() {
    const one = tracks.find(({ track }) => String(track) === choice.value);
    const chosen = one?.shares ?? shares;
    about.textContent = one ? `In view for ${span(one.in_view)}.` : aboutAll(faces);
    const shown = Object.entries(chosen).filter(([label, share]) => label !== "unsure" || share > 0);
    place.replaceChildren(...(shown.length ? [bars(Object.fromEntries(shown))] : []));
  }

  const known = tracks.filter(({ track }) => track !== null);
  whose.hidden = known.length < 2;
  choice.replaceChildren(new Option("all faces", ALL), ...known.map(({ track }) => new Option(`face ${track}`, track)));
  choice.addEventListener("change", show);
  show();
}

function aboutAll(faces) {
  return faces ? "Of the time that faces were in view." : "No face was in view.";
}
