"""One face over time: where it is, how sure that is, and what was read in it."""

import math
from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from faces import Box, Face
from tracking.following import Edges, Template, box_of
from tracking.smoothing import Smoother, share

CONFIRM_AFTER = 3
"""Finds, of different frames or sizes, after which a face is shown: Haar's mistakes seldom last as long."""
FADE_FOR = 0.4
"""Seconds in which a face that was lost fades."""
HOLD_FOR = 1.5
"""Seconds for which a face that is followed well is held although Haar does not see it: tilted, turned, half hidden."""

DOUBT_SMOOTHING = 0.3
"""Time constant of the evidence that a track is no face, in seconds."""


def log_odds(probability: float) -> float:
    """The logarithm of a probability's odds, bounded so that no single reading is ever certain."""
    bounded = min(max(probability, 1e-3), 1 - 1e-3)
    return math.log(bounded / (1 - bounded))


@dataclass(slots=True)
class Track:
    """One face over time; box edges unrounded, so that nothing rounds twice."""

    number: int
    edges: Edges
    appearance: Template | None
    reading: Smoother
    now: float
    votes: int = 1
    since: float = 0.0
    """When Haar first saw it."""
    others: dict[float, Smoother] = field(default_factory=dict)
    """What was read, with further time constants, by these in seconds."""
    velocity: NDArray[np.float64] = field(default_factory=lambda: np.zeros(2))
    easing: Edges = field(default_factory=lambda: np.zeros(4))
    """How far what is shown still lies beside `edges`, after a correction."""
    likeness: float = 1.0
    found_at: float = 0.0
    """When Haar last saw it."""
    checked_at: float = 0.0
    """When Haar last looked for it."""
    leaps: bool = False
    """Whether the last find lay so far beside it that the next one is wanted at once."""
    lost_at: float | None = None
    lost_box: Box | None = None
    """The box when it was lost; from there on it moves as it did."""
    shown: bool = False
    doubt: float = 0.0
    """Smoothed log odds that it is no face."""
    readings: int = 0

    @property
    def box(self) -> Box:
        """The box to show, in whole pixels."""
        return box_of(self.edges + self.easing)

    @property
    def confirmed(self) -> bool:
        """Whether it was found often enough."""
        return self.votes >= CONFIRM_AFTER

    @property
    def certainty(self) -> float:
        """The larger the surer it is that this face, and not another in its place, is in sight."""
        return self.confirmed + self.likeness - 0.3 * (self.now - self.found_at) / HOLD_FOR

    @property
    def fade(self) -> float:
        """From 1, in sight, to 0, gone."""
        return 1.0 if self.lost_at is None else max(0.0, 1 - (self.now - self.lost_at) / FADE_FOR)

    def add_prediction(self, probabilities: NDArray[np.float32], no_face: float) -> None:
        """Take in what the network reads in the newest frame: (labels,), and the probability that it is no face."""
        elapsed = self.now - self.reading.read_at
        for smoother in (self.reading, *self.others.values()):
            smoother.update(probabilities, self.now)
        self.readings += 1
        gain = max(share(elapsed, DOUBT_SMOOTHING), 1 / self.readings)
        self.doubt += gain * (log_odds(no_face) - self.doubt)

    def keep_smoothings(self, wanted: Collection[float]) -> None:
        """Smooth with these time constants too, in seconds, and with no others."""
        self.others = {
            constant: self.others.get(constant) or self.reading.with_time_constant(constant) for constant in wanted
        }

    @property
    def visible(self) -> bool:
        """Whether it is among the faces to show, fading or not."""
        return self.shown and self.fade > 0

    def face(self, labels: tuple[str, ...], smoothing: float | None = None) -> Face:
        """The face to show, with one of the further time constants in seconds, or with its own."""
        reading = self.reading if smoothing is None else self.others[smoothing]
        held = labels[reading.held]
        return Face(self.box, labels, reading.probabilities, self.number, held, self.fade, self.seconds)

    @property
    def seconds(self) -> float:
        """How long it has been in view, or was until it was lost; short absences count."""
        return (self.now if self.lost_at is None else self.lost_at) - self.since

    @property
    def doubtful(self) -> tuple[Box, ...]:
        """Where it may be although it is not shown: in its place, or where it was lost."""
        return () if self.visible else (self.box, *filter(None, [self.lost_box]))

    def lose(self) -> None:
        """Take note that it is no longer in sight."""
        if self.lost_at is None:
            self.lost_at, self.lost_box = self.now, self.box
