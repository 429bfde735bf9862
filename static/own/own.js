/** The page of the visitor's own camera: wires camera, connection, boxes, panel and controls together. */

import { setUpDialog } from "../shared/dialog.js";
import { setUpFullScreen } from "../panel/fullscreen.js";
import { bindKeys } from "../shared/keys.js";
import { Boxes } from "./boxes.js";
import { Camera, cameras, isAllowed } from "./camera.js";
import { Frames } from "./frames.js";
import { Link } from "./connection.js";
import { describe } from "./texts.js";
import { Panel } from "../panel/panel.js";
import { Pace } from "./pace.js";
import { saveCanvas } from "../panel/screenshot.js";
import { showNote, showShape, showWord } from "../panel/status.js";
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
const link = new Link({ onReady: converse, onLost });
const pace = new Pace();

let on = false;
let mirrored = true;
let bars = false;
let conversation = 0;
let greeting = {};
let latest = null;
let shownAt = 0;
/** Whether a button that goes away now had the focus, which then belongs to the one that takes its place. */
let holding = false;

async function start(device = "") {
  stop("asking");
  try {
    if (!(await camera.open(device))) return;
  } catch (error) {
    return stop(error.reason ?? "other", error.message);
  }
  on = true;
  showSituation("connecting");
  showDevices();
  link.open();
}

function stop(situation, reason = "") {
  on = false;
  conversation += 1;
  link.close();
  camera.close();
  forget();
  showSituation(situation, reason);
}

function forget() {
  latest = null;
  boxes.show(null);
  panel.clear();
  pace.clear();
}

/** Sends frame after frame, each when the one before was answered, for as long as this connection lasts. */
async function converse(told) {
  greeting = told;
  const own = ++conversation;
  const wanted = () => own === conversation;
  showSituation("live");
  while (wanted()) {
    const begunAt = performance.now();
    const frame = await frames.next(wanted);
    if (!frame || !wanted()) continue;
    const sentAt = performance.now();
    const answer = await link.ask(frame);
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
  const told = { status: "live", faces, width: latest.width, fps: pace.rate, latency: pace.trip / 1000 };
  panel.show(greeting, told, { image: video, flipped: mirrored });
}

function draw() {
  boxes.show(latest, { threshold: greeting.threshold, mirrored, bars });
}

function onLost(why) {
  conversation += 1;
  forget();
  showSituation("connection-lost", why);
}

function showSituation(situation, reason = "") {
  const words = describe(situation, reason);
  showWord(situation, words.word);
  panel.explain(words);
  showNote(on ? element("veil") : element("gate"), words);
  element("veil").classList.toggle("shown", on && situation !== "live");
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
  if (!holding || next.hidden) return;
  holding = false;
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

for (const id of ["start", "stop"]) element(id).addEventListener("click", () => (holding = true), { capture: true });
element("start").addEventListener("click", () => start(element("device").value));
element("stop").addEventListener("click", () => stop("off"));
element("mirror").addEventListener("click", toggleMirror);
element("bars").addEventListener("click", toggleBars);
element("screenshot").addEventListener("click", takeScreenshot);
element("device").addEventListener("change", (event) => start(event.target.value));
video.addEventListener("resize", () => showShape(video.videoWidth, video.videoHeight));
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
showSituation(window.isSecureContext ? "off" : "insecure");
