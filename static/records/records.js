/** The records that this browser remembers, as far as the server still has them. */

import { ask } from "../shared/requests.js";
import { forget, localRecords, remember } from "./local-records.js";
import { span } from "../shared/texts.js";

const element = (id) => document.getElementById(id);

async function show() {
  const known = localRecords();
  if (!known.length) return showMessage("There are none yet.");
  try {
    const query = new URLSearchParams(known.map(({ id }) => ["id", id]));
    const { records } = await (await ask(`api/records?${query}`)).json();
    const there = new Set(records.map(({ id }) => id));
    for (const { id } of known) if (!there.has(id)) forget(id);
    records.forEach(remember);
    element("list").replaceChildren(...records.sort((a, b) => b.started - a.started).map(line));
    showMessage(records.length ? "" : "There are none any more.");
  } catch (problem) {
    showMessage(problem.message);
  }
}

function showMessage(sentence) {
  element("message").textContent = sentence;
}

function line(record) {
  const item = element("record").content.firstElementChild.cloneNode(true);
  const when = new Date(record.started * 1000).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  item.querySelector("a").href = `records/${record.id}`;
  item.querySelector(".record-name").textContent = `${record.camera}, ${when}`;
  item.querySelector(".record-about").textContent = about(record);
  const picture = item.querySelector("img");
  const [moment] = [...(record.summary?.moments ?? [])].sort((a, b) => b.confidence - a.confidence);
  picture.hidden = !moment;
  if (moment) picture.src = moment.file.replace(/^\//, "");
  return item;
}

function about({ status, duration, faces, expires }) {
  if (status !== "done") return "Recording now";
  const until = new Date(expires * 1000).toLocaleDateString([], { dateStyle: "medium" });
  return `${span(duration)}, ${faces === 1 ? "1 face" : `${faces || "no"} faces`}, kept until ${until}`;
}

show();
