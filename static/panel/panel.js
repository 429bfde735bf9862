/** Faces and figures beside the picture, and the time line of the last minutes below it. */

import { Cards } from "./cards.js";
import { History } from "./history.js";
import { Trace } from "./trace.js";
import { milliseconds } from "../shared/texts.js";

const NOTHING = "–";

export class Panel {
  #empty = document.getElementById("empty");
  #history = new History();
  #trace;
  #cards;

  constructor() {
    this.#trace = new Trace(document.getElementById("trace"), { onAll: () => this.#cards.choose(null) });
    const [list, more] = ["faces", "more"].map((id) => document.getElementById(id));
    this.#cards = new Cards(list, more, (track) => this.#trace.choose(track));
  }

  /**
   * Shows the faces and figures of a camera.
   * @param {object} state
   * @param {number} state.threshold probability below which an expression is called unsure
   * @param {{name: string}|null} state.model
   * @param {object} camera status, faces, width, fps, latency, viewers
   * @param {{image: CanvasImageSource|null, flipped?: boolean}} picture from which the faces are cut
   */
  show({ threshold, model }, camera, picture) {
    const live = camera.status === "live";
    this.#showFaces(live ? camera.faces : [], { threshold, width: camera.width, ...picture });
    write("fps", live ? Math.round(camera.fps) : NOTHING);
    write("delay", live ? milliseconds(camera.latency ?? 0) : NOTHING);
    write("viewers", camera.viewers);
    write("model", model?.name ?? NOTHING);
    if (live) this.#history.add(camera.faces);
    this.#trace.show(this.#history, live ? camera.faces.length : 0);
  }

  /** Removes faces and figures; the time line stays. */
  clear() {
    this.#showFaces([], {});
    for (const id of ["fps", "delay", "viewers"]) write(id, NOTHING);
  }

  /** Clears the time line too, because another camera comes. */
  forget() {
    this.clear();
    this.#history = new History();
    this.#cards.choose(null);
    this.#trace.show(this.#history, 0);
  }

  /**
   * Explains why there are no faces, in the place of the cards.
   * @param {{heading: string, about: string}} words
   */
  explain({ heading, about }) {
    writeInto(this.#empty.querySelector(".empty-title"), heading);
    writeInto(this.#empty.querySelector(".empty-text"), about);
  }

  #showFaces(faces, picture) {
    this.#cards.show(faces, picture);
    this.#empty.hidden = faces.length > 0;
    write("count", faces.length || "");
  }
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
