/** Runs once for all tabs of a browser: a shared worker. */

import { EventHub } from "./event-hub.js";

const hub = new EventHub();
addEventListener("connect", ({ ports: [port] }) => hub.join(port));
