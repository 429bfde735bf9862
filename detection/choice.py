"""Which detector finds the faces: BlazeFace, or Haar's cascade where that is chosen or nothing else runs."""

import functools
import logging
from typing import Literal, Protocol

from camera import FaceDetector
from config.settings import Settings
from detection.blazeface import BlazeFace
from detection.live import LiveDetector
from detection.octaves import HaarPictureDetector
from detection.pictures import PictureDetector
from errors import DetectorError
from faces import Detection, Image
from tracking import searching

Name = Literal["blazeface", "haar"]
log = logging.getLogger("detection")

SMALLEST = 0.03
"""Share of a frame's shorter side from which live faces are detected by BlazeFace, unless another is chosen."""
SMALLEST_HAAR = 0.1
"""The same for Haar's cascade, which takes four times as long for faces half as large."""


@functools.cache
def shared_network() -> BlazeFace:
    """Return the network, which all detectors of a process share; loaded at the first call.

    Raises:
        DetectorError: it cannot be loaded.
    """
    return BlazeFace()


def obstacle() -> str:
    """Return why BlazeFace cannot run here; empty if it can."""
    try:
        shared_network()
    except DetectorError as error:
        return str(error)
    return ""


@functools.cache
def chosen(detector: str) -> Name:
    """Return the detector for a value of `--detector`: `auto` is BlazeFace, or Haar with a warning if it cannot run.

    Raises:
        DetectorError: BlazeFace is asked for by name, and cannot run.
    """
    reason = obstacle() if detector == "auto" else ""
    if reason:
        log.warning("faces are found by Haar's cascade: %s", reason)
    if reason or detector == "haar":
        return "haar"
    shared_network()
    return "blazeface"


class Detector(Protocol):
    """A detector for still pictures, used by one thread at a time."""

    def detect(self, image: Image) -> list[Detection]:
        """Return the faces of a (height, width, 3) uint8 BGR picture, from left to right."""
        ...


def picture_detector(settings: Settings) -> Detector:
    """Make a detector for still pictures.

    Raises:
        DetectorError: BlazeFace is asked for by name, and cannot run.
    """
    if chosen(settings.detector) == "haar":
        return HaarPictureDetector(settings.min_face or SMALLEST_HAAR, settings.scale_factor, settings.neighbours)
    return PictureDetector(shared_network(), settings.min_face)


def live_detector(settings: Settings) -> searching.Detector:
    """Make a detector for one camera or film.

    Raises:
        DetectorError: BlazeFace is asked for by name, and cannot run.
    """
    if chosen(settings.detector) == "haar":
        return haar(settings)
    return LiveDetector(shared_network(), settings.search_width, settings.min_face or SMALLEST)


def haar(settings: Settings) -> FaceDetector:
    """Make a detector with Haar's cascade."""
    smallest = settings.min_face or SMALLEST_HAAR
    return FaceDetector(settings.search_width, smallest, settings.scale_factor, settings.neighbours)
