"""Frames, faces and boxes, which pass from a source to the viewers, and the order of the expressions."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""A picture: (height, width, 3) uint8 in OpenCV's blue, green, red order, or (height, width) grey."""

EXPRESSIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""The seven expressions, in FER-2013's order. A bundle's card may name others, which then apply."""


@dataclass(frozen=True, slots=True)
class Box:
    """A bounding box in pixels of the original image, origin top left.

    Raises:
        ValueError: a width or height below one pixel.
    """

    x: int
    y: int
    width: int
    height: int

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(f"a box needs a width and height of at least 1 pixel, got {self.width}x{self.height}")

    @property
    def area(self) -> int:
        """Area in square pixels."""
        return self.width * self.height

    def mirrored(self, width: int) -> "Box":
        """The box in the mirror image of a picture of `width` pixels."""
        return replace(self, x=width - self.x - self.width)

    def scaled(self, scale: float) -> "Box":
        """The box in pixels of a picture that is scaled, rounded."""
        if scale == 1:
            return self
        width, height = (max(1, round(side * scale)) for side in (self.width, self.height))
        return Box(round(self.x * scale), round(self.y * scale), width, height)

    def overlap(self, other: "Box") -> float:
        """Intersection over union with another box, from 0 (apart) to 1 (the same)."""
        width = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        height = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        shared = max(width, 0) * max(height, 0)
        return shared / (self.area + other.area - shared)


SAME_FACE = 0.2
"""Intersection over union from which two detections in one frame are one face."""


def joined(boxes: Sequence[Box], more: Sequence[Box]) -> list[Box]:
    """Join the boxes of two searches of one frame, without those of the second that the first has found too."""
    return [*boxes, *(box for box in more if all(box.overlap(known) < SAME_FACE for known in boxes))]


@dataclass(frozen=True, slots=True)
class Detection:
    """A detector's find of a face: its box, how certain it is that it is one, 0 to 1, and its tilt.

    `angle` is in degrees clockwise, -180 to 180, as far as the detector can tell. The box stands upright also around a
    tilted face.
    """

    box: Box
    certainty: float = 1.0
    angle: float = 0.0

    def scaled(self, scale: float) -> "Detection":
        """The detection in pixels of a picture that is scaled."""
        return replace(self, box=self.box.scaled(scale))


@dataclass(frozen=True, slots=True)
class Face:
    """One face: its box, its track and its probabilities.

    `detection` is the detector's certainty that it is a face, 0 to 1; `angle` its tilt in degrees clockwise.
    `probabilities` are in the order of `labels` and sum to 1; both are empty until the face is classified. `held` is
    the current label where labels are smoothed over time; None for the most probable one. `fade` goes from 1 to 0 when
    the face is lost. `seconds` is the time in view; None where faces are not tracked.

    Raises:
        ValueError: probabilities that do not match the labels or do not sum to 1, or a held label that is none of them.
    """

    box: Box
    labels: tuple[str, ...] = ()
    probabilities: tuple[float, ...] = ()
    track: int | None = None
    held: str | None = None
    fade: float = 1.0
    seconds: float | None = None
    detection: float = 1.0
    angle: float = 0.0

    def __post_init__(self) -> None:
        if len(self.labels) != len(self.probabilities):
            raise ValueError(f"expected {len(self.labels)} probabilities, one a label, got {len(self.probabilities)}")
        if self.probabilities and abs(sum(self.probabilities) - 1) > 1e-3:
            raise ValueError(f"probabilities must sum to 1, got {sum(self.probabilities):.4f}")
        if self.held is not None and self.held not in self.labels:
            raise ValueError(f"expected the held label to be one of {', '.join(self.labels)}, got {self.held!r}")

    @property
    def expression(self) -> str | None:
        """The held label, else the most probable one; None before the face was classified."""
        if self.held is not None or not self.probabilities:
            return self.held
        return self.labels[self.probabilities.index(max(self.probabilities))]

    @property
    def confidence(self) -> float:
        """The probability of `expression`, from 0 to 1; 0 before the face was classified."""
        expression = self.expression
        return 0.0 if expression is None else self.probabilities[self.labels.index(expression)]

    def mirrored(self, width: int) -> "Face":
        """The face in the mirror image of a picture of `width` pixels."""
        return replace(self, box=self.box.mirrored(width), angle=-self.angle)

    def as_dict(self) -> dict[str, Any]:
        """The face as in the API and in result files."""
        box = self.box
        return {
            "box": {"x": box.x, "y": box.y, "width": box.width, "height": box.height},
            "track": self.track,
            "seconds": None if self.seconds is None else round(self.seconds, 1),
            "detection": round(self.detection, 3),
            "angle": round(self.angle, 1),
            "expression": self.expression,
            "confidence": round(self.confidence, 4),
            "probabilities": {label: round(p, 4) for label, p in zip(self.labels, self.probabilities, strict=True)},
        }


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One frame: the picture, its time, and the faces detected so far. Compares by identity.

    `captured_at` is in seconds since the UTC epoch. `position` is in seconds on the source's monotonic clock: a video's
    time, or this machine's since it started. `timings` holds the seconds of each stage, by name. `smoothed` has the
    same faces with other smoothing time constants, by these in seconds. `doubtful` are places where another face may
    be: not confirmed yet, or just lost. New faces were searched for last in the frame at position `searched_at`, or in
    a later one.
    """

    image: Image
    number: int
    captured_at: float
    position: float = 0.0
    faces: tuple[Face, ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)
    smoothed: Mapping[float, tuple[Face, ...]] = field(default_factory=dict)
    doubtful: tuple[Box, ...] = ()
    searched_at: float = math.inf

    def faces_over(self, smoothing: float) -> tuple[Face, ...]:
        """The faces smoothed with a time constant in seconds; `faces` if it was not requested in time."""
        return self.smoothed.get(smoothing, self.faces)
