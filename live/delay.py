"""Delays frames for a moment, so that a face that is detected a moment later can still be hidden in them."""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace

from faces import Box, Face, Frame

HELD_FOR = 0.6
"""The least delay in seconds: a face that comes into view is seldom detected later."""
MOST_BYTES = 250_000_000
"""The most memory for delayed frames; when they need more, some are dropped, none is shown earlier."""
SLACK = 0.1
"""Additional seconds by which a frame may be late, so that none is dropped when the camera's pace is uneven."""
STEADY = 0.1
"""Seconds for which a face must have been seen before its velocity is known."""


class FrameDelay:
    """Delays one camera's frames; used by one thread."""

    def __init__(self) -> None:
        self._held: deque[Frame] = deque()
        self._shown: int | None = None

    def clear(self) -> None:
        """Forget all frames."""
        self._held.clear()

    def push(self, frame: Frame) -> Frame | None:
        """Add a new frame and return the one to show now; None when there is no new one to show.

        A frame is returned once it is `HELD_FOR` seconds old and faces were searched for in it or a later one. Wherever
        faces were detected since then is `doubtful` in it.
        """
        crowded = sum(held.image.nbytes for held in self._held) + frame.image.nbytes > MOST_BYTES
        self._held.append(replace(frame, image=frame.image[:0].copy()) if crowded else frame)
        until = min(frame.position - HELD_FOR, frame.searched_at)
        while len(self._held) > 1 and self._held[1].position <= until - (0 if self._is_shown else SLACK):
            self._held.popleft()
        oldest = self._held[0]
        if oldest.position > until or self._is_shown or not oldest.image.size:
            return None
        self._shown = oldest.number
        return replace(oldest, doubtful=(*oldest.doubtful, *self._found_since()))

    @property
    def _is_shown(self) -> bool:
        return self._held[0].number == self._shown

    def _found_since(self) -> Iterator[Box]:
        """Where faces are in the oldest frame, judging from the later ones."""
        oldest, tracks = self._held[0], dict[int | None, list[tuple[float, Face]]]()
        for frame in list(self._held)[1:]:
            yield from frame.doubtful
            for face in frame.faces:
                tracks.setdefault(face.track, []).append((frame.position, face))
        known = {face.track for face in oldest.faces}
        for track, seen in tracks.items():
            if track not in known:
                yield seen[0][1].box
                yield _traced_back(seen, oldest.position)


def _traced_back(seen: list[tuple[float, Face]], position: float) -> Box:
    """Extrapolate a face's box to an earlier time, from how it moved after it was first seen."""
    (began, first), (ended, last) = seen[0], seen[-1]
    if ended - began < STEADY:
        return first.box
    share = (position - began) / (ended - began)
    one, other = first.box, last.box
    return replace(one, x=round(one.x + share * (other.x - one.x)), y=round(one.y + share * (other.y - one.y)))
