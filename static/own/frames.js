/** Reduced JPEG pictures of a video, each of a frame that was not taken before. */

/** Pixels of the longer side: enough for faces across a room, little enough for a slow line. */
const SIDE = 640;
const QUALITY = 0.75;
/** Milliseconds between checks for a new frame where the browser has no callback for it; and the longest wait for one. */
const POLL_EVERY = 15;
const LONGEST_WAIT = 200;

export class Frames {
  #video;
  #canvas = document.createElement("canvas");
  #pen;
  #taken = -1;

  /** @param {HTMLVideoElement} video */
  constructor(video) {
    this.#video = video;
    // Without this hint browsers may keep the canvas on the graphics card and copy it back for each picture.
    this.#pen = this.#canvas.getContext("2d", { alpha: false, willReadFrequently: true });
  }

  /**
   * The newest frame, as soon as there is one that was not taken yet.
   * @param {() => boolean} wanted checked while waiting; false ends it
   * @returns {Promise<Blob|null>} null when it is no longer wanted
   */
  async next(wanted) {
    while (wanted()) {
      const { videoWidth: width, videoHeight: height, currentTime } = this.#video;
      if (width && currentTime !== this.#taken) {
        this.#taken = currentTime;
        return this.#reduced(width, height);
      }
      await this.#change();
    }
    return null;
  }

  /** Waits for the video's next frame, or for a moment. */
  #change() {
    return new Promise((resolve) => {
      setTimeout(resolve, this.#video.requestVideoFrameCallback ? LONGEST_WAIT : POLL_EVERY);
      this.#video.requestVideoFrameCallback?.(resolve);
    });
  }

  #reduced(width, height) {
    const scale = Math.min(1, SIDE / Math.max(width, height));
    const size = [Math.round(width * scale), Math.round(height * scale)];
    if (this.#canvas.width !== size[0] || this.#canvas.height !== size[1]) {
      [this.#canvas.width, this.#canvas.height] = size;
    }
    this.#pen.drawImage(this.#video, 0, 0, ...size);
    return new Promise((resolve) => this.#canvas.toBlob(resolve, "image/jpeg", QUALITY));
  }
}
