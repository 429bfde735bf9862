"""The usual way to read a visitor's camera: each frame a POST with a data URL, searched whole by Haar."""

import base64
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from flask import Flask, jsonify, request

from camera import CASCADE
from config.settings import Settings
from faces import Box
from model import EmotionModel


def create_app() -> Flask:
    """Make an application with only POST /frame; it gets the fast runtime, not `model.predict`."""
    app = Flask(__name__)
    model = EmotionModel.load(Settings().weights)
    file = str(Path(cv2.__file__).parent / "data" / CASCADE)

    @app.post("/frame")
    def frame() -> Any:
        jpeg = base64.b64decode(request.get_json()["image"].partition(",")[2])
        image = np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)
        cascade = cv2.CascadeClassifier(file)  # not safe to share between threads
        boxes = [
            Box(*(int(edge) for edge in edges))
            for edges in cascade.detectMultiScale(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), 1.1, 5)
        ]
        rows = model.classify(image, boxes)
        faces = [
            {"box": [box.x, box.y, box.width, box.height], "probabilities": [float(value) for value in row]}
            for box, row in zip(boxes, rows, strict=True)
        ]
        return jsonify({"faces": faces})

    return app
