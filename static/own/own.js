/** The page of the visitor's own camera: wires camera, connection, boxes, panel and controls together. */

import { setUpDialog } from "../shared/dialog.js";
import { setUpFullScreen } from "../panel/fullscreen.js";
import { bindKeys } from "../shared/keys.js";
import { Boxes } from "./boxes.js";
import { Camera, cameras, isAllowed } from "./camera.js";
import { Frames } from "./frames.js";
import { Connection } from "./connection.js";
import { describe } from "./texts.js";
import { Panel } from "../panel/panel.js";
import { Pace } from "./pace.js";
import { saveCanvas } from "../panel/screenshot.js";
import { setAspectRatio, showHeaderStatus, showOverlay } from "../panel/status.js";
import { setUpToast } from "../shared/toast.js";

/** Milliseconds between two updates of the cards and figures: faster is not read. */
const PANEL_EVERY = 100;

const element = (id) => document.getElementById(id);
const video = element("video");
const toast = setUpToast(element("toast"));
const panel = new Panel();
const boxes = new Boxes(element("boxes"));
const frames = new Frames(video);
const camera = new Camera({ video, onEnded: () => stop("ended") });
const connection = new Connection({ onReady: sendFrames, onLost });
const pace = new Pace();

let on = false;
let mirrored = true;
let bars = false;
let session = 0;
let greeting = {};
let latest = null;
let shownAt = 0;
/** Whether the button that is being hidden had the focus, which then moves to the one in its place. */
let movesFocus = false;

async function start(device = "") {
  stop("asking");
  try {
    if (!(await camera.open(device))) return;
  } catch (error) {
    return stop(error.reason ?? "other", error.message);
  }
  on = true;
  showStatus("connecting");
  showDevices();
  connection.open();
}

function stop(status, reason = "") {
  on = false;
  session += 1;
  connection.close();
  camera.close();
  forget();
  showStatus(status, reason);
}

function forget() {
  latest = null;
  boxes.show(null);
  panel.clear();
  pace.clear();
}

/** Sends frame after frame, each when the one before was answered, for as long as this connection lasts. */
async function sendFrames(message) {
  greeting = message;
  const own = ++session;
  const wanted = () => own === session;
  showStatus("live");
  while (wanted()) {
    const begunAt = performance.now();
    const frame = await frames.next(wanted);
    if (!frame || !wanted()) continue;
    const sentAt = performance.now();
    const answer = await connection.ask(frame);
    if (!answer || !wanted()) continue;
    if (answer.faces) show(answer, sentAt);
    await pace.rest(begunAt, 1000 / greeting.fps);
  }
}

function show(answer, sentAt) {
  latest = answer;
  draw();
  pace.add(performance.now() - sentAt);
  if (performance.now() - shownAt >= PANEL_EVERY) showPanel();
}

function showPanel() {
  if (!latest) return;
  shownAt = performance.now();
  const faces = latest.faces.filter(({ fade }) => fade === 1);
  const state = { status: "live", faces, width: latest.width, fps: pace.rate, latency: pace.trip / 1000 };
  panel.show(greeting, state, { image: video, flipped: mirrored });
}

function draw() {
  boxes.show(latest, { threshold: greeting.threshold, mirrored, bars });
}

function onLost(reason) {
  session += 1;
  forget();
  showStatus("connection-lost", reason);
}

function showStatus(status, reason = "") {
  const words = describe(status, reason);
  showHeaderStatus(status, words.word);
  panel.explain(words);
  showOverlay(on ? element("veil") : element("gate"), words);
  element("veil").classList.toggle("shown", on && status !== "live");
  element("gate").hidden = on;
  element("start").hidden = !words.button;
  element("start").textContent = words.button;
  element("stage").classList.toggle("on", on);
  for (const id of ["stop", "mirror", "bars", "screenshot"]) element(id).disabled = !on;
  if (!on) element("devices").hidden = true;
  passFocus();
}

function passFocus() {
  const next = element(on ? "stop" : "start");
  if (!movesFocus || next.hidden) return;
  movesFocus = false;
  next.focus({ preventScroll: true });
}

async function showDevices() {
  const found = await cameras();
  const open = camera.device;
  element("device").replaceChildren(...found.map(({ id, name }) => new Option(name, id, id === open, id === open)));
  element("devices").hidden = !on || found.length < 2;
}

function toggleMirror() {
  if (!on) return;
  mirrored = !mirrored;
  video.classList.toggle("mirrored", mirrored);
  element("mirror").setAttribute("aria-pressed", mirrored);
  draw();
  showPanel();
}

function toggleBars() {
  if (!on) return;
  bars = !bars;
  element("bars").setAttribute("aria-pressed", bars);
  draw();
}

/** The picture as it is seen, boxes and all; it is put together here and goes nowhere. */
async function takeScreenshot() {
  if (!on || !video.videoWidth) return;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  const pen = canvas.getContext("2d");
  if (mirrored) pen.setTransform(-1, 0, 0, 1, canvas.width, 0);
  pen.drawImage(video, 0, 0);
  pen.resetTransform();
  boxes.drawOnto(pen, canvas.width, canvas.height);
  toast(`Saved ${await saveCanvas(canvas, "own-camera")}`);
}

/** Out of sight the camera is off. In sight again it goes on by itself, unless the browser would have to ask. */
async function followVisibility() {
  if (document.hidden) {
    if (on) stop("hidden");
  } else if (element("connection").dataset.state === "hidden" && (await isAllowed())) {
    if (!document.hidden) start(element("device").value);
  }
}

for (const id of ["start", "stop"]) element(id).addEventListener("click", () => (movesFocus = true), { capture: true });
element("start").addEventListener("click", () => start(element("device").value));
element("stop").addEventListener("click", () => stop("off"));
element("mirror").addEventListener("click", toggleMirror);
element("bars").addEventListener("click", toggleBars);
element("screenshot").addEventListener("click", takeScreenshot);
element("device").addEventListener("change", (event) => start(event.target.value));
video.addEventListener("resize", () => setAspectRatio(video.videoWidth, video.videoHeight));
bindKeys({
  s: takeScreenshot,
  m: toggleMirror,
  a: toggleBars,
  f: setUpFullScreen(element("stage"), element("fullscreen")),
  "?": setUpDialog(element("keys"), element("keys-dialog")),
});
document.addEventListener("visibilitychange", followVisibility);
addEventListener("pagehide", () => on && stop("hidden"));
addEventListener("pageshow", (event) => event.persisted && followVisibility());
navigator.mediaDevices?.addEventListener?.("devicechange", () => on && showDevices());
showStatus(window.isSecureContext ? "off" : "insecure");
