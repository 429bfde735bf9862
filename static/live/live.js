/** The live page: wires events, pictures, panel and controls together. */

import { Controls } from "./controls.js";
import { setUpDialog } from "../shared/dialog.js";
import { Events } from "./events.js";
import { setUpFullScreen } from "../panel/fullscreen.js";
import { Grid } from "./grid.js";
import { bindKeys } from "../shared/keys.js";
import { Look } from "./view-options.js";
import { Panel } from "../panel/panel.js";
import { followPresence } from "./visibility.js";
import { setUpRecording } from "./recording.js";
import { saveCanvas, saveScreenshot } from "../panel/screenshot.js";
import { showNote, showShape, showWord } from "../panel/status.js";
import { setUpToast } from "../shared/toast.js";
import { View } from "./view.js";
import { describe } from "../shared/texts.js";

const AGED = 5000;
/** More would leave a browser no connection for anything else; a grid of more shows stills only. */
const MOST_STREAMS = 4;
/** Stands for all cameras in place of one's name; no camera can be called so. */
const ALL = "*";

const element = (id) => document.getElementById(id);
const cameras = JSON.parse(document.body.dataset.cameras);
const toast = setUpToast(element("toast"));
const look = new Look(JSON.parse(document.body.dataset.viewOptions), onLook);
const controls = new Controls(look, toast);
const panel = new Panel();
const view = new View({ screen: element("screen"), still: element("still"), onDrawn: showSituation });
const grid = new Grid({ root: element("grid"), cameras, onChoose: choose });
const events = new Events({ onState, onLost, onGranted });

let camera = chosenCamera();
let paused = false;
let resting = document.hidden;
let lost = false;
/** Streams that this tab may open; null until the exchange has answered. */
let granted = null;
/** What the server told last of the camera that is shown; null before. */
let seen = null;

function chosenCamera() {
  const wanted = new URLSearchParams(location.search).get("camera");
  return cameras.includes(wanted) || (wanted === ALL && cameras.length > 1) ? wanted : cameras[0];
}

/** Says what is wished for, and opens or closes the pictures accordingly. */
function follow() {
  const asleep = paused || resting;
  const shown = camera === ALL ? cameras : [camera];
  const streams = shown.length > MOST_STREAMS ? 0 : shown.length;
  if (asleep) granted = null;
  events.wish({ cameras: asleep ? [] : shown, smoothing: look.query.smoothing ?? "", streams });
  showPictures();
  showSituation();
}

function showPictures() {
  const open = !paused && !resting && !lost && granted !== null;
  if (!open || camera === ALL) view.close();
  if (!open || camera !== ALL) grid.close();
  if (!open) return;
  if (camera === ALL) grid.open(look.query, granted);
  else view.show(camera, look.query, granted > 0);
}

function onGranted(streams) {
  granted = streams;
  showPictures();
}

function onState(state) {
  if (paused || resting) return;
  const told = state.cameras.filter(({ name }) => camera === ALL || name === camera);
  // The server lives but no longer has this camera; a fresh page knows which ones there are. Never in a quick loop.
  if (!told.length && state.whole && performance.now() > AGED) return location.replace(location.pathname);
  if (!told.length) return;
  // A stream that was open while the server was away may look alive on one side only.
  if (state.again) closePictures();
  if (lost || state.again) {
    lost = false;
    showPictures();
  }
  showNotice(state.notice);
  if (camera === ALL) showAll(told);
  else showOne(state, told[0]);
  showSituation();
}

function showAll(told) {
  grid.show(told);
  const statuses = new Set(told.map(({ status }) => status));
  seen = { status: statuses.has("lost") ? "lost" : statuses.size === 1 ? told[0].status : "starting" };
}

function showOne(state, told) {
  seen = told;
  view.follow(told.left ?? []);
  showShape(told.width, told.height);
  const faces = told.faces.map((face) => asSeen(face, told.width));
  panel.show({ ...state, threshold: look.threshold }, { ...told, faces }, { image: view.image });
}

