/** The page's texts and formats, in one place. */

/** Labels of the model that do not fit after "looks" as they are. */
const ADJECTIVES = {
  anger: "angry",
  contempt: "contemptuous",
  disgust: "disgusted",
  fear: "fearful",
  happiness: "happy",
  sadness: "sad",
  surprise: "surprised",
};

const NO_BREAK = "\u00a0";

const NO_FACES = { heading: "No faces", about: "They are listed here while the picture is live." };

const STATUSES = {
  connecting: { word: "Connecting", title: "Connecting", text: "", ...NO_FACES },
  refused: {
    word: "Connecting",
    title: "Still trying to connect",
    text: "The server starts no stream at the moment; it may have reached its limit of viewers.",
    ...NO_FACES,
  },
  starting: { word: "Connecting", title: "Starting the camera", text: "", ...NO_FACES },
  paused: { word: "Paused", title: "", text: "", heading: "Paused", about: "Faces are listed here when you resume." },
  live: {
    word: "Live",
    title: "",
    text: "",
    heading: "No face in view",
    about: "A face is listed here as soon as one is found.",
  },
  "camera-lost": {
    word: "Camera lost",
    title: "Camera lost",
    text: "The server keeps trying to open it.",
    heading: "Camera lost",
    about: "The server keeps trying to open it.",
  },
  "connection-lost": {
    word: "Connection lost",
    title: "Connection lost – trying again",
    text: "The picture comes back by itself.",
    ...NO_FACES,
  },
};

/**
 * The adjective for a label of the model, to stand after "looks".
 * @param {string} label such as "happy" or "surprise"
 * @returns {string} such as "happy" or "surprised"
 */
export function adjective(label) {
  return ADJECTIVES[label] ?? label;
}

/**
 * The sentence for a face, with a mere guess kept apart.
 * @param {{expression: string|null, confidence: number}} face
 * @param {number} threshold probability below which the page does not commit itself
 * @returns {{said: string, guess: string, sure: boolean}}
 */
export function verdict({ expression, confidence }, threshold) {
  if (!expression) return { said: "Not read yet", guess: "", sure: false };
  if (confidence < threshold) return { said: "Unsure", guess: `perhaps ${adjective(expression)}`, sure: false };
  return { said: `Looks ${adjective(expression)}`, guess: "", sure: true };
}

/**
 * A probability as people read it.
 * @param {number} probability from 0 to 1
 * @returns {string} such as "93 %"
 */
export function percent(probability) {
  return `${Math.round(probability * 100)}${NO_BREAK}%`;
}

/**
 * A time as people read it.
 * @param {number} seconds
 * @returns {string} such as "34 ms"
 */
export function milliseconds(seconds) {
  return `${Math.round(seconds * 1000)}${NO_BREAK}ms`;
}

/**
 * A time constant as people read it.
 * @param {number} time in seconds
 * @returns {string} such as "0.4 s"
 */
export function seconds(time) {
  return `${time}${NO_BREAK}s`;
}

/**
 * A moment or a duration as players show it.
 * @param {number} seconds
 * @returns {string} such as "1:05"
 */
export function clock(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/**
 * A length of time as people say it.
 * @param {number} time in seconds
 * @returns {string} such as "42 s", "3 min 12 s" or "60 min"
 */
export function span(time) {
  const whole = Math.round(time);
  const rest = whole % 60;
  if (whole < 60) return `${whole}${NO_BREAK}s`;
  return `${Math.floor(whole / 60)}${NO_BREAK}min${rest ? ` ${rest}${NO_BREAK}s` : ""}`;
}

/**
 * The texts of a status: `word` for the header, `title` and `text` over the picture, `heading` and `about` in the place
 * of the faces.
 * @param {"connecting"|"refused"|"starting"|"paused"|"live"|"camera-lost"|"connection-lost"} status
 * @param {string} message the server's own words, if it has some
 * @returns {{word: string, title: string, text: string, heading: string, about: string}}
 */
export function describe(status, message = "") {
  const words = STATUSES[status];
  if (status !== "camera-lost" || !message) return words;
  const sentence = message[0].toUpperCase() + message.slice(1);
  return { ...words, text: sentence, about: sentence };
}
