/** What the page of the visitor's own camera says, in one place. */

const STATUSES = {
  off: {
    word: "Off",
    title: "See yourself as the program does",
    text:
      "Your browser will ask whether this page may use your camera. While it is on, small pictures go to this server, " +
      "which finds faces in them and keeps none. Nothing is stored, and nobody else sees you.",
    button: "Use my camera",
  },
  asking: {
    word: "Waiting",
    title: "Your browser asks for the camera",
    text: "Allow it in the dialogue, which usually opens beside the address.",
    button: "",
  },
  hidden: {
    word: "Off",
    title: "Your camera is off",
    text: "It was switched off while this page was out of sight.",
    button: "Use my camera",
  },
  insecure: {
    word: "No camera",
    title: "Browsers give the camera to secure pages only",
    text:
      "This page came over plain http from another machine. Whoever runs it can serve it over https: docs/own-camera.md " +
      "tells how. On the machine that runs the program, the address http://localhost works as it is.",
    button: "Try again",
  },
  "not-allowed": {
    word: "No camera",
    title: "The camera was not allowed",
    text:
      "You or your browser refused it. To change that, open the icon beside the address, allow the camera for this page, " +
      "and try again.",
    button: "Try again",
  },
  "not-allowed-by-system": {
    word: "No camera",
    title: "The system keeps the camera from the browser",
    text: "Allow the browser to use the camera in the system's privacy settings, and try again.",
    button: "Try again",
  },
  "not-found": {
    word: "No camera",
    title: "No camera was found",
    text: "Plug one in, or switch it on, and try again. Some notebooks have a key or a slide that hides it.",
    button: "Try again",
  },
  busy: {
    word: "No camera",
    title: "The camera does not answer",
    text: "Another program may be using it. Close that one, or unplug the camera and plug it in again, and try again.",
    button: "Try again",
  },
  gone: {
    word: "No camera",
    title: "That camera is gone",
    text: "It was unplugged or switched off. Try again with another one.",
    button: "Try again",
  },
  ended: {
    word: "No camera",
    title: "The camera was switched off",
    text: "It was unplugged, or the browser took it back. Try again when it is there.",
    button: "Try again",
  },
  "unknown-to-browser": {
    word: "No camera",
    title: "This browser cannot use a camera",
    text: "A newer browser does: Firefox, Chrome, Edge or Safari.",
    button: "",
  },
  other: {
    word: "No camera",
    title: "The camera did not start",
    text: "Try again, or try another browser.",
    button: "Try again",
  },
  connecting: { word: "Connecting", title: "Connecting to the server", text: "" },
  live: { word: "Live", title: "", text: "" },
  "connection-lost": {
    word: "Connection lost",
    title: "Connection lost – trying again",
    text: "Your camera stays on; the boxes come back by themselves.",
  },
};

const NO_FACES = { heading: "No faces", about: "They are listed here while your camera is on." };
const NO_FACE_IN_VIEW = {
  heading: "No face in view",
  about: "Look towards the camera, with some light on your face and not behind you.",
};

/**
 * The texts of a status: `word` for the header, `title` and `text` over the picture, `button` (empty for none),
 * `heading` and `about` in the place of the faces.
 * @param {string} status
 * @param {string} [reason] the server's or the browser's own words, if it has some
 * @returns {{word: string, title: string, text: string, button: string, heading: string, about: string}}
 */
export function describe(status, reason = "") {
  const words = { button: "", ...(status === "live" ? NO_FACE_IN_VIEW : NO_FACES), ...STATUSES[status] };
  if (!reason) return words;
  if (status === "connection-lost") return { ...words, text: sentence(reason) };
  if (status === "other") return { ...words, text: `${words.text} The browser says: ${reason}` };
  return words;
}

function sentence(text) {
  const whole = text[0].toUpperCase() + text.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}
