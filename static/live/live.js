/** The live page: wires events, pictures, panel and controls together. */

import { Controls } from "./controls.js";
import { setUpDialog } from "../shared/dialog.js";
import { Events } from "./events.js";
import { setUpFullScreen } from "../panel/fullscreen.js";
import { Grid } from "./grid.js";
import { bindKeys } from "../shared/keys.js";
import { ViewOptions } from "./view-options.js";
import { Panel } from "../panel/panel.js";
import { watchVisibility } from "./visibility.js";
import { setUpRecording } from "./recording.js";
import { saveCanvas, saveScreenshot } from "../panel/screenshot.js";
import { setAspectRatio, showHeaderStatus, showOverlay } from "../panel/status.js";
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
const options = new ViewOptions(JSON.parse(document.body.dataset.viewOptions), onOptions);
const controls = new Controls(options, toast);
const panel = new Panel();
const view = new View({ screen: element("screen"), still: element("still"), onDrawn: showStatus });
const grid = new Grid({ root: element("grid"), cameras, onChoose: choose });
const events = new Events({ onState, onLost, onGranted });

let camera = chosenCamera();
let paused = false;
let away = document.hidden;
let lost = false;
/** Streams that this tab may open; null until the hub has answered. */
let granted = null;
/** The latest state of the camera that is shown; null before the first. */
let latest = null;

function chosenCamera() {
  const wanted = new URLSearchParams(location.search).get("camera");
  return cameras.includes(wanted) || (wanted === ALL && cameras.length > 1) ? wanted : cameras[0];
}

/** Subscribes to what is shown, and opens or closes the pictures accordingly. */
function update() {
  const asleep = paused || away;
  const shown = camera === ALL ? cameras : [camera];
  const streams = shown.length > MOST_STREAMS ? 0 : shown.length;
  if (asleep) granted = null;
  events.subscribe({ cameras: asleep ? [] : shown, smoothing: options.query.smoothing ?? "", streams });
  showPictures();
  showStatus();
}

function showPictures() {
  const open = !paused && !away && !lost && granted !== null;
  if (!open || camera === ALL) view.close();
  if (!open || camera !== ALL) grid.close();
  if (!open) return;
  if (camera === ALL) grid.open(options.query, granted);
  else view.show(camera, options.query, granted > 0);
}

function onGranted(streams) {
  granted = streams;
  showPictures();
}

function onState(state) {
  if (paused || away) return;
  const states = state.cameras.filter(({ name }) => camera === ALL || name === camera);
  // The server no longer has this camera; a fresh page lists the ones there are. Never in a quick loop.
  if (!states.length && state.complete && performance.now() > AGED) return location.replace(location.pathname);
  if (!states.length) return;
  // A stream that was open while the server was away may be open on one side only.
  if (state.reconnected) closePictures();
  if (lost || state.reconnected) {
    lost = false;
    showPictures();
  }
  showNotice(state.notice);
  if (camera === ALL) showAll(states);
  else showOne(state, states[0]);
  showStatus();
}

function showAll(states) {
  grid.show(states);
  const statuses = new Set(states.map(({ status }) => status));
  latest = { status: statuses.has("lost") ? "lost" : statuses.size === 1 ? states[0].status : "starting" };
}

function showOne(state, cameraState) {
  latest = cameraState;
  view.reopenEnded(cameraState.left ?? []);
  setAspectRatio(cameraState.width, cameraState.height);
  const faces = cameraState.faces.map((face) => mirrored(face, cameraState.width));
  panel.show({ ...state, threshold: options.threshold }, { ...cameraState, faces }, { image: view.image });
}

function mirrored(face, width) {
  return options.mirror ? { ...face, box: { ...face.box, x: width - face.box.x - face.box.width } } : face;
}

function onLost({ locked }) {
  if (locked) return location.reload(); // the server then asks for a log-in
  if (paused || away || lost) return;
  lost = true;
  latest = null;
  closePictures();
  grid.setAll("connection-lost");
  panel.clear();
  showStatus();
}

function closePictures() {
  view.close();
  grid.close();
}

function currentStatus() {
  if (paused) return "paused";
  if (lost) return "connection-lost";
  if (!latest) return "connecting";
  if (latest.status === "lost") return "camera-lost";
  if (camera !== ALL && !view.drawn) return view.refused ? "refused" : "connecting";
  return latest.status === "live" ? "live" : "starting";
}

function showStatus() {
  const status = currentStatus();
  const words = describe(status, latest?.message);
  showHeaderStatus(status, words.word);
  panel.explain(words);
  // While the stream runs, the server draws into the picture what is wrong with the camera.
  const clear = paused || (view.drawn && (view.streams || status === "live"));
  element("veil").classList.toggle("shown", !clear);
  if (!clear) showOverlay(element("veil"), words);
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
  latest = null;
  granted = null;
  paused = false;
  const address = new URL(location.href);
  address.searchParams.set("camera", name);
  history.replaceState(null, "", address);
  showLayout();
  showPause();
  closePictures();
  panel.forget();
  update();
}

/** A paused picture cannot be drawn anew, so a change of options ends the pause. */
function onOptions() {
  controls.show();
  paused = false;
  showPause();
  update();
}

/** Everything stands still, and the connection is closed until it goes on. */
function togglePause() {
  paused = !paused;
  latest = null;
  if (paused) grid.setAll("paused");
  showPause();
  update();
}

function showPause() {
  element("pause").setAttribute("aria-pressed", paused);
  element("pause").querySelector("span").textContent = paused ? "Resume" : "Pause";
  element("stage").classList.toggle("paused", paused);
}

async function takeScreenshot() {
  if (camera === ALL) return;
  try {
    toast(`Saved ${await (paused ? saveCanvas(view.image, camera) : saveScreenshot(camera, options.query))}`);
  } catch {
    toast("No screenshot: the server gave no picture. Try again when the picture is live.");
  }
}

function onVisibility(hidden) {
  away = hidden;
  latest = null;
  update();
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
  options: () => options.query,
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
watchVisibility(onVisibility);
showLayout();
update();
