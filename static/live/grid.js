/** All cameras at a glance: a small picture of each, with its name and how it fares. */

import { View } from "./view.js";
import { describe } from "../shared/texts.js";

const WISH = { width: "640", fps: "15" };

export class Grid {
  #root;
  #tiles = new Map();

  /**
   * @param {object} options
   * @param {HTMLElement} options.root where the tiles go
   * @param {string[]} options.cameras
   * @param {(camera: string) => void} options.onChoose called when one is chosen
   */
  constructor({ root, cameras, onChoose }) {
    this.#root = root;
    for (const camera of cameras) {
      const tile = document.getElementById("tile").content.firstElementChild.cloneNode(true);
      tile.querySelector(".tile-name").textContent = camera;
      tile.addEventListener("click", () => onChoose(camera));
      const [screen, still] = [tile.querySelector(".screen"), tile.querySelector(".still")];
      this.#tiles.set(camera, { tile, view: new View({ screen, still, onDrawn: () => {} }) });
      root.append(tile);
    }
  }

  /**
   * Shows the pictures.
   * @param {Record<string, string>} query how the visitor wants them to look
   * @param {number} streams how many of them may be streamed; the others are stills
   */
  open(query, streams) {
    [...this.#tiles].forEach(([camera, { view }], place) => view.show(camera, { ...WISH, ...query }, place < streams));
  }

  /** Frees the connections; the last pictures stay. */
  close() {
    for (const { view } of this.#tiles.values()) view.close();
  }

  /** Shows or hides all of it. */
  set hidden(hidden) {
    this.#root.hidden = hidden;
  }

  /**
   * Shows how the cameras fare, and takes the server's word on the connections.
   * @param {object[]} cameras as the server tells of them
   */
  show(cameras) {
    for (const seen of cameras) {
      const { tile, view } = this.#tiles.get(seen.name) ?? {};
      if (!tile) continue;
      view.follow(seen.left ?? []);
      this.#tell(tile, situationOf(seen, view));
      if (seen.width) tile.style.setProperty("--ratio", seen.width / seen.height);
    }
  }

  /**
   * Says the same of every camera.
   * @param {string} situation such as "connection-lost"
   */
  tellAll(situation) {
    for (const { tile } of this.#tiles.values()) this.#tell(tile, situation);
  }

  #tell(tile, situation) {
    const status = tile.querySelector(".tile-status");
    const { word } = describe(situation);
    status.dataset.state = situation;
    if (status.textContent !== word) status.textContent = word;
  }
}

function situationOf({ status }, { drawn }) {
  if (status === "lost") return "camera-lost";
  if (!drawn) return "connecting";
  return status === "live" ? "live" : "starting";
}
