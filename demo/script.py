"""The script of each person at any time: expression, blinks, glances and sway."""

from dataclasses import dataclass, replace

import numpy as np

from demo.expression import PROTOTYPES, Action, mix
from faces import EXPRESSIONS

HOLD = 2.4
"""Seconds for which an expression is held."""
CHANGE = 0.6
"""Seconds of the change to the next one."""
CYCLE = len(EXPRESSIONS) * (HOLD + CHANGE)
"""Seconds in which a person goes through all expressions."""
BLINK = 0.24
"""Length of a blink in seconds."""
GLANCE = 1.7
"""Seconds between two movements of the eyes."""


@dataclass(frozen=True, slots=True)
class Pose:
    """The position of a head: offsets in face units, `roll` in degrees, `size` as a factor."""

    x: float
    y: float
    roll: float
    size: float


class Script:
    """The movements of one person; every answer depends only on the time, in seconds from the start.

    Args:
        seed: other seeds give other movements and blinks.
        person: each person starts the cycle of expressions at another point.
    """

    def __init__(self, seed: int, person: int) -> None:
        rng = np.random.default_rng((seed, person))
        # People are out of step with each other, so that different expressions are visible at any moment.
        self._start = (3.48 + 1.72 * person) * (HOLD + CHANGE)
        self._phases = rng.uniform(0, 2 * np.pi, 8)
        self._blinks = rng.uniform(0, 1, 61)
        self._glances = np.clip(rng.normal(0, 0.35, (67, 2)), -0.8, 0.8)

    def expression(self, time: float) -> tuple[str, str, float]:
        """Return the last expression, the current one, and how far the latter is reached, from 0 to 1."""
        turn, within = divmod(time + self._start, HOLD + CHANGE)
        reached = _ease(within / CHANGE)
        last, this = (EXPRESSIONS[int(turn + step) % len(EXPRESSIONS)] for step in (-1, 0))
        return last, this, reached

    def action(self, time: float) -> Action:
        """Return the action units at a time."""
        last, this, reached = self.expression(time)
        action = mix(PROTOTYPES[last], PROTOTYPES[this], reached)
        breath = 0.05 * self._wave(time, 1.9, 0)
        action = mix(Action(), action, 0.97 + breath)
        x, y = self._glance(time)
        return replace(action, blink=self._blink(time), gaze_x=x, gaze_y=action.gaze_y + 0.6 * y)

    def pose(self, time: float) -> Pose:
        """Return the head's position: slow sums of two waves each, whose periods have no common multiple."""
        a, b, c, d = (
            self._wave(time, slow, 2 * i) + 0.5 * self._wave(time, fast, 2 * i + 1)
            for i, (slow, fast) in enumerate(((9.7, 4.3), (7.9, 3.1), (8.3, 3.7), (12.1, 5.9)))
        )
        return Pose(x=0.16 * a, y=0.06 * b, roll=2.6 * c, size=1 + 0.035 * d)

    def _wave(self, time: float, period: float, index: int) -> float:
        return float(np.sin(2 * np.pi * time / period + self._phases[index]))

    def _blink(self, time: float) -> float:
        turn, within = divmod(time, 3.1)
        start = 0.2 + 2.4 * self._blinks[int(turn) % len(self._blinks)]
        share = min(max((within - start) / BLINK, 0.0), 1.0)
        return float((4 * share * (1 - share)) ** 2)

    def _glance(self, time: float) -> tuple[float, float]:
        turn, within = divmod(time, GLANCE)
        last, this = (self._glances[int(turn + step) % len(self._glances)] for step in (-1, 0))
        x, y = last + (this - last) * _ease(within / 0.12)
        return float(x), float(y)


def _ease(t: float) -> float:
    t = min(max(t, 0.0), 1.0)
    return t * t * (3 - 2 * t)
