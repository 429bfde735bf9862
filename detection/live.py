"""Face detection in live video and films: a few looks a search, which find new faces and check known ones."""

import math
from collections.abc import Sequence

import numpy as np

from detection.alignment import SIDE as BOX_SIDE
from detection.alignment import detections
from detection.blazeface import SIDE
from detection.glances import (
    CERTAIN,
    CLEAR,
    CLOSE,
    MARGIN,
    POSSIBLE,
    TURNED,
    Network,
    from_afar,
    glances,
    large,
    look,
)
from detection.windows import Window
from faces import SAME_FACE, Box, Detection, Image

HINTS = 0.15
"""Score from which a find of a glance is a hint; a bare wall has some of 0.1."""
MOST = 3
"""Most closer looks of one search; the next search takes the other hints."""
REFUSED_FOR = 10
"""Searches for which a hint that was no face is not looked at again, unless it has become clearer."""
CLEARER = 0.15
"""How much clearer, in score."""
LEGIBLE = 20
"""Pixels that a known face must have in a window to be checked in it."""
ALIKE = 15
"""Degrees by which the tilt of faces may differ that are checked in one turned window."""


class LiveDetector:
    """Finds faces in the frames of one camera or film; used by one thread at a time.

    A search is one glance, in turn at the whole frame and at two of its parts, each time at the next ones in which
    something has changed, or at the frame from afar: small faces are found within some searches. Known faces that are
    near each other are checked by one look.

    Args:
        network: sees the faces of a window; may be shared.
        search_width: pixels to which frames are reduced before faces are followed.
        min_face: the smallest face to detect, as a share of the frame's shorter side.
    """

    reduced = False
    together = True
    sweep = 2
    check_every = 0.4

    def __init__(self, network: Network, search_width: int = 480, min_face: float = 0.03) -> None:
        self.search_width = search_width
        self._network = network
        self._min_face = min_face
        self._search = -1
        self._refused: list[tuple[int, Detection]] = []

    def detect_new(self, image: Image, area: Box | None = None, known: Sequence[Box] = ()) -> list[Detection]:
        """Return candidates for new faces in a frame, the most certain first; `confirm` checks them.

        Args:
            image: (height, width) uint8 grey, or (height, width, 3) BGR.
            area: the part in which something has changed, in pixels of the frame; by default all of it.
            known: boxes of known faces, which are left out.
        """
        self._search += 1
        height, width = image.shape[:2]
        smallest = self._min_face * min(width, height)
        everything, parts = glances(width, height, smallest)
        parts = [from_afar(everything), *(part for part in parts if area is None or _meets(part, area))]
        window = self._next(everything, parts)
        hints = look(self._network, image, window, HINTS).merged()
        return [
            place
            for place in detections(large(hints, smallest))
            if (area is None or _within(place.box, area)) and all(place.box.overlap(box) < SAME_FACE for box in known)
        ]

    def _next(self, everything: Window, parts: Sequence[Window]) -> Window:
        """The window whose turn it is: everything, then two parts."""
        turn, rest = divmod(self._search, 3)
        return parts[(2 * turn + rest - 1) % len(parts)] if rest else everything

    def confirm(self, image: Image, places: Sequence[Detection]) -> list[Detection | None]:
        """Check candidates by a closer look; None for each that is no face. One with a high score is accepted as it is.

        Args:
            image: as for `detect_new`.
            places: what that returned.
        """
        self._refused = [(until, place) for until, place in self._refused if until > self._search]
        found: list[Detection | None] = [place if place.certainty >= CLEAR else None for place in places]
        unclear = [i for i, place in enumerate(places) if place.certainty < CLEAR and not self._was_refused(place)]
        groups = _groups([places[index].box for index in unclear])
        for group in sorted(groups, key=min)[:MOST]:  # the likeliest first
            chosen = [unclear[member] for member in group]
            for index, closer in zip(chosen, self._look(image, [places[index] for index in chosen]), strict=True):
                if closer is not None and closer.certainty >= CERTAIN:
                    found[index] = closer
                else:
                    self._refused.append((self._search + REFUSED_FOR, places[index]))
        return found

    def _was_refused(self, place: Detection) -> bool:
        return any(
            place.box.overlap(other.box) > SAME_FACE and place.certainty < other.certainty + CLEARER
            for _, other in self._refused
        )

    def detect_known(self, image: Image, faces: Sequence[Detection]) -> list[Detection | None]:
        """Look for each of some faces where it was a moment ago; None where none is.

        Args:
            image: as for `detect_new`.
            faces: where they were, in pixels of the frame.
        """
        found: list[Detection | None] = [None] * len(faces)
        for group in _groups([face.box for face in faces]):
            for index, seen in zip(group, self._look(image, [faces[index] for index in group]), strict=True):
                found[index] = seen
        return found

    def _look(self, image: Image, faces: Sequence[Detection]) -> list[Detection | None]:
        """Look at faces that fit into one window; return what is seen where each was."""
        seen = detections(look(self._network, image, _window(faces), POSSIBLE).merged())
        best = [max(seen, key=lambda each: each.box.overlap(face.box), default=None) for face in faces]
        pairs = zip(faces, best, strict=True)
        return [each if each and each.box.overlap(face.box) >= SAME_FACE else None for face, each in pairs]


def _groups(boxes: Sequence[Box]) -> list[list[int]]:
    """Put boxes, by number, into the fewest groups that one window each shows large enough, the largest first."""
    groups: list[list[int]] = []
    for index in sorted(range(len(boxes)), key=lambda index: -boxes[index].width):
        for group in groups:
            if _fit([boxes[i] for i in (*group, index)]):
                group.append(index)
                break
        else:
            groups.append([index])
    return groups


def _fit(boxes: Sequence[Box]) -> bool:
    """Whether one window can show all of the boxes, the smallest of them large enough."""
    return min(box.width for box in boxes) / BOX_SIDE * SIDE / _extent(boxes)[2] >= LEGIBLE


def _extent(boxes: Sequence[Box]) -> tuple[float, float, float]:
    """The middle of some boxes, and the side of the square that holds them all with a margin."""
    margin = (MARGIN + 1 / BOX_SIDE - 1) / 2
    left = min(box.x - margin * box.width for box in boxes)
    right = max(box.x + (1 + margin) * box.width for box in boxes)
    top = min(box.y - margin * box.height for box in boxes)
    bottom = max(box.y + (1 + margin) * box.height for box in boxes)
    return (left + right) / 2, (top + bottom) / 2, max(right - left, bottom - top)


def _window(faces: Sequence[Detection]) -> Window:
    """The window in which faces are checked: the largest of 48 pixels or, among others, less; upright if they are."""
    x, y, side = _extent([face.box for face in faces])
    largest = max(face.box.width for face in faces) / BOX_SIDE
    tilts = [face.angle for face in faces]
    tilt = float(np.mean(tilts))
    turned = abs(tilt) >= TURNED and all(abs(each - tilt) <= ALIKE for each in tilts)
    reach = math.sqrt(2) if turned and len(faces) > 1 else 1.0
    return Window(x, y, min(CLOSE / largest, SIDE / (side * reach)), tilt if turned else 0.0)


def _meets(window: Window, area: Box) -> bool:
    return (
        abs(area.x + area.width / 2 - window.x) < area.width / 2 + window.reach
        and abs(area.y + area.height / 2 - window.y) < area.height / 2 + window.reach
    )


def _within(box: Box, area: Box) -> bool:
    x, y = box.x + box.width / 2, box.y + box.height / 2
    return area.x <= x <= area.x + area.width and area.y <= y <= area.y + area.height
