"""The style of annotations: how thick, how large and in which colour."""

from dataclasses import dataclass

from drawing.palette import COLOURS, OTHER, UNSURE, Colour
from faces import Box, Face

THIN = 10
"""Least width of a small face's box, in line widths: thicker lines would hide the face."""


@dataclass(frozen=True, slots=True)
class Style:
    """The style of annotations in a picture.

    `side` is the picture's shorter side in pixels, which line width and font sizes follow; below the probability
    `threshold` an expression is unsure.
    """

    side: int
    threshold: float = 0.35

    @property
    def line(self) -> int:
        """The width of a box's lines in pixels."""
        return max(2, round(self.side / 180))

    def line_of(self, box: Box) -> int:
        """The width of the lines of one box in pixels, less for a small one."""
        return min(self.line, max(2, min(box.width, box.height) // THIN))

    @property
    def letters(self) -> int:
        """The font size of labels in pixels, where there is room."""
        return max(13, round(self.side / 30))

    @property
    def small_letters(self) -> int:
        """The font size of bars in pixels, and of labels among many faces."""
        return max(11, round(self.side / 45))

    def is_sure(self, face: Face) -> bool:
        """Whether a face's expression is probable enough to be named."""
        return face.expression is not None and face.confidence >= self.threshold

    def colour_of(self, face: Face) -> Colour:
        """The colour of a face's box and label."""
        return COLOURS.get(face.expression or "", OTHER) if self.is_sure(face) else UNSURE
