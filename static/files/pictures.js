/** The page for pictures: has them analysed two at a time, and saves the results of all. */

import { download } from "../shared/download.js";
import { setUpDrop } from "../shared/drop.js";
import { Picture } from "./picture.js";
import { ask } from "../shared/requests.js";
import { percent } from "../shared/texts.js";

const AT_ONCE = 2;
const MEGABYTE = 1e6;

const element = (id) => document.getElementById(id);
const limit = Number(document.body.dataset.limit) * MEGABYTE;
const pictures = new Set();
const waiting = [];
let reading = 0;

function add(files) {
  const refused = files.filter((file) => file.size > limit);
  showMessage(refused.map((file) => `${file.name} is larger than ${limit / MEGABYTE} MB.`).join(" "));
  for (const file of files.filter((file) => file.size <= limit)) {
    const picture = new Picture(file, threshold(), forget);
    pictures.add(picture);
    waiting.push(picture);
    element("list").prepend(picture.root);
  }
  showControls();
  for (let free = AT_ONCE - reading; free > 0; free -= 1) readNext();
}

async function readNext() {
  const picture = waiting.shift();
  if (!picture) return;
  reading += 1;
  await picture.read();
  reading -= 1;
  showControls();
  readNext();
}

function forget(picture) {
  pictures.delete(picture);
  const place = waiting.indexOf(picture);
  if (place >= 0) waiting.splice(place, 1);
  showControls();
}

function answered() {
  return [...pictures].filter((picture) => picture.answer);
}

function showControls() {
  element("controls").hidden = !pictures.size;
  for (const id of ["zip", "csv", "json"]) element(id).disabled = !answered().length;
}

function threshold() {
  return Number(element("threshold").value) / 100;
}

async function saveAll(form, name) {
  const body = new FormData();
  for (const picture of answered()) picture.addTo(body);
  showMessage("Preparing the file …");
  try {
    const answer = await ask(`api/analyze?form=${form}&threshold=${threshold()}`, { method: "POST", body });
    download(await answer.blob(), name);
    showMessage(`Saved ${name}`);
  } catch (problem) {
    showMessage(problem.message);
  }
}

function saveJson() {
  const answers = answered().map((picture) => picture.answer);
  download(new Blob([JSON.stringify(answers, null, 2)], { type: "application/json" }), "expressions.json");
}

function showMessage(sentence) {
  element("message").textContent = sentence;
}

element("threshold").addEventListener("input", () => {
  element("threshold-value").textContent = percent(threshold());
  for (const picture of pictures) picture.judgeBy(threshold());
});
element("zip").addEventListener("click", () => saveAll("zip", "expressions.zip"));
element("csv").addEventListener("click", () => saveAll("csv", "expressions.csv"));
element("json").addEventListener("click", saveJson);
setUpDrop({ zone: element("drop"), input: element("files"), onFiles: add });
