/** One video: its upload, its analysis, its result with the time line. */

import { ask } from "../shared/requests.js";
import { setUpPlayer } from "./player.js";
import { upload } from "./upload.js";
import { percent } from "../shared/texts.js";

const POLL_EVERY = 1000;
const RETRY_EVERY = 4000;

export class Video {
  #limit = new AbortController();
  #timer = 0;
  #onChange;
  #onGone;

  /** The server's id; empty while it is being uploaded. */
  id = "";

  /**
   * @param {string} name the file's
   * @param {object} calls
   * @param {() => void} calls.onChange called when the id is known
   * @param {(video: Video) => void} calls.onGone called when it was deleted
   */
  constructor(name, { onChange, onGone }) {
    this.name = name;
    this.#onChange = onChange;
    this.#onGone = onGone;
    this.root = document.getElementById("video").content.firstElementChild.cloneNode(true);
    this.#find(".name").textContent = name;
    this.#find("progress").setAttribute("aria-label", `Progress of ${name}`);
    this.#find(".cancel").addEventListener("click", () => this.#cancel());
    this.#find(".delete").addEventListener("click", () => this.#delete());
  }

  #find(selector) {
    return this.root.querySelector(selector);
  }

  /**
   * Uploads a file and follows its analysis.
   * @param {File} file
   */
  async send(file) {
    const onProgress = (share) => this.#showMessage(`Uploading: ${percent(share)}`, share);
    onProgress(0);
    try {
      const address = `api/videos?${new URLSearchParams({ name: file.name })}`;
      const state = await upload(address, file, { onProgress, signal: this.#limit.signal });
      this.id = state.id;
      this.#onChange();
      this.#show(state);
    } catch (problem) {
      this.#end(problem.message, "failed");
    }
  }

  /**
   * Follows a video that was handed in before.
   * @param {string} id
   */
  follow(id) {
    this.id = id;
    return this.#poll();
  }

  async #poll() {
    try {
      this.#show(await (await ask(`api/videos/${this.id}`)).json());
    } catch (problem) {
      if (problem.status === 404) return this.#leave();
      this.#showMessage(problem.message);
      this.#timer = setTimeout(() => this.#poll(), RETRY_EVERY);
    }
  }

  #show(state) {
    const { status, message } = state;
    if (status === "done") return this.#showResult(state);
    if (status === "failed") return this.#end(`${message}.`, status);
    if (status === "cancelled") return this.#end("Cancelled; its files are deleted.", status);
    if (status === "queued") this.#showMessage(waits(state.ahead));
    else this.#showMessage(`Analysing: ${percent(state.progress)}${remaining(state.left)}`, state.progress);
    this.#timer = setTimeout(() => this.#poll(), POLL_EVERY);
  }

  async #showResult({ results, expires }) {
    this.#end(`Done. It is deleted ${new Date(expires * 1000).toLocaleString()}.`, "done");
    this.#find(".result").hidden = false;
    for (const link of this.root.querySelectorAll("[data-file]")) {
      link.href = `${address(results[link.dataset.file])}?download=1`;
      link.hidden = false;
    }
    const player = setUpPlayer(this.#find(".result"), address(results["annotated.mp4"]), address(results["timeline.json"]));
    try {
      const data = await player.loaded;
      this.#find(".legend").replaceChildren(...legend(data.shares));
    } catch (problem) {
      this.#showMessage(problem.message);
    }
  }

  #showMessage(sentence, share) {
    const message = this.#find(".status-text");
    if (message.textContent !== sentence) message.textContent = sentence;
    const bar = this.#find("progress");
    if (share === undefined) bar.removeAttribute("value");
    else bar.value = share;
  }

  #end(sentence, status) {
    clearTimeout(this.#timer);
    this.root.classList.toggle("failed", status === "failed");
    this.#showMessage(sentence, 1);
    this.#find("progress").hidden = true;
    this.#find(".cancel").hidden = true;
    this.#find(".delete").hidden = false;
    this.#find(".delete").textContent = status === "done" ? "Delete now" : "Remove";
  }

  async #cancel() {
    clearTimeout(this.#timer);
    if (!this.id) return this.#limit.abort();
    await ask(`api/videos/${this.id}/cancel`, { method: "POST" }).catch(() => {});
    return this.#poll();
  }

  async #delete() {
    try {
      if (this.id) await ask(`api/videos/${this.id}`, { method: "DELETE" });
    } catch (problem) {
      if (problem.status !== 404) return this.#showMessage(problem.message, 1);
    }
    return this.#leave();
  }

  #leave() {
    clearTimeout(this.#timer);
    this.root.remove();
    this.#onGone(this);
  }
}

/** The server's addresses begin at its root; a proxy may have put it below a path. */
function address(path) {
  return path.replace(/^\//, "");
}

function waits(ahead) {
  if (!ahead) return "Waiting to begin …";
  return `Waiting for ${ahead === 1 ? "another video" : `${ahead} other videos`} …`;
}

function remaining(seconds) {
  if (seconds === null) return "";
  if (seconds < 90) return `, about ${Math.max(1, Math.round(seconds))} s left`;
  return `, about ${Math.round(seconds / 60)} min left`;
}

function legend(shares) {
  return Object.entries(shares).map(([label, share]) => {
    const entry = document.createElement("li");
    entry.dataset.expression = label;
    entry.textContent = `${label} ${percent(share)}`;
    return entry;
  });
}
