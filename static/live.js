/** The live page: wires state, stream, panel and controls together. */

import { setUpFullScreen } from "./fullscreen.js";
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

const element = (id) => document.getElementById(id);
const cameras = JSON.parse(document.body.dataset.cameras);
const panel = new Panel();
const stream = new Stream({ screen: element("screen"), still: element("still"), onDrawn: () => watch.ask() });

let camera = chosenCamera();
let answeredAt = performance.now();
let lost = false;
let hiddenTimer = 0;
let toastTimer = 0;

if (!document.hidden) stream.open(camera);
const watch = watchState({ query: question, onAnswer, onFailure });

function question() {
  return stream.viewer ? { camera, viewer: stream.viewer } : { camera };
}

function chosenCamera() {
  const wanted = new URLSearchParams(location.search).get("camera");
  return cameras.includes(wanted) ? wanted : cameras[0];
}

function onAnswer(state) {
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
  stream.close();
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
  notice.hidden = !text;
}

function showShape({ width, height }) {
  if (width && height) document.documentElement.style.setProperty("--ratio", width / height);
}

function choose(name) {
  camera = name;
  const address = new URL(location.href);
  address.searchParams.set("camera", name);
  history.replaceState(null, "", address);
  stream.open(name);
  stream.clear();
  panel.clear();
  showSituation("connecting");
  watch.ask();
}

async function takeScreenshot() {
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
  stream.close();
  showSituation("connecting");
}

/** A hidden page gives its connection back, so that the camera can rest and other tabs can load. */
function followVisibility() {
  clearTimeout(hiddenTimer);
  if (document.hidden) {
    hiddenTimer = setTimeout(rest, HIDDEN_FOR);
    return;
  }
  if (!stream.viewer && !lost) stream.open(camera);
  watch.ask();
}

function setUpCameras() {
  for (const radio of document.querySelectorAll("input[name=camera]")) {
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
