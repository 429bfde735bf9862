/** Runs once for all tabs of a browser: a shared worker. */

import { Exchange } from "./event-hub.js";

const exchange = new Exchange();
addEventListener("connect", ({ ports: [port] }) => exchange.join(port));
