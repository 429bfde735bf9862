/** All cameras at a glance: a small picture of each, with its name and status. */

import { View } from "./view.js";
import { describe } from "../shared/texts.js";

const TILE_OPTIONS = { width: "640", fps: "15" };

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
   * @param {Record<string, string>} query the visitor's view options
   * @param {number} streams how many of them may be streamed; the others are stills
   */
  open(query, streams) {
    [...this.#tiles].forEach(([camera, { view }], place) => view.show(camera, { ...TILE_OPTIONS, ...query }, place < streams));
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
   * Shows the cameras' status, and reopens streams that have ended.
   * @param {object[]} cameras as the server's state has them
   */
  show(cameras) {
    for (const camera of cameras) {
      const { tile, view } = this.#tiles.get(camera.name) ?? {};
      if (!tile) continue;
      view.reopenEnded(camera.left ?? []);
      this.#setStatus(tile, statusOf(camera, view));
      if (camera.width) tile.style.setProperty("--ratio", camera.width / camera.height);
    }
  }

  /**
   * Shows the same status for every camera.
   * @param {string} status such as "connection-lost"
   */
  setAll(status) {
    for (const { tile } of this.#tiles.values()) this.#setStatus(tile, status);
  }

  #setStatus(tile, status) {
    const badge = tile.querySelector(".tile-status");
    const { word } = describe(status);
    badge.dataset.state = status;
    if (badge.textContent !== word) badge.textContent = word;
  }
}

function statusOf({ status }, { drawn }) {
  if (status === "lost") return "camera-lost";
  if (!drawn) return "connecting";
  return status === "live" ? "live" : "starting";
}
