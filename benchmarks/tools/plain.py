"""The usual way to stream from Flask: a generator that knows nothing of the server's stop."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from flask import Flask, Response


def create_app() -> Flask:
    """An application with nothing but /video_feed, which repeats one JPEG thirty times a second."""
    app, jpeg = Flask(__name__), Path(os.environ["OFFERED_JPEG"]).read_bytes()
    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\nX-Timestamp: 0\r\n\r\n".encode()

    def frames() -> Iterator[bytes]:
        while True:
            yield head + jpeg + b"\r\n"
            time.sleep(1 / 30)

    @app.get("/video_feed")
    def video_feed() -> Response:
        return Response(frames(), mimetype="multipart/x-mixed-replace; boundary=frame")

    return app
