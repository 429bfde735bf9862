/** Recording from the live page: one button, and the record that it has begun. */

import { ask } from "../shared/requests.js";
import { localRecords, remember } from "../records/local-records.js";
import { clock, span } from "../shared/texts.js";

const TICK = 500;
/** Seconds between checks whether the server still records: it ends by itself at its limit, or when its disk is full. */
const CHECK_EVERY = 5;

/**
 * Has a button begin and end a record. It needs a `span` for its words; while recording it has the class `recording`
 * and `aria-pressed`. A record that this browser began before the page was loaded is taken up again.
 *
 * @param {object} parts
 * @param {HTMLButtonElement} parts.button
 * @param {() => string} parts.camera the name of the camera that is shown; empty where several are
 * @param {() => object} parts.options the visitor's view options, by parameter, as for `/video_feed`
 * @param {(text: string, link?: {href: string, text: string}) => void} parts.toast
 * @param {(recording: boolean) => void} [parts.onChange]
 * @returns {{toggle: () => Promise<void>}} what a click does, for a key
 */
export function setUpRecording({ button, camera, options, toast, onChange = () => {} }) {
  const words = button.querySelector("span");
  const idle = words.textContent;
  let running = null;
  let busy = false;
  let timer = 0;
  let checkAt = 0;

  function show(record) {
    clearInterval(timer);
    running = record;
    button.classList.toggle("recording", Boolean(running));
    button.setAttribute("aria-pressed", String(Boolean(running)));
    words.textContent = idle;
    if (running) {
      checkAt = performance.now() + CHECK_EVERY * 1000;
      timer = setInterval(tick, TICK);
      tick();
    }
    onChange(Boolean(running));
  }

  function tick() {
    words.textContent = `Stop ${clock((performance.now() - running.began) / 1000)}`;
    if (busy || performance.now() < checkAt) return;
    checkAt = performance.now() + CHECK_EVERY * 1000;
    check();
  }

  async function check() {
    const { id } = running;
    try {
      const state = await (await ask(`api/records/${id}`)).json();
      if (running?.id === id && !busy && state.status !== "recording") end(state);
    } catch (problem) {
      if (problem.status === 404 && running?.id === id) show(null);
    }
  }

  function end(state) {
    show(null);
    remember(state);
    toast(state.message || "Recorded.", { href: `records/${state.id}`, text: "See the record" });
  }

  async function start() {
    const name = camera();
    if (!name) return toast("Choose one camera to record it.");
    const state = await (await post("api/records", { camera: name, ...typed(options()) })).json();
    remember(state);
    show({ id: state.id, began: performance.now() });
    toast(`Recording, for ${span(state.limit)} at most.`);
  }

  async function stop() {
    end(await (await post(`api/records/${running.id}/stop`)).json());
  }

  async function toggle() {
    if (busy) return;
    busy = true;
    try {
      await (running ? stop() : start());
    } catch (problem) {
      if (problem.status === 404) show(null);
      toast(problem.message);
    } finally {
      busy = false;
    }
  }

  async function resume() {
    const [newest] = localRecords();
    if (!newest?.open) return;
    const state = await (await ask(`api/records/${newest.id}`)).json();
    remember(state);
    if (running || busy || state.status !== "recording") return;
    show({ id: state.id, began: performance.now() - state.duration * 1000 });
  }

  button.addEventListener("click", toggle);
  resume().catch(() => {}); // the record is gone
  return { toggle };
}

/** View options, which are texts in an address, with their JSON types. */
function typed(options) {
  const kinds = { bars: isOn, mirror: isOn, width: Number, threshold: Number, smoothing: Number };
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [name, kinds[name]?.(value) ?? value]));
}

function isOn(value) {
  return value === "1";
}

function post(address, content) {
  const body = content && JSON.stringify(content);
  return ask(address, { method: "POST", body, headers: content ? { "Content-Type": "application/json" } : {} });
}
