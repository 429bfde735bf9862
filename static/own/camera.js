/** The browser's own camera: opened with permission, closed when the page is out of sight. */

const CONSTRAINTS = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };

/** Why there is no camera; `reason` is a key of the statuses in texts.js. */
export class NoCamera extends Error {
  constructor(reason, message = "") {
    super(message || reason);
    this.reason = reason;
  }
}

const REASONS = {
  NotAllowedError: "not-allowed",
  SecurityError: "not-allowed",
  NotFoundError: "not-found",
  DevicesNotFoundError: "not-found",
  NotReadableError: "busy",
  TrackStartError: "busy",
  AbortError: "busy",
  OverconstrainedError: "gone",
};

export class Camera {
  #video;
  #onEnded;
  #stream = null;
  #attempt = 0;

  /**
   * @param {object} options
   * @param {HTMLVideoElement} options.video where the picture goes
   * @param {() => void} options.onEnded called when the camera ends by itself, for instance because it was unplugged
   */
  constructor({ video, onEnded }) {
    this.#video = video;
    this.#onEnded = onEnded;
  }

  /** Id of the device that is open; empty while none is. */
  get device() {
    return this.#stream?.getVideoTracks()[0]?.getSettings().deviceId ?? "";
  }

  /**
   * Opens a camera and shows its picture; the one before is closed.
   * @param {string} device id of the one that is wanted; empty for the browser's choice
   * @returns {Promise<boolean>} whether it is open; false where `close` or another `open` came before it was
   * @throws {NoCamera}
   */
  async open(device = "") {
    this.close();
    const attempt = ++this.#attempt;
    const stream = await ask(device);
    if (attempt !== this.#attempt) {
      stop(stream);
      return false;
    }
    this.#stream = stream;
    stream.getVideoTracks()[0].addEventListener("ended", () => stream === this.#stream && this.#onEnded());
    this.#video.srcObject = stream;
    // A page that was just left refuses to play; the camera is then closed by whoever noticed.
    await this.#video.play().catch(() => {});
    return stream === this.#stream;
  }

  /** Gives the camera back; its light goes out. */
  close() {
    this.#attempt += 1;
    if (this.#stream) stop(this.#stream);
    this.#stream = null;
    this.#video.srcObject = null;
  }
}

async function ask(device) {
  if (!window.isSecureContext) throw new NoCamera("insecure");
  if (!navigator.mediaDevices?.getUserMedia) throw new NoCamera("unknown-to-browser");
  try {
    const chosen = device ? { deviceId: { exact: device } } : { facingMode: "user" };
    return await navigator.mediaDevices.getUserMedia({ video: { ...CONSTRAINTS, ...chosen }, audio: false });
  } catch (error) {
    const system = error.name === "NotAllowedError" && /system/i.test(error.message);
    throw new NoCamera(system ? "not-allowed-by-system" : (REASONS[error.name] ?? "other"), error.message);
  }
}

function stop(stream) {
  for (const track of stream.getTracks()) track.stop();
}

/**
 * The cameras there are. Browsers give their names only after one was allowed.
 * @returns {Promise<{id: string, name: string}[]>}
 */
export async function cameras() {
  const devices = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  return devices
    .filter(({ kind, deviceId }) => kind === "videoinput" && deviceId)
    .map(({ deviceId, label }, place) => ({ id: deviceId, name: label || `Camera ${place + 1}` }));
}

/** Whether a camera would be given without asking anew. */
export async function isAllowed() {
  try {
    return (await navigator.permissions.query({ name: "camera" })).state === "granted";
  } catch {
    return false; // some browsers do not say
  }
}
