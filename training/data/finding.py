"""Finds faces as the server does, in pictures that are handed in and in the frames of a camera."""

from config.settings import Settings
from detection.choice import live_detector, picture_detector
from faces import SAME_FACE, Detection, Image
from tracking.following import reduced
from tracking.searching import Search

LOOKS = 6
"""Searches of one frame: BlazeFace looks at another part in each, and a frame of 1280x720 pixels has six."""


class ServerSearch:
    """The server's own searches, with its own settings.

    Args:
        detector: auto, blazeface or haar.

    Raises:
        DetectorError: BlazeFace is asked for by name, and cannot run.
    """

    def __init__(self, detector: str) -> None:
        settings = Settings(detector=detector)
        self._pictures, self._live = picture_detector(settings), live_detector(settings)

    def in_picture(self, image: Image) -> list[Detection]:
        """Return what is found in a (height, width, 3) uint8 BGR picture that is handed in."""
        return self._pictures.detect(image)

    def in_frame(self, image: Image) -> list[Detection]:
        """Return what is found in a (height, width, 3) uint8 BGR frame of a camera that stands still."""
        grey = reduced(image, 0.0, self._live.search_width)
        found: list[Detection] = []
        for _ in range(1 if self._live.reduced else LOOKS):
            result = Search(self._live).find(grey, [])
            new = [each for each, _ in result.new] if result is not None else []
            found = joined_detections(found, new)
        return found


def joined_detections(found: list[Detection], more: list[Detection]) -> list[Detection]:
    """Join the detections of two searches of one picture; of several of one face the first is kept."""
    kept: list[Detection] = []
    for each in (*found, *more):
        if all(each.box.overlap(other.box) < SAME_FACE for other in kept):
            kept.append(each)
    return kept
