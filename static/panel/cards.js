/** A card for each face. Cards are kept and updated in place, so that nothing flickers or jumps. */

import { bars, moveBars } from "../shared/bars.js";
import { Thumbnail } from "./thumbnail.js";
import { clock, percent, verdict } from "../shared/texts.js";

export class Cards {
  #list;
  #template = document.getElementById("face-card");
  #cards = new Map();
  #onChoose;

  /** Which face is chosen: its track; null for none. */
  chosen = null;

  /**
   * @param {HTMLElement} list where the cards go
   * @param {(track: number|null) => void} onChoose called when a face is chosen; with null when none is any more
   */
  constructor(list, onChoose) {
    this.#list = list;
    this.#onChoose = onChoose;
  }

  /**
   * Shows faces in place of the ones before, ordered as in the picture.
   * @param {object[]} faces as the server's state has them
   * @param {object} picture
   * @param {number} picture.threshold probability below which an expression is called unsure
   * @param {number} picture.width of the frames to which the boxes refer
   * @param {CanvasImageSource|null} picture.image from which the faces are cut
   * @param {boolean} [picture.flipped] whether the page shows the image mirrored
   */
  show(faces, picture) {
    const side = picture.flipped ? -1 : 1;
    const ordered = faces
      .map((face, index) => ({ key: face.track ?? `untracked-${index}`, face }))
      .sort((a, b) => side * (centre(a.face) - centre(b.face)));
    this.#dropAllBut(new Set(ordered.map(({ key }) => key)));
    ordered.forEach(({ key, face }, place) => {
      const card = this.#cards.get(key) ?? this.#add(key);
      card.update(face, picture, key === this.chosen);
      if (this.#list.children[place] !== card.root) {
        this.#list.insertBefore(card.root, this.#list.children[place] ?? null);
      }
    });
  }

  /**
   * Chooses a face; null for none.
   * @param {number|null} track
   */
  choose(track) {
    this.chosen = track;
    for (const [key, card] of this.#cards) card.mark(key === track);
    this.#onChoose(track);
  }

  #add(key) {
    const root = this.#template.content.firstElementChild.cloneNode(true);
    const card = new Card(root);
    this.#cards.set(key, card);
    root.querySelector(".pick").addEventListener("click", () => this.choose(key === this.chosen ? null : key));
    return card;
  }

  #dropAllBut(keys) {
    for (const [key, { root }] of this.#cards) {
      if (keys.has(key)) continue;
      root.remove();
      this.#cards.delete(key);
    }
  }
}

class Card {
  #thumbnail;
  #bars = null;

  constructor(root) {
    this.root = root;
    this.#thumbnail = new Thumbnail(root.querySelector(".thumb"));
  }

  update(face, picture, chosen) {
    const { said, guess, sure } = verdict(face, picture.threshold);
    this.root.classList.toggle("unsure", !sure);
    this.root.dataset.expression = face.expression ?? "";
    this.#write(".said", said);
    this.#write(".guess", guess);
    this.#write(".share", face.expression ? percent(face.confidence) : "");
    this.#write(".since", face.seconds == null ? "" : `in view ${clock(face.seconds)}`);
    this.#move(face.probabilities);
    this.#thumbnail.show(face.box, picture);
    this.mark(chosen);
  }

  mark(chosen) {
    this.root.querySelector(".pick").setAttribute("aria-pressed", chosen);
  }

  #move(probabilities) {
    if (!Object.keys(probabilities).length) return;
    if (this.#bars) return moveBars(this.#bars, probabilities);
    this.#bars = bars(probabilities);
    this.root.querySelector(".seven").replaceChildren(this.#bars);
  }

  /** Leaves equal text alone, so that screen readers and selections are not disturbed. */
  #write(selector, text) {
    const element = this.root.querySelector(selector);
    if (element.textContent !== text) element.textContent = text;
  }
}

function centre({ box }) {
  return box.x + box.width / 2;
}
