/** All cameras at a glance: a small picture of each, with its name and how it fares. */

import { Stills } from "./stills.js";
import { Stream } from "./stream.js";
import { describe } from "./words.js";

/** Browsers open six connections to one server; the state and a page in another tab want theirs. */
const MOST_STREAMS = 4;
const WISH = { width: 640, fps: 15 };

export class Grid {
  #root;
  #tiles = new Map();

  /**
   * @param {object} options
   * @param {HTMLElement} options.root where the tiles go
   * @param {string[]} options.cameras
   * @param {(camera: string) => void} options.onChoose called when one is chosen
   * @param {() => void} options.onDrawn called when a picture has begun
   */
  constructor({ root, cameras, onChoose, onDrawn }) {
    this.#root = root;
    const Picture = cameras.length > MOST_STREAMS ? Stills : Stream;
    for (const camera of cameras) {
      const tile = document.getElementById("tile").content.firstElementChild.cloneNode(true);
      tile.querySelector(".tile-name").textContent = camera;
      tile.addEventListener("click", () => onChoose(camera));
      const [screen, still] = [tile.querySelector(".screen"), tile.querySelector(".still")];
      this.#tiles.set(camera, { tile, picture: new Picture({ screen, still, onDrawn, wish: WISH }) });
      root.append(tile);
    }
  }

  /** Ids of the connections, by which the server tells whether they still deliver. */
  get viewers() {
    return [...this.#tiles.values()].map(({ picture }) => picture.viewer).filter(Boolean);
  }

  /** Shows the grid and opens its pictures. */
  open() {
    this.#root.hidden = false;
    for (const [camera, { picture }] of this.#tiles) picture.open(camera);
  }

  /** Frees the connections; the last pictures stay. */
  close() {
    for (const { picture } of this.#tiles.values()) picture.close();
  }

  /** Takes the grid from the page. */
  hide() {
    this.close();
    this.#root.hidden = true;
  }

  /**
   * Shows how the cameras fare, and takes the server's word on the connections.
   * @param {object} state the server's answer
   */
  show({ cameras, connections }) {
    for (const seen of cameras) {
      const { tile, picture } = this.#tiles.get(seen.name) ?? {};
      if (!tile) continue;
      if (picture.viewer in connections) picture.judge(connections[picture.viewer]);
      this.#tell(tile, seen.status === "lost" ? "camera-lost" : picture.drawn ? "live" : "connecting");
      if (seen.width) tile.style.setProperty("--ratio", seen.width / seen.height);
    }
  }

  /** Says of every camera that nothing is known. */
  lose() {
    for (const { tile } of this.#tiles.values()) this.#tell(tile, "connection-lost");
  }

  #tell(tile, situation) {
    const status = tile.querySelector(".tile-status");
    const { word } = describe(situation);
    status.dataset.state = situation;
    if (status.textContent !== word) status.textContent = word;
  }
}
