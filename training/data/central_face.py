"""Finds the face in the middle of a training picture, as the server finds faces."""

from config.settings import Settings
from detection import choice
from faces import Detection, Image


def picture_detector(detector: str) -> choice.Detector:
    """Return the server's detector, for pictures in which a face fills at least a quarter.

    Args:
        detector: auto, blazeface or haar.

    Raises:
        DetectorError: BlazeFace is asked for by name, and cannot run.
    """
    return choice.picture_detector(Settings(detector=detector, min_face=0.25))


def central_face(detector: choice.Detector, image: Image) -> Detection | None:
    """Return the largest face around the middle of the picture; None if there is none.

    Args:
        detector: finds faces.
        image: (height, width, 3) uint8 BGR, or (height, width) grey.
    """
    height, width = image.shape[:2]
    near = [
        face
        for face in detector.detect(image)
        if abs(2 * face.box.x + face.box.width - width) < face.box.width
        and abs(2 * face.box.y + face.box.height - height) < face.box.height
    ]
    return max(near, key=lambda face: face.box.area, default=None)
