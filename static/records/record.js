/** The page of one record: its progress; then its video, its shares and its moments. */

import { ask } from "../shared/requests.js";
import { setUpPlayer } from "../files/player.js";
import { forget, remember } from "./local-records.js";
import { showMoments } from "./moments.js";
import { showShares } from "./shares.js";
import { clock, span } from "../shared/texts.js";

const POLL_EVERY = 1000;
const RETRY_EVERY = 4000;

/** The server's root, below which a proxy may have put it. */
const root = new URL("..", location.href);
const id = document.body.dataset.record;
const element = (name) => document.getElementById(name);

function address(path) {
  return new URL(path.replace(/^\//, ""), root).href;
}

function showMessage(sentence) {
  if (element("message").textContent !== sentence) element("message").textContent = sentence;
}

async function poll() {
  try {
    show(await (await ask(address(`api/records/${id}`))).json());
  } catch (problem) {
    showMessage(problem.message);
    if (problem.status === 404) return leave();
    setTimeout(poll, RETRY_EVERY);
  }
}

function show(state) {
  const began = new Date(state.started * 1000);
  element("title").textContent = `${state.camera}, ${began.toLocaleString([], { dateStyle: "medium", timeStyle: "short" })}`;
  if (state.status === "done") return showResult(state);
  element("running").hidden = state.status !== "recording";
  element("elapsed").textContent = clock(state.duration);
  element("limit").textContent = `of ${span(state.limit)} at most; it goes on when you leave this page.`;
  showMessage(state.status === "finishing" ? "Finishing …" : "");
  setTimeout(poll, POLL_EVERY);
}

function showResult(state) {
  const { summary, results } = state;
  remember(state);
  element("running").hidden = true;
  element("result").hidden = false;
  for (const link of document.querySelectorAll("[data-file]")) {
    link.hidden = !(link.dataset.file in results);
    if (!link.hidden) link.href = `${address(results[link.dataset.file])}?download=1`;
  }
  const until = new Date(state.expires * 1000).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  showMessage(`${state.message} ${span(state.duration)}, ${faces(state.faces)}. It is deleted ${until}.`.trim());
  document.querySelector(".result").hidden = !("video.mp4" in results);
  if (!("video.mp4" in results)) return;
  document.documentElement.style.setProperty("--ratio", summary.width / summary.height);
  const player = setUpPlayer(document.querySelector(".result"), address(results["video.mp4"]), address(results["timeline.json"]));
  player.loaded.catch((problem) => showMessage(problem.message));
  element("halves").hidden = false;
  showShares(summary);
  showMoments(summary.moments, address, player.jump);
}

function faces(count) {
  return count === 1 ? "1 face" : `${count || "no"} faces`;
}

async function stop() {
  element("stop").disabled = true;
  try {
    await ask(address(`api/records/${id}/stop`), { method: "POST" });
  } catch (problem) {
    showMessage(problem.message);
  } finally {
    element("stop").disabled = false;
  }
}

async function discard() {
  try {
    await ask(address(`api/records/${id}`), { method: "DELETE" });
  } catch (problem) {
    if (problem.status !== 404) return showMessage(problem.message);
  }
  forget(id);
  location.replace(address("records"));
}

function leave() {
  forget(id);
  for (const part of ["running", "result", "halves"]) element(part).hidden = true;
}

element("stop").addEventListener("click", stop);
element("delete").addEventListener("click", () => element("question").showModal());
element("question").addEventListener("close", ({ target }) => target.returnValue === "delete" && discard());
if (!element("message").textContent) poll();
else forget(id);
