"""Places for plates (labels, bars) beside the boxes of faces: no plate covers a face or another plate.

Larger faces choose first. A plate's place is kept from frame to frame while it stays free, so that plates stand still.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from faces import Box

Size = tuple[int, int]
"""Width and height in pixels."""
Spot = tuple[int, int] | None
"""A choice of place: which of a plate's sizes, and which of the sides of its box; None for no room."""
BEST: Spot = (0, 0)
GAP = 4
"""Pixels that must be free around a newly taken place. A kept place needs none, so that boxes may tremble."""
BETTER = 3 * GAP
"""Pixels that must be free around a better place before a plate moves there, and around the first after none."""


class Rect(NamedTuple):
    """A rectangle in pixels; `right` and `bottom` lie outside."""

    left: int
    top: int
    right: int
    bottom: int

    @classmethod
    def of(cls, box: Box) -> "Rect":
        """The rectangle of a box."""
        return cls(box.x, box.y, box.x + box.width, box.y + box.height)


class Place(NamedTuple):
    """The place of a plate: its rectangle, and which of its sizes it has."""

    rect: Rect
    size: int


class Wanted(NamedTuple):
    """A plate that is wanted at a box: its sizes, the preferred first, and the face's track (None for none)."""

    box: Box
    sizes: tuple[Size, ...]
    track: int | None = None


Sides = Callable[[Box, Size, Size], Sequence[tuple[int, int] | None]]
"""The top left corners around a box for a plate of a size in a picture of a size, the preferred first and the last
resort last; None for a side that is unfit. Always equally many."""
Kept = dict[int | None, Spot]
"""The spots of the frame before, by track. The first is the next to look for a better one."""


@dataclass(frozen=True, slots=True)
class Memory:
    """The spots of one view's labels and bars, kept from frame to frame."""

    labels: Kept = field(default_factory=dict)
    bars: Kept = field(default_factory=dict)


def arrange(
    wanted: Sequence[Wanted], taken: Sequence[Rect], room: Size, sides: Sides, kept: Kept | None = None
) -> list[Place | None]:
    """Choose a place for each plate; None for a plate that has none without covering something.

    In each frame one of the kept plates, in turn, looks for a better place, so that this costs next to nothing.

    Args:
        wanted: the plates of all faces; one may cover its own box, where `sides` has it so.
        taken: what else must stay free, such as plates of another kind.
        room: width and height of the picture.
        sides: the places around a box.
        kept: the spots of the frame before; replaced by those of this frame.
    """
    kept = {} if kept is None else kept
    turn = next(iter(kept), None)
    search = _Search(wanted, taken, room, sides)
    order = sorted(range(len(wanted)), key=lambda index: (-wanted[index].box.area, search.faces[index]))
    for index in order:
        search.keep(index, kept.get(wanted[index].track))
    for index in order:
        track = wanted[index].track
        if track not in kept or kept[track] != search.spots[index]:
            search.choose(index, GAP)
        elif track == turn and search.spots[index] != BEST:
            search.choose(index, BETTER)
    spots = {one.track: spot for one, spot in zip(wanted, search.spots, strict=True) if one.track is not None}
    ordered = [track for track in (*kept, *spots) if track in spots and track != turn]
    kept.clear()
    kept.update((track, spots[track]) for track in (*ordered, turn) if track in spots)
    return search.places()


class _Search:
    """The places chosen so far for one frame's plates."""

    def __init__(self, wanted: Sequence[Wanted], taken: Sequence[Rect], room: Size, sides: Sides) -> None:
        self.faces = [Rect.of(one.box) for one in wanted]
        self.spots: list[Spot | None] = [None] * len(wanted)
        self.rects: list[Rect | None] = [None] * len(wanted)
        self._wanted, self._taken, self._room, self._sides = wanted, taken, room, sides

    def keep(self, index: int, spot: Spot) -> None:
        """Keep a plate where it was, if that is free; it may reach a little over the picture's edge."""
        one = self._wanted[index]
        if spot is None or spot[0] >= len(one.sizes):
            return
        corner = self._sides(one.box, one.sizes[spot[0]], self._room)[spot[1]]
        if corner is not None:
            rect = _at(corner, one.sizes[spot[0]])
            if self._is_inside(rect, index, -GAP) and not _hits(rect, 0, self._obstacles(index)):
                self.spots[index], self.rects[index] = spot, rect

    def choose(self, index: int, gap: int) -> None:
        """Move a plate to the best place that has `gap` free pixels around it, if that is better than where it is."""
        one, before = self._wanted[index], self.spots[index]
        reach = _reach(one, self._room)
        obstacles = [rect for rect in self._obstacles(index) if _meet(rect, reach)]
        for spot, rect in self._candidates(one):
            if spot == before:
                return
            if self._is_inside(rect, index, gap) and not _hits(rect, gap, obstacles):
                self.spots[index], self.rects[index] = spot, rect
                return

    def _obstacles(self, index: int) -> list[Rect]:
        """All faces and plates but a plate's own."""
        plates = [rect for place, rect in enumerate(self.rects) if rect and place != index]
        return [*self.faces[:index], *self.faces[index + 1 :], *self._taken, *plates]

    def _candidates(self, one: Wanted) -> Iterator[tuple[Spot, Rect]]:
        """All places of a plate, the best first: in every size beside the box before any of the last resort."""
        last = []
        for size, plate in enumerate(one.sizes):
            *beside, within = self._sides(one.box, plate, self._room)
            for side, corner in enumerate(beside):
                if corner is not None:
                    yield (size, side), _at(corner, plate)
            if within is not None:
                last.append(((size, len(beside)), _at(within, plate)))
        yield from last

    def _is_inside(self, rect: Rect, index: int, gap: int) -> bool:
        """Whether a plate keeps that far from the picture's edges, but for those where it was pushed in."""
        (left, top, right, bottom), (width, height), face = rect, self._room, self.faces[index]
        across = gap if right <= face.left or face.right <= left else min(gap, 0)
        down = gap if bottom <= face.top or face.bottom <= top else min(gap, 0)
        return left >= across and right <= width - across and top >= down and bottom <= height - down

    def places(self) -> list[Place | None]:
        """The places of all plates."""
        chosen = zip(self.spots, self.rects, strict=True)
        return [Place(rect, spot[0]) if spot and rect else None for spot, rect in chosen]


def _at(corner: tuple[int, int], size: Size) -> Rect:
    return Rect(corner[0], corner[1], corner[0] + size[0], corner[1] + size[1])


def _reach(one: Wanted, room: Size) -> Rect:
    """The bounding rectangle of all places of a plate, with a margin; obstacles outside of it cannot matter."""
    wide = max((width for width, _ in one.sizes), default=0) + BETTER
    high = 2 * max((height for _, height in one.sizes), default=0) + BETTER
    left, top, right, bottom = Rect.of(one.box)
    return Rect(min(left, room[0]) - wide, min(top, room[1]) - high, max(right, 0) + wide, max(bottom, 0) + high)


def _meet(one: Rect, other: Rect) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _hits(rect: Rect, gap: int, obstacles: Sequence[Rect]) -> bool:
    left, top, right, bottom = rect[0] - gap, rect[1] - gap, rect[2] + gap, rect[3] + gap
    for x0, y0, x1, y1 in obstacles:  # noqa: SIM110 - `any` takes twice the time
        if x0 < right and left < x1 and y0 < bottom and top < y1:
            return True
    return False
