"""The usual way to stream from Flask: a generator for each client, which does not notice the server's stop."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

from flask import Flask, Response

from benchmarks.tools.offered import some_faces


def create_app() -> Flask:
    """Make an application with /video_feed, one JPEG thirty times a second, and /api/events, three faces four times."""
    app, jpeg = Flask(__name__), Path(os.environ["OFFERED_JPEG"]).read_bytes()
    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\nX-Timestamp: 0\r\n\r\n".encode()
    faces = some_faces(3)

    def frames() -> Iterator[bytes]:
        while True:
            yield head + jpeg + b"\r\n"
            time.sleep(1 / 30)

    def events() -> Iterator[str]:
        while True:
            camera = {"name": "camera", "captured_at": time.time(), "faces": [face.as_dict() for face in faces]}
            yield f"data: {json.dumps({'cameras': [camera]}, separators=(',', ':'))}\n\n"
            time.sleep(0.25)

    @app.get("/video_feed")
    def video_feed() -> Response:
        return Response(frames(), mimetype="multipart/x-mixed-replace; boundary=frame")

    @app.get("/api/events")
    def api_events() -> Response:
        return Response(events(), mimetype="text/event-stream")

    return app
