"""The track of one face: its box, how certain that is, and its smoothed predictions."""

import math
from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from faces import Box, Detection, Face
from tracking.following import Edges, Template, box_of
from tracking.smoothing import Smoother, share

CONFIRM_AFTER = 3
"""Votes, from different frames or sizes, after which a face is shown: false positives seldom last as long."""
FADE_FOR = 0.4
"""Seconds in which a lost face fades out."""
HOLD_FOR = 1.5
"""Seconds for which a well followed face is kept although the detector does not see it: turned away, half hidden."""

DOUBT_SMOOTHING = 0.3
"""Time constant of the evidence that a track is no face, in seconds."""


def log_odds(probability: float) -> float:
    """The log odds of a probability, bounded so that no single prediction is ever certain."""
    bounded = min(max(probability, 1e-3), 1 - 1e-3)
    return math.log(bounded / (1 - bounded))


@dataclass(slots=True)
class Track:
    """One face over time; box edges unrounded, so that nothing rounds twice."""

    number: int
    edges: Edges
    appearance: Template | None
    smoother: Smoother
    now: float
    votes: int = 1
    since: float = 0.0
    """Time of its first detection, in seconds."""
    others: dict[float, Smoother] = field(default_factory=dict)
    """The predictions smoothed with further time constants, by these in seconds."""
    velocity: NDArray[np.float64] = field(default_factory=lambda: np.zeros(2))
    easing: Edges = field(default_factory=lambda: np.zeros(4))
    """Offset of the shown box from `edges` after a correction, which decays."""
    likeness: float = 1.0
    found_at: float = 0.0
    """When the detector last saw it."""
    checked_at: float = 0.0
    """When the detector last checked it."""
    leaps: bool = False
    """Whether the last detection lay so far off that the next check is due at once."""
    lost_at: float | None = None
    lost_box: Box | None = None
    """The box when it was lost; from there it moves on as before."""
    angle: float = 0.0
    """Its tilt in degrees clockwise."""
    detection: float = 1.0
    """The detector's certainty that it is a face."""
    shown: bool = False
    doubt: float = 0.0
    """Smoothed log odds that it is no face."""
    predictions: int = 0

    @property
    def box(self) -> Box:
        """The box to show, in whole pixels."""
        return box_of(self.edges + self.easing)

    @property
    def confirmed(self) -> bool:
        """Whether it has enough votes."""
        return self.votes >= CONFIRM_AFTER

    @property
    def certainty(self) -> float:
        """How certain it is that this face, and not another in its place, is in sight; larger is more certain."""
        return self.confirmed + self.likeness - 0.3 * (self.now - self.found_at) / HOLD_FOR

    @property
    def fade(self) -> float:
        """From 1 (in sight) to 0 (gone)."""
        return 1.0 if self.lost_at is None else max(0.0, 1 - (self.now - self.lost_at) / FADE_FOR)

    def add_prediction(self, probabilities: NDArray[np.float32], no_face: float) -> None:
        """Add the network's prediction for the newest frame: (labels,), and the probability that it is no face."""
        elapsed = self.now - self.smoother.predicted_at
        for smoother in (self.smoother, *self.others.values()):
            smoother.update(probabilities, self.now)
        self.predictions += 1
        gain = max(share(elapsed, DOUBT_SMOOTHING), 1 / self.predictions)
        self.doubt += gain * (log_odds(no_face) - self.doubt)

    def keep_smoothings(self, wanted: Collection[float]) -> None:
        """Keep smoothers with these further time constants, in seconds, and no others."""
        self.others = {
            constant: self.others.get(constant) or self.smoother.with_time_constant(constant) for constant in wanted
        }

    @property
    def visible(self) -> bool:
        """Whether it is shown, fading or not."""
        return self.shown and self.fade > 0

    def face(self, labels: tuple[str, ...], smoothing: float | None = None) -> Face:
        """The face to show, smoothed with one of the further time constants in seconds, or with its own."""
        reading = self.smoother if smoothing is None else self.others[smoothing]
        held = labels[reading.held]
        return Face(
            self.box,
            labels,
            reading.probabilities,
            self.number,
            held,
            self.fade,
            self.seconds,
            self.detection,
            self.angle,
        )

    def note(self, found: Detection, gain: float = 1.0) -> None:
        """Note how certain and how tilted a detection is; the tilt moves by the share `gain`, the shorter way round."""
        self.detection = found.certainty
        turn = (found.angle - self.angle + 180) % 360 - 180
        self.angle = (self.angle + gain * turn + 180) % 360 - 180

    @property
    def seconds(self) -> float:
        """Seconds in view until now, or until it was lost; short absences count."""
        return (self.now if self.lost_at is None else self.lost_at) - self.since

    @property
    def doubtful(self) -> tuple[Box, ...]:
        """Where it may be while it is not shown: its predicted place, and where it was lost."""
        return () if self.visible else (self.box, *filter(None, [self.lost_box]))

    def lose(self) -> None:
        """Mark it as lost."""
        if self.lost_at is None:
            self.lost_at, self.lost_box = self.now, self.box
