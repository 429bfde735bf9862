"""The face that a training picture is about, found as the server finds faces."""

from camera import FaceDetector
from faces import Box, Image


def picture_detector() -> FaceDetector:
    """The server's detector, for pictures that one face fills to a quarter at least."""
    return FaceDetector(min_face=0.25, scale_factor=1.1)


def middle_face(detector: FaceDetector, image: Image) -> Box | None:
    """The face around the middle of the picture, the largest one; None where there is none.

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
