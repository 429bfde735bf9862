/** The live page: wires state, stream, panel and controls together. */

import { setUpFullScreen } from "./fullscreen.js";
import { Grid } from "./grid.js";
import { bindKeys } from "./keys.js";
import { Panel } from "./panel.js";
import { saveScreenshot } from "./screenshot.js";
import { watchState } from "./state.js";
import { Stream } from "./stream.js";
import { describe } from "./words.js";

/** One answer may be missed, a server that says nothing for this long counts as lost. */
const SILENCE = 1200;
/** A tab that is only passed by keeps its stream. */
const HIDDEN_FOR = 4000;
const AGED = 5000;
const TOAST_TIME = 4000;
/** Stands for all cameras in place of one's name; no camera can be called so. */
const ALL = "*";

const element = (id) => document.getElementById(id);
const cameras = JSON.parse(document.body.dataset.cameras);
const panel = new Panel();
const stream = new Stream({ screen: element("screen"), still: element("still"), onDrawn: () => watch.ask() });
const grid = new Grid({ root: element("grid"), cameras, onChoose: choose, onDrawn: () => watch.ask() });

let camera = chosenCamera();
let answeredAt = performance.now();
let lost = false;
let hiddenTimer = 0;
let toastTimer = 0;

if (!document.hidden) openPicture();
const watch = watchState({ query: question, onAnswer, onFailure });

function openPicture() {
  element("single").hidden = camera === ALL;
  if (camera === ALL) return grid.open();
  grid.hide();
  stream.open(camera);
}

function closePicture() {
  stream.close();
  grid.close();
}

function question() {
  if (camera === ALL) return grid.viewers.map((viewer) => ["viewer", viewer]);
  return stream.viewer ? { camera, viewer: stream.viewer } : { camera };
}

function chosenCamera() {
  const wanted = new URLSearchParams(location.search).get("camera");
  return cameras.includes(wanted) || (wanted === ALL && cameras.length > 1) ? wanted : cameras[0];
}

function onAnswer(state) {
  if (camera === ALL) return onAnswerForAll(state);
  const seen = state.cameras.find(({ name }) => name === camera);
  if (!seen) return onFailure(new Error("the answer lacks the camera"));
  answeredAt = performance.now();
  followStream(state.viewer);
  lost = false;
  showNotice(state.notice);
  showShape(seen);
  panel.show(state, seen);
  showSituation(situationOf(seen, state.viewer), seen.message);
}

function onAnswerForAll(state) {
  answeredAt = performance.now();
  if (lost && !document.hidden) grid.open();
  lost = false;
  showNotice(state.notice);
  grid.show(state);
  const statuses = new Set(state.cameras.map(({ status }) => status));
  const whole = statuses.size === 1 && statuses.has("live");
  showSituation(statuses.has("lost") ? "camera-lost" : whole ? "live" : "connecting");
}

/** After a lost connection the stream is opened anew in any case: an old one may look alive on one side only. */
function followStream(viewer) {
  if (document.hidden) return;
  if (lost) stream.open(camera);
  else if (viewer) stream.judge(viewer.delivering);
}

function situationOf(seen, viewer) {
  if (seen.status === "lost") return "camera-lost";
  if (!stream.drawn || viewer?.delivering === false) return stream.refused ? "refused" : "connecting";
  return seen.status === "live" ? "live" : "starting";
}

function onFailure(error) {
  // The server lives but no longer has this camera; a fresh page knows which ones there are. Never in a quick loop.
  if (error.status === 404 && performance.now() > AGED) return location.replace(location.pathname);
  if (performance.now() - answeredAt < SILENCE) return;
  lost = true;
  closePicture();
  grid.lose();
  panel.clear();
  showSituation("connection-lost");
}

function showSituation(situation, message = "") {
  const words = describe(situation, message);
  const connection = element("connection");
  connection.dataset.state = situation;
  // Equal text is left alone: a screen reader would say it again.
  if (connection.textContent !== words.word) connection.textContent = words.word;
  panel.explain(words);
  const veil = element("veil");
  // While the stream runs the picture speaks for itself: the server draws into it what is wrong with the camera.
  veil.classList.toggle("shown", !stream.drawn);
  if (stream.drawn) return;
  veil.querySelector(".veil-title").textContent = words.title;
  veil.querySelector(".veil-text").textContent = words.text;
}

function showNotice(text) {
  const notice = element("notice");
  if (notice.textContent !== text) notice.textContent = text;
  notice.parentElement.hidden = !text;
}

function showShape({ width, height }) {
  if (width && height) document.documentElement.style.setProperty("--ratio", width / height);
}

function choose(name) {
  camera = name;
  for (const radio of radios()) radio.checked = radio.value === name;
  const address = new URL(location.href);
  address.searchParams.set("camera", name);
  history.replaceState(null, "", address);
  stream.close();
  stream.clear();
  openPicture();
  panel.clear();
  showSituation("connecting");
  watch.ask();
}

async function takeScreenshot() {
  if (camera === ALL) return;
  try {
    toast(`Saved ${await saveScreenshot(camera)}`);
  } catch {
    toast("No screenshot: the server gave no picture. Try again when the picture is live.");
  }
}

function toast(text) {
  clearTimeout(toastTimer);
  const note = element("toast");
  note.textContent = text;
  note.classList.add("shown");
  toastTimer = setTimeout(() => note.classList.remove("shown"), TOAST_TIME);
}

function rest() {
  closePicture();
  showSituation("connecting");
}

/** A hidden page gives its connection back, so that the camera can rest and other tabs can load. */
function followVisibility() {
  clearTimeout(hiddenTimer);
  if (document.hidden) {
    hiddenTimer = setTimeout(rest, HIDDEN_FOR);
    return;
  }
  if (!stream.viewer && !grid.viewers.length && !lost) openPicture();
  watch.ask();
}

function radios() {
  return document.querySelectorAll("input[name=camera]");
}

function setUpCameras() {
  for (const radio of radios()) {
    radio.checked = radio.value === camera;
    radio.addEventListener("change", () => choose(radio.value));
  }
}

setUpCameras();
element("screenshot").addEventListener("click", takeScreenshot);
bindKeys({ s: takeScreenshot, f: setUpFullScreen(element("stage"), element("fullscreen")) });
document.addEventListener("visibilitychange", followVisibility);
addEventListener("online", () => watch.ask());
// Browsers may keep a page that was left and show it again as it was, without its connection.
addEventListener("pagehide", rest);
addEventListener("pageshow", (event) => event.persisted && followVisibility());
