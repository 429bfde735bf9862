"""Opening the source of frames that `--source` names, and Haar face detection."""

import math
import os
import stat
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from config.redaction import without_password
from errors import SourceError
from faces import Box, Detection, Image, joined
from sources.address import open_address
from sources.drawn import DemoSource
from sources.file import VideoFile
from sources.frozen import FrozenDetector
from sources.source import USUAL, CaptureFormat, Source
from sources.webcam import Webcam, find_webcams, identity

__all__ = [
    "CASCADE",
    "CASCADE_SIDE",
    "NO_CAMERA",
    "CaptureFormat",
    "FaceDetector",
    "Opener",
    "Source",
    "VideoFile",
    "certainty",
    "check_source",
    "find_webcams",
    "load_cascade",
    "open_source",
    "reduction",
]

CASCADE = "haarcascade_frontalface_default.xml"
CASCADE_SIDE = 24
"""Pixels of the cascade's window: the smallest face that it was trained on."""
NEAR_MARGIN = 0.3
"""Margin around a known face that is searched, as a share of its size."""
NEAR_SIDE = 40
"""Pixels to which a known face is scaled before it is searched."""
NEAR_CHANGE = 1.22
"""The greatest change of size that is searched, either way."""
NEAR_NEIGHBOURS = 3
"""Overlapping detections needed where a face is expected: few sizes are tried, so there are fewer of them."""
NO_CAMERA = "No camera was found on this machine. This is the drawn demo."


def check_source(source: str) -> None:
    """Check a source's name without opening it.

    Raises:
        SourceError: it names a file that does not exist or cannot be checked.
    """
    special = source in ("auto", "demo") or source.isdigit() or source.startswith("/dev/") or "://" in source
    name = f"source {without_password(source)!r}"
    try:
        exists = special or stat.S_ISREG(os.stat(source).st_mode)  # Path.is_file hides errors from Python 3.14 on
    except (FileNotFoundError, NotADirectoryError, ValueError):
        exists = False
    except OSError as error:
        raise SourceError(f"{name}: it cannot be looked at ({error.strerror}); grant it, or give another") from None
    if not exists:
        raise SourceError(
            f"{name}: there is no such file; expected a camera number, a device path such as /dev/video0, a video "
            "file, an http or rtsp address, demo or auto"
        )


def open_source(source: str, wanted: CaptureFormat = USUAL) -> Source:
    """Open what a `--source` names: auto, demo, a camera number or device path, an address or a file.

    Raises:
        SourceError: it is missing, busy or no video.
    """
    check_source(source)
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)  # our own errors say what matters
    if source == "auto":
        return _first_webcam(wanted)
    if source == "demo":
        return DemoSource(wanted)
    if source.isdigit():
        return Webcam(int(source), wanted)
    if source.startswith("/dev/"):
        return Webcam(source, wanted)
    return open_address(source) if "://" in source else VideoFile(source)


def _first_webcam(wanted: CaptureFormat) -> Source:
    """Open the first webcam that works; if there is none, the demo with a notice that says why."""
    reason = ""
    before = _webcams()
    for number, _ in before:
        try:
            return Webcam(number, wanted)
        except SourceError as error:
            reason = reason or f" ({error})"
    notice = NO_CAMERA if not reason else f"No camera works{reason}. This is the drawn demo."
    return DemoSource(wanted, notice=notice, needed=lambda: _webcams() == before)


def _webcams() -> list[tuple[int, bool]]:
    """The webcams, and whether each may be opened; permission comes a moment after plugging in."""
    return [(number, os.access(f"/dev/video{number}", os.R_OK | os.W_OK)) for number in find_webcams()]


class Opener:
    """Opens one source as often as needed, and never opens another camera in its place.

    A webcam that was pulled out is recognised by its maker, model and serial number, even if it comes back under
    another number. Once `auto` has found a webcam it waits for that one.

    Args:
        source: as for `open_source`.
        wanted: the format to request from a camera.
        frozen: seconds for which a camera's picture may stay exactly the same; 0 for no limit.
    """

    def __init__(self, source: str, wanted: CaptureFormat = USUAL, frozen: float = 0.0) -> None:
        self._source = source
        self._wanted = wanted
        self._frozen_detector = FrozenDetector(frozen)
        self._identity: Path | None = None

    def __call__(self) -> Source:
        """Open the source.

        Raises:
            SourceError: it is missing, busy or no video.
        """
        source = open_source(self._current_name(), self._wanted)
        if isinstance(source, Webcam):
            self._source, self._identity = str(source.device), identity(source.device)
        if source.live:
            source.frozen_detector = self._frozen_detector
        return source

    def _current_name(self) -> str:
        if self._identity is None:
            return self._source
        if not self._identity.exists():
            raise SourceError(f"webcam {self._source}: {self._identity.name} was pulled out; plug it in again")
        return os.path.realpath(self._identity)


def load_cascade() -> cv2.CascadeClassifier:
    """Load OpenCV's frontal-face cascade; it must not be shared between threads, since it keeps buffers.

    Raises:
        SourceError: OpenCV was installed without it.
    """
    cascade = cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / CASCADE))
    if cascade.empty():
        raise SourceError(f"OpenCV came without {CASCADE}; install the pinned 4.x release: make setup")
    return cascade


TALLEST = 2.5
"""Height over width up to which a frame is reduced by its width alone; a taller one would take too long to search."""


def reduction(image: Image, search_width: int) -> float:
    """The scale that reduces a picture before it is searched, so that no shape makes the search costly."""
    height, width = image.shape[:2]
    scale: float = min(1.0, search_width / width, search_width * math.sqrt(TALLEST / (height * width)))
    return scale


