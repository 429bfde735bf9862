/** Faces and figures beside the picture. Cards are kept and updated in place, so that nothing flickers or jumps. */

import { looks, milliseconds, percent } from "./words.js";

const NOTHING = "–";

export class Panel {
  #cards = new Map();
  #list = document.getElementById("faces");
  #template = document.getElementById("face-card");
  #empty = document.getElementById("empty");

  /**
   * Shows the faces and figures of a camera.
   * @param {object} state the server's answer
   * @param {object} camera the camera's part of it
   */
  show(state, camera) {
    const live = camera.status === "live";
    this.#showFaces(live ? camera.faces : [], camera, state.threshold);
    write("fps", live ? Math.round(camera.fps) : NOTHING);
    write("delay", live ? milliseconds(camera.latency ?? 0) : NOTHING);
    write("viewers", camera.viewers);
    write("model", state.model?.name ?? NOTHING);
  }

  /** Takes away what is no longer known. */
  clear() {
    this.#showFaces([]);
    for (const id of ["fps", "delay", "viewers"]) write(id, NOTHING);
  }

  /**
   * Says why there are no faces, in the place where they would be.
   * @param {{heading: string, about: string}} words
   */
  explain({ heading, about }) {
    writeInto(this.#empty.querySelector(".empty-title"), heading);
    writeInto(this.#empty.querySelector(".empty-text"), about);
  }

  #showFaces(faces, picture, threshold) {
    const ordered = faces
      .map((face, index) => ({ key: face.track ?? `untracked-${index}`, face }))
      .sort((a, b) => centre(a.face) - centre(b.face));
    this.#dropAllBut(new Set(ordered.map(({ key }) => key)));
    ordered.forEach(({ key, face }, place) => {
      const card = this.#cards.get(key) ?? this.#addCard(key);
      updateCard(card, face, picture, threshold);
      if (this.#list.children[place] !== card) this.#list.insertBefore(card, this.#list.children[place] ?? null);
    });
    this.#empty.hidden = faces.length > 0;
    write("count", faces.length || "");
  }

  #addCard(key) {
    const card = this.#template.content.firstElementChild.cloneNode(true);
    this.#cards.set(key, card);
    return card;
  }

  #dropAllBut(keys) {
    for (const [key, card] of this.#cards) {
      if (keys.has(key)) continue;
      card.remove();
      this.#cards.delete(key);
    }
  }
}

function centre({ box }) {
  return box.x + box.width / 2;
}

function updateCard(card, face, picture, threshold) {
  const { said, guess, sure } = looks(face, threshold);
  card.classList.toggle("unsure", !sure);
  card.dataset.expression = face.expression ?? "";
  writeInto(card.querySelector(".said"), said);
  writeInto(card.querySelector(".guess"), guess);
  writeInto(card.querySelector(".share"), face.expression ? percent(face.confidence) : "");
  card.querySelector(".gauge span").style.transform = `scaleX(${face.confidence})`;
  updatePlace(card.querySelector(".place"), face.box, picture);
}

/** A small map of the picture, so that a card is matched with its face at a glance. */
function updatePlace(map, box, { width, height }) {
  map.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const rectangle = map.firstElementChild;
  for (const side of ["x", "y", "width", "height"]) rectangle.setAttribute(side, box[side]);
}

/** A page may leave a figure out. */
function write(id, text) {
  const element = document.getElementById(id);
  if (element) writeInto(element, String(text));
}

/** Leaves equal text alone, so that screen readers and selections are not disturbed. */
function writeInto(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
