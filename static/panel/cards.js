/** A card for each of the largest faces. Cards are kept and updated in place, so that nothing flickers or jumps. */

import { bars, moveBars } from "../shared/bars.js";
import { Order } from "./order.js";
import { Thumbnail } from "./thumbnail.js";
import { clock, percent, verdict } from "../shared/texts.js";

/** Cards that are shown until all are asked for: more are not read at a glance. */
const MOST_CARDS = 6;

export class Cards {
  #list;
  #more;
  #template = document.getElementById("face-card");
  #cards = new Map();
  #order = new Order();
  #all = false;
  #again = () => {};
  #onChoose;

  /** Which face is chosen: its track; null for none. */
  chosen = null;

  /**
   * @param {HTMLElement} list where the cards go
   * @param {HTMLButtonElement} more says how many more faces there are, and shows them all
   * @param {(track: number|null) => void} onChoose called when a face is chosen; with null when none is any more
   */
  constructor(list, more, onChoose) {
    this.#list = list;
    this.#more = more;
    this.#onChoose = onChoose;
    more.addEventListener("click", () => {
      this.#all = !this.#all;
      this.#again();
    });
  }

  /**
   * Shows faces in place of the ones before: the largest, and the chosen one; all of them where that was asked for.
   * @param {object[]} faces as the server's state has them
   * @param {object} picture
   * @param {number} picture.threshold probability below which an expression is called unsure
   * @param {number} picture.width of the frames to which the boxes refer
   * @param {CanvasImageSource|null} picture.image from which the faces are cut
   * @param {boolean} [picture.flipped] whether the page shows the image mirrored
   */
  show(faces, picture) {
    this.#again = () => this.show(faces, picture);
    const known = new Map(this.#fromTheLeft(faces, picture.flipped).map((face) => [keyOf(face, faces), face]));
    const order = this.#order.update(new Map([...known].map(([key, { box }]) => [key, box.width * box.height])));
    const shown = order.filter((key, place) => this.#all || place < MOST_CARDS || key === this.chosen);
    this.#dropAllBut(new Set(shown));
    shown.forEach((key, place) => {
      const card = this.#cards.get(key) ?? this.#add(key);
      card.update(known.get(key), picture, key === this.chosen);
      this.#put(card.root, place);
    });
    this.#showMore(order.length, order.length - shown.length);
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

  #fromTheLeft(faces, flipped) {
    const side = flipped ? -1 : 1;
    return [...faces].sort((a, b) => side * (centre(a) - centre(b)));
  }

  #add(key) {
    const root = this.#template.content.firstElementChild.cloneNode(true);
    const card = new Card(root);
    this.#cards.set(key, card);
    root.querySelector(".pick").addEventListener("click", () => this.choose(key === this.chosen ? null : key));
    return card;
  }

  /** Moves a card to its place; a card that is moved keeps the focus, which browsers would take. */
  #put(root, place) {
    const there = this.#list.children[place];
    if (there === root) return;
    const { activeElement } = document;
    const focused = root.contains(activeElement);
    this.#list.insertBefore(root, there ?? null);
    if (focused) activeElement.focus({ preventScroll: true });
  }

  #dropAllBut(keys) {
    for (const [key, { root }] of this.#cards) {
      if (keys.has(key)) continue;
      root.remove();
      this.#cards.delete(key);
    }
  }

  #showMore(count, left) {
    const others = `and ${left} more ${left === 1 ? "face" : "faces"}: show all`;
    const words = this.#all ? `Show the ${MOST_CARDS} largest only` : others;
    this.#more.hidden = count <= MOST_CARDS || (!this.#all && !left);
    this.#more.setAttribute("aria-expanded", this.#all);
    // Equal text is left alone, so that screen readers are not disturbed.
    if (!this.#more.hidden && this.#more.textContent !== words) this.#more.textContent = words;
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
    this.#write(".found", face.detection == null ? "" : `a face: ${percent(face.detection)}`);
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

/** Faces without a track are told apart by their place in the state. */
function keyOf(face, faces) {
  return face.track ?? `untracked-${faces.indexOf(face)}`;
}

function centre({ box }) {
  return box.x + box.width / 2;
}