class FaceDetector:
    """OpenCV's frontal-face cascade (Viola and Jones, 2001) on a reduced, contrast-normalised grey frame.

    Args:
        search_width: width in pixels to which frames are reduced; narrower frames are kept, and frames much taller than
            wide become narrower still.
        min_face: the smallest face to detect, as a share of the frame's shorter side.
        scale_factor: step between face sizes.
        neighbours: overlapping detections that make a face.

    Not to be shared between threads: the cascade keeps buffers.
    """

    reduced = True
    together = False
    sweep = 5
    check_every = 0.2

    def __init__(
        self, search_width: int = 480, min_face: float = 0.1, scale_factor: float = 1.1, neighbours: int = 5
    ) -> None:
        self.search_width = search_width
        self._min_face = min_face
        self._scale_factor = scale_factor
        self._neighbours = neighbours
        self._cascade = load_cascade()

    def detect(self, image: Image) -> list[Box]:
        """Detect all faces of a picture, (height, width, 3) uint8 BGR or (height, width) grey, from left to right."""
        return [found.box for found in self.detect_new(image)]

    def detect_new(self, image: Image, area: Box | None = None, known: Sequence[Box] = ()) -> list[Detection]:
        """Detect the faces of a picture from left to right; they are as certain as many windows overlap.

        Args:
            image: as for `detect`.
            area: the part to search, in pixels of the picture, which may reach over its edge; by default all of it.
            known: boxes of known faces, which are painted over because faces take the cascade longest.
        """
        scale = reduction(image, self.search_width)
        grey = _reduced(image, scale)
        side = max(CASCADE_SIDE, round(self._min_face * min(grey.shape)))
        for box in known:
            grey[_part(box, scale)] = 128
        part = grey if area is None else grey[_part(area, scale)]
        if min(part.shape) < side:
            return []
        left, top = (0, 0) if area is None else (round(max(0, edge) * scale) for edge in (area.x, area.y))
        faces: dict[Box, Detection] = {}
        for (x, y, width, height), count in self._search(part, side, max(part.shape)):
            box = Box(*(round(edge / scale) for edge in (left + x, top + y, width, height)))
            if len(joined(list(faces), [box])) > len(faces):  # the cascade may detect one face at two sizes
                faces[box] = Detection(box, certainty(count))
        return sorted(faces.values(), key=lambda found: found.box.x)

    def confirm(self, image: Image, places: Sequence[Detection]) -> list[Detection | None]:
        """Check candidates of `detect_new` by a second search around each; None for each that it does not detect."""
        return self.detect_known(image, places)

    def detect_known(self, image: Image, faces: Sequence[Detection]) -> list[Detection | None]:
        """Detect known faces near where each was and about as large, at a fraction of the cost of a full search.

        Args:
            image: as for `detect`.
            faces: where they were a moment ago.
        """
        return [self._near(image, face.box) for face in faces]

    def _near(self, image: Image, known: Box) -> Detection | None:
        margin = round(known.width * NEAR_MARGIN)
        left, top = max(0, known.x - margin), max(0, known.y - margin)
        patch = image[top : known.y + known.height + margin, left : known.x + known.width + margin]
        scale = NEAR_SIDE / known.width
        if min(patch.shape[:2]) * scale < CASCADE_SIDE:  # almost gone over the edge
            return None
        smallest, largest = round(NEAR_SIDE / NEAR_CHANGE), round(NEAR_SIDE * NEAR_CHANGE)
        found = self._search(_reduced(patch, scale), smallest, largest, NEAR_NEIGHBOURS)
        boxes = [
            Detection(
                Box(left + round(x / scale), top + round(y / scale), round(width / scale), round(height / scale)),
                certainty(count),
            )
            for (x, y, width, height), count in found
        ]
        return max(boxes, key=lambda near: known.overlap(near.box), default=None)

    def _search(
        self, grey: Image, smallest: int, largest: int, neighbours: int | None = None
    ) -> list[tuple[tuple[int, int, int, int], int]]:
        """Detect boxes with their number of overlapping detections, most first."""
        needed = self._neighbours if neighbours is None else min(neighbours, self._neighbours)
        found, counts = self._cascade.detectMultiScale2(
            grey, self._scale_factor, needed, minSize=(smallest, smallest), maxSize=(largest, largest)
        )
        ranked = sorted(zip(counts, found, strict=True), key=lambda pair: -pair[0])
        return [((int(x), int(y), int(width), int(height)), int(count)) for count, (x, y, width, height) in ranked]


def certainty(windows: int) -> float:
    """How certain a face is, 0 to 1, in which that many windows of the cascade overlap; five are as good as none.

    A convention, not a frequency: the cascade gives none.
    """
    return windows / (windows + 5)


def _part(box: Box, scale: float) -> tuple[slice, slice]:
    """The rows and columns of a box in a picture reduced by `scale`."""
    top, bottom, left, right = (
        max(0, round(edge * scale)) for edge in (box.y, box.y + box.height, box.x, box.x + box.width)
    )
    return slice(top, bottom), slice(left, right)


def _reduced(image: Image, scale: float) -> Image:
    """Convert a picture to grey, reduce it and equalise its histogram.

    Equalising compensates for back light and dark rooms, in which the cascade's fixed thresholds fail.
    """
    if image.ndim == 3:
        image = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
    if scale != 1:
        interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        height, width = (max(1, round(side * scale)) for side in image.shape)
        image = np.asarray(cv2.resize(image, (width, height), interpolation=interpolation), np.uint8)
    return np.asarray(cv2.equalizeHist(image), np.uint8)
