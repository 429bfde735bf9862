"""One face over time: where it is, how sure that is, and what was read in it."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from faces import Box
from tracking.following import Edges, Look, box_of
from tracking.smoothing import Smoother

CONFIRM_AFTER = 3
"""Finds, of different frames or sizes, after which a face is shown: Haar's mistakes seldom last as long."""
FADE_FOR = 0.4
"""Seconds in which a face that was lost fades."""
HOLD_FOR = 1.5
"""Seconds for which a face that is followed well is held although Haar does not see it: tilted, turned, half hidden."""


@dataclass(slots=True)
class Track:
    """One face over time; box edges unrounded, so that nothing rounds twice."""

    number: int
    edges: Edges
    look: Look | None
    reading: Smoother
    now: float
    votes: int = 1
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

    def lose(self) -> None:
        """Take note that it is no longer in sight."""
        if self.lost_at is None:
            self.lost_at = self.now