function asSeen(face, width) {
  return look.mirror ? { ...face, box: { ...face.box, x: width - face.box.x - face.box.width } } : face;
}

function onLost({ locked }) {
  if (locked) return location.reload(); // the server then asks who it is
  if (paused || resting || lost) return;
  lost = true;
  seen = null;
  closePictures();
  grid.tellAll("connection-lost");
  panel.clear();
  showSituation();
}

function closePictures() {
  view.close();
  grid.close();
}

function situation() {
  if (paused) return "paused";
  if (lost) return "connection-lost";
  if (!seen) return "connecting";
  if (seen.status === "lost") return "camera-lost";
  if (camera !== ALL && !view.drawn) return view.refused ? "refused" : "connecting";
  return seen.status === "live" ? "live" : "starting";
}

function showSituation() {
  const name = situation();
  const words = describe(name, seen?.message);
  showWord(name, words.word);
  panel.explain(words);
  // While the stream runs the picture speaks for itself: the server draws into it what is wrong with the camera.
  const clear = paused || (view.drawn && (view.streams || name === "live"));
  element("veil").classList.toggle("shown", !clear);
  if (!clear) showNote(element("veil"), words);
}

function showNotice(text) {
  const notice = element("notice");
  if (notice.textContent !== text) notice.textContent = text;
  notice.parentElement.hidden = !text;
}

function showLayout() {
  element("live").classList.toggle("all", camera === ALL);
  grid.hidden = camera !== ALL;
  element("screen").hidden = camera === ALL;
  element("screenshot").disabled = camera === ALL;
  for (const radio of radios()) radio.checked = radio.value === camera;
}

function choose(name) {
  if (name === camera || (name !== ALL && !cameras.includes(name))) return;
  camera = name;
  seen = null;
  granted = null;
  paused = false;
  const address = new URL(location.href);
  address.searchParams.set("camera", name);
  history.replaceState(null, "", address);
  showLayout();
  showPause();
  closePictures();
  panel.forget();
  follow();
}

/** A picture that stands still cannot be drawn anew, so another look ends the pause. */
function onLook() {
  controls.show();
  paused = false;
  showPause();
  follow();
}

/** Everything stands still, and the connection is given back until it goes on. */
function togglePause() {
  paused = !paused;
  seen = null;
  if (paused) grid.tellAll("paused");
  showPause();
  follow();
}

function showPause() {
  element("pause").setAttribute("aria-pressed", paused);
  element("pause").querySelector("span").textContent = paused ? "Go on" : "Pause";
  element("stage").classList.toggle("paused", paused);
}

async function takeScreenshot() {
  if (camera === ALL) return;
  try {
    toast(`Saved ${await (paused ? saveCanvas(view.image, camera) : saveScreenshot(camera, look.query))}`);
  } catch {
    toast("No screenshot: the server gave no picture. Try again when the picture is live.");
  }
}

function rest(away) {
  resting = away;
  seen = null;
  follow();
}

function radios() {
  return document.querySelectorAll("input[name=camera]");
}

for (const radio of radios()) radio.addEventListener("change", () => choose(radio.value));
element("pause").addEventListener("click", togglePause);
element("screenshot").addEventListener("click", takeScreenshot);
const record = setUpRecording({
  button: element("record"),
  camera: () => (camera === ALL ? "" : camera),
  look: () => look.query,
  toast,
});
bindKeys({
  " ": togglePause,
  a: () => controls.toggleBars(),
  m: () => controls.toggleMirror(),
  p: () => controls.nextPrivacy(),
  t: () => controls.toggleSliders(),
  s: takeScreenshot,
  r: () => element("record").hidden || record.toggle(),
  f: setUpFullScreen(element("stage"), element("fullscreen")),
  g: () => cameras.length > 1 && choose(ALL),
  "?": setUpDialog(element("keys"), element("keys-dialog")),
  ...Object.fromEntries(cameras.slice(0, 9).map((name, place) => [place + 1, () => choose(name)])),
});
followPresence(rest);
showLayout();
follow();
