"""Finds the face in the middle of a training picture, as the server finds faces."""

from camera import FaceDetector
from faces import Box, Image


def picture_detector() -> FaceDetector:
    """Return the server's detector, for pictures in which a face fills at least a quarter."""
    return FaceDetector(min_face=0.25, scale_factor=1.1)


def central_face(detector: FaceDetector, image: Image) -> Box | None:
    """Return the largest face around the middle of the picture; None if there is none.

    Args:
        detector: finds faces.
        image: (height, width, 3) uint8 BGR, or (height, width) grey.
    """
    height, width = image.shape[:2]
    near = [
        box
        for box in detector.detect(image)
        if abs(2 * box.x + box.width - width) < box.width and abs(2 * box.y + box.height - height) < box.height
    ]
    return max(near, key=lambda box: box.area, default=None)
