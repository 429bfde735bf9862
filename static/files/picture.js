/** One uploaded picture with its boxes; a click on a face shows its seven bars. */

import { download, stem } from "../shared/download.js";
import { placeLabels } from "./labels.js";
import { ask } from "../shared/requests.js";
import { bars } from "../shared/bars.js";
import { adjective, percent } from "../shared/texts.js";

export class Picture {
  #file;
  #threshold;
  #whole = false;
  #chosen = -1;
  #boxes = [];
  /** Whether the browser cannot show this format. */
  #unsupported = false;
  #onRemove;

  /** The server's answer; null until it came, and where there is none. */
  answer = null;

  /**
   * @param {File} file
   * @param {number} threshold probability below which a face is not very confident
   * @param {(picture: Picture) => void} onRemove called when the visitor removes it
   */
  constructor(file, threshold, onRemove) {
    this.#file = file;
    this.#threshold = threshold;
    this.#onRemove = onRemove;
    this.root = document.getElementById("picture").content.firstElementChild.cloneNode(true);
    this.#find(".name").textContent = file.name;
    this.#image.src = URL.createObjectURL(file);
    this.#image.addEventListener("error", () => (this.#unsupported = true), { once: true });
    new ResizeObserver(() => this.#placeLabels()).observe(this.#find(".shown"));
    this.#on(".whole", () => this.#readWhole());
    this.#on(".save-picture", () => this.#save("picture", "-annotated.jpg"));
    this.#on(".save-csv", () => this.#save("csv", ".csv"));
    this.#on(".save-json", () => download(new Blob([JSON.stringify(this.answer, null, 2)]), `${stem(file.name)}.json`));
    this.#on(".remove", () => this.#remove());
  }

  get #image() {
    return this.#find(".shown img");
  }

  #find(selector) {
    return this.root.querySelector(selector);
  }

  #on(selector, action) {
    this.#find(selector).addEventListener("click", action);
  }

  /** Has the server analyse it. */
  async read() {
    this.#showMessage("Analysing …");
    try {
      this.answer = await (await ask(`api/analyze?threshold=${this.#threshold}`, this.#request())).json();
      this.#show();
      if (this.#unsupported) await this.#showServersCopy();
    } catch (problem) {
      this.#fail(problem.message);
    }
  }

  /**
   * Adds it to a form of several pictures.
   * @param {FormData} form
   */
  addTo(form) {
    form.append(this.#whole ? "face" : "image", this.#file);
  }

  /** @param {number} threshold probability below which a face is not very confident */
  judgeBy(threshold) {
    this.#threshold = threshold;
    if (this.answer) this.#show();
  }

  #request() {
    const body = new FormData();
    this.addTo(body);
    return { method: "POST", body };
  }

  #show() {
    const { faces, width, height, whole } = this.answer;
    this.#find(".shown").style.setProperty("--shape", width / height);
    this.#boxes = faces.map((face, index) => this.#box(face, index));
    this.#find(".boxes").replaceChildren(...this.#boxes);
    this.#placeLabels();
    this.#find(".whole").hidden = faces.length > 0;
    for (const button of this.root.querySelectorAll(".save")) button.hidden = false;
    const count = faces.length === 1 ? "One face" : `${faces.length} faces`;
    this.#showMessage(whole ? "Read as one face" : faces.length ? count : "No face was found in this picture");
    const largest = faces.findIndex((face) => face.largest);
    this.#choose(this.#boxes[this.#chosen] ? this.#chosen : Math.max(largest, 0));
  }

  #placeLabels() {
    placeLabels(this.#find(".shown"), this.#boxes);
  }

  #box(face, index) {
    const { width, height, faces } = this.answer;
    const { box, largest } = face;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "box";
    button.dataset.expression = face.expression ?? "";
    button.classList.toggle("unsure", !this.#isSure(face));
    Object.assign(button.style, {
      left: `${(100 * box.x) / width}%`,
      top: `${(100 * box.y) / height}%`,
      width: `${(100 * box.width) / width}%`,
      height: `${(100 * box.height) / height}%`,
    });
    const mark = largest && faces.length > 1 ? ", the largest" : "";
    const place = `Face ${index + 1} of ${faces.length}${mark}`;
    button.setAttribute("aria-label", `${place}: ${this.#words(face)}, ${percent(face.confidence)}`);
    const label = button.appendChild(document.createElement("span"));
    label.textContent = face.expression;
    label.appendChild(document.createElement("i")).textContent = ` ${percent(face.confidence)}`;
    if (mark) Object.assign(label.appendChild(document.createElement("i")), { className: "mark", textContent: " · largest" });
    button.addEventListener("click", () => this.#choose(index));
    return button;
  }

  #isSure(face) {
    return face.confidence >= this.#threshold;
  }

  #words(face) {
    const word = adjective(face.expression);
    return this.#isSure(face) ? `looks ${word}` : `perhaps looks ${word}, not very confident`;
  }

  #choose(index) {
    this.#chosen = index;
    this.#boxes.forEach((box, place) => box.setAttribute("aria-pressed", place === index));
    const face = this.answer.faces[index];
    const detail = this.#find(".detail");
    detail.hidden = !face;
    if (!face) return;
    const words = this.#words(face);
    this.#find(".verdict").textContent = words[0].toUpperCase() + words.slice(1);
    const count = this.answer.faces.length;
    const which = `Face ${index + 1} of ${count}${face.largest ? ", the largest" : ""}`;
    this.#find(".which").textContent = count > 1 ? which : "";
    this.#find(".found").textContent = this.answer.whole ? "" : `Found with ${percent(face.detection)} certainty`;
    this.#find(".seven").replaceChildren(bars(face.probabilities));
  }

  #showMessage(sentence) {
    this.#find(".status-text").textContent = sentence;
  }

  #fail(sentence) {
    this.root.classList.add("failed");
    this.#find(".shown").hidden = true;
    this.#showMessage(sentence);
  }

  #readWhole() {
    this.#whole = true;
    return this.read();
  }

  async #save(form, ending) {
    try {
      const answer = await ask(`api/analyze?form=${form}&threshold=${this.#threshold}`, this.#request());
      download(await answer.blob(), `${stem(this.#file.name)}${ending}`);
    } catch (problem) {
      this.#showMessage(problem.message);
    }
  }

  /** The server's copy has the boxes drawn in, but browsers can show it. */
  async #showServersCopy() {
    const answer = await ask("api/analyze?form=picture", this.#request());
    this.#unsupported = false;
    URL.revokeObjectURL(this.#image.src);
    this.#image.src = URL.createObjectURL(await answer.blob());
  }

  #remove() {
    URL.revokeObjectURL(this.#image.src);
    this.root.remove();
    this.#onRemove(this);
  }
}
