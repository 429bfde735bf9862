"""Following a face from frame to frame: template matching in a reduced frame."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from faces import Box, Image

Edges = NDArray[np.float64]
"""Left, top, width and height of a box in pixels of the frame, (4,), unrounded."""

SIDE = 32
"""Pixels to which a face's width is scaled before templates are compared."""
INSIDE = 0.1
"""Share of the box left out on each side: hair and background, which do not move with the face."""
REACH = 0.3
"""How far a face may be from its predicted place, as a share of its width."""
SMALLEST = 6
"""Pixels of the reduced frame below which too little of a face is left to recognise it."""


@dataclass(frozen=True, slots=True)
class Grey:
    """A grey frame, whole and reduced for following.

    `image`: (height, width) uint8; `scale`: its pixels per pixel of the frame; `position`: the frame's, in seconds.
    `whole`: the frame's own (height, width) uint8 pixels; None if it was not reduced.
    """

    image: Image
    scale: float
    position: float
    whole: Image | None = None


def reduced(image: Image, position: float, width: int = 480) -> Grey:
    """Convert a frame to grey, and reduce it for following.

    Args:
        image: (height, width, 3) uint8 BGR or (height, width) grey.
        position: the frame's, in seconds.
        width: the least pixels of the reduced width; the factor is a whole number, which is several times faster.
    """
    grey = image if image.ndim == 2 else np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
    whole, factor = grey, max(1, min(image.shape[1] // width, image.shape[0]))
    if factor > 1:
        height, width = grey.shape[0] // factor * factor, grey.shape[1] // factor * factor
        size = (width // factor, height // factor)
        grey = np.asarray(cv2.resize(grey[:height, :width], size, interpolation=cv2.INTER_AREA), np.uint8)
    return Grey(grey, 1 / factor, position, None if factor == 1 else whole)


@dataclass(frozen=True, slots=True)
class Template:
    """The appearance of a face.

    `patch`: (height, width) uint8; `scale`: its pixels per pixel of the reduced frame; `left`, `top`: its offset from
    the corner of the box, in pixels of the reduced frame.
    """

    patch: Image
    scale: float
    left: float
    top: float

    def likeness(self, other: "Template") -> float:
        """Correlation with another template, -1 to 1; 0 when only one of them was cut off by the picture's edge."""
        if abs(self.patch.shape[0] - other.patch.shape[0]) > 2 or abs(self.patch.shape[1] - other.patch.shape[1]) > 2:
            return 0.0
        height, width = (min(a, b) for a, b in zip(self.patch.shape, other.patch.shape, strict=True))
        margin = 2
        inner = other.patch[margin : height - margin, margin : width - margin]
        return float(cv2.matchTemplate(self.patch[:height, :width], inner, cv2.TM_CCOEFF_NORMED).max())


def appearance_at(grey: Grey, edges: Edges) -> Template | None:
    """The template of a box in a frame; None when almost nothing of the box is in the picture."""
    x, y, width, height = (float(edge) * grey.scale for edge in edges)
    rows, columns = grey.image.shape
    left, right = max(0, round(x + INSIDE * width)), min(columns, round(x + (1 - INSIDE) * width))
    top, bottom = max(0, round(y + INSIDE * height)), min(rows, round(y + (1 - INSIDE) * height))
    if min(right - left, bottom - top) < SMALLEST:
        return None
    scale = SIDE / width
    return Template(_resized(grey.image[top:bottom, left:right], scale), scale, left - x, top - y)


def locate(grey: Grey, appearance: Template, edges: Edges) -> tuple[Edges, float]:
    """Find where a face is now, by normalised cross-correlation.

    Args:
        grey: the frame to search.
        appearance: its template, from a box of the size of `edges`.
        edges: its predicted box.

    Returns:
        The box, moved but of the same size, and the correlation there, -1 to 1; -1 when it would be out of view.
    """
    left, top = edges[0] * grey.scale + appearance.left, edges[1] * grey.scale + appearance.top
    high, wide = (side / appearance.scale for side in appearance.patch.shape)
    reach = REACH * SIDE / appearance.scale
    rows, columns = grey.image.shape
    x0, x1 = max(0, int(left - reach)), min(columns, int(left + wide + reach) + 1)
    y0, y1 = max(0, int(top - reach)), min(rows, int(top + high + reach) + 1)
    if x1 - x0 < SMALLEST or y1 - y0 < SMALLEST:
        return edges, -1.0
    window = _resized(grey.image[y0:y1, x0:x1], appearance.scale)
    if window.shape[0] < appearance.patch.shape[0] or window.shape[1] < appearance.patch.shape[1]:
        return edges, -1.0
    likeness = cv2.matchTemplate(window, appearance.patch, cv2.TM_CCOEFF_NORMED)
    _, best, _, (x, y) = cv2.minMaxLoc(likeness)
    moved = edges.copy()
    moved[0] = (x0 + _peak(likeness[y], x) / appearance.scale - appearance.left) / grey.scale
    moved[1] = (y0 + _peak(likeness[:, x], y) / appearance.scale - appearance.top) / grey.scale
    return moved, float(best)


def _resized(image: Image, scale: float) -> Image:
    """Scale a picture without aliasing: by averaging whole pixels, which is fast, and the rest linearly."""
    factor = int(1 / scale)
    if factor > 1:
        size = (image.shape[1] // factor, image.shape[0] // factor)
        whole = image[: size[1] * factor, : size[0] * factor]
        image = np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), np.uint8)
        scale *= factor
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR), np.uint8)


def _peak(values: NDArray[Any], index: int) -> float:
    """The subpixel position of a maximum: the top of the parabola through it and its neighbours."""
    if not 0 < index < len(values) - 1:
        return float(index)
    before, here, after = (float(value) for value in values[index - 1 : index + 2])
    bend = before - 2 * here + after
    return index + 0.5 * (before - after) / bend if bend < 0 else float(index)


def edges_of(box: Box) -> Edges:
    """Convert a box to edges."""
    return np.array([box.x, box.y, box.width, box.height], np.float64)


def box_of(edges: Edges) -> Box:
    """Round edges to a box in whole pixels."""
    x, y, width, height = (round(float(edge)) for edge in edges)
    return Box(x, y, max(1, width), max(1, height))
