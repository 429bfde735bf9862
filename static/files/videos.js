/** The page for videos: uploads them, and keeps a list of the visitor's own in the browser. */

import { setUpDrop } from "../shared/drop.js";
import { loadList, storeList } from "../shared/local-storage.js";
import { Video } from "./video.js";

const STORAGE_KEY = "videos";
const MEGABYTE = 1e6;

const element = (id) => document.getElementById(id);
const limit = Number(document.body.dataset.limit) * MEGABYTE;
const videos = new Set();
let sending = Promise.resolve();

function add(files) {
  const refused = files.filter((file) => file.size > limit);
  element("message").textContent = refused.map((file) => `${file.name} is larger than ${limit / MEGABYTE} MB.`).join(" ");
  for (const file of files.filter((file) => file.size <= limit)) {
    const video = place(file.name);
    sending = sending.then(() => video.send(file)); // one after another
  }
}

function place(name) {
  const video = new Video(name, { onChange: remember, onGone: forget });
  videos.add(video);
  element("list").prepend(video.root);
  return video;
}

function forget(video) {
  videos.delete(video);
  remember();
}

function remember() {
  const known = [...videos].filter(({ id }) => id).map(({ id, name }) => ({ id, name }));
  storeList(STORAGE_KEY, known);
}

for (const { id, name } of loadList(STORAGE_KEY)) place(name).follow(id);
setUpDrop({ zone: element("drop"), input: element("files"), onFiles: add });
