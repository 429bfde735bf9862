"""What a face looks like over time: probabilities that do not flicker, and a label that changes when it should."""

import math

import numpy as np
from numpy.typing import NDArray

LEAST = 1e-3
"""Probability below which all are alike: a network's certainty in one frame must not outweigh the frames around it."""
UNLIKELY = 0.01
"""The same for the evidence that decides on the label."""
MARGIN = 0.3
"""How much likelier another label must be, as a difference of logarithms, to count as evidence against the one held."""
PROOF = 0.6
"""Evidence that changes the label, in the units of `Smoother`'s time constant: nat seconds a second."""
LONGEST_GAP = 0.25
"""Seconds for which one reading counts at most, however long ago the one before was."""


def share(elapsed: float, time_constant: float) -> float:
    """How much of the way to a new value is gone in `elapsed` seconds: the same for any frame rate."""
    return 1 - math.exp(-max(elapsed, 0.0) / time_constant) if time_constant > 0 else 1.0


class Smoother:
    """The probabilities of one face, smoothed exponentially in the log domain, and the label that stands.

    A label gives way to another once the evidence for that one, the difference of their log probabilities summed over
    time and never below zero, passes a limit: Page's cumulative sum test ("Continuous inspection schemes", 1954), the
    quickest to see a change at a given rate of false alarms. So a clear change shows within a few frames, while labels
    that are about as likely do not take turns.

    Args:
        time_constant: of the probabilities, in seconds; 0 for no smoothing at all.
    """

    def __init__(self, time_constant: float = 0.4) -> None:
        self._time_constant = time_constant
        self._logs: NDArray[np.float64] | None = None
        self._evidence = np.zeros(0)
        self._held = 0
        self._read_at = -math.inf

    def with_time_constant(self, time_constant: float) -> "Smoother":
        """One with another time constant that begins where this one is."""
        made = Smoother(time_constant)
        made._logs, made._held, made._read_at = self._logs, self._held, self._read_at
        made._evidence = np.zeros_like(self._evidence)
        return made

    @property
    def read_at(self) -> float:
        """When the last reading was taken in; minus infinity before the first."""
        return self._read_at

    @property
    def held(self) -> int:
        """The number of the label that stands."""
        return self._held

    @property
    def probabilities(self) -> tuple[float, ...]:
        """The smoothed probabilities, which sum to 1; empty before the first reading."""
        if self._logs is None:
            return ()
        smooth = np.exp(self._logs)
        return tuple((smooth / smooth.sum()).tolist())

    def update(self, probabilities: NDArray[np.float32], now: float) -> None:
        """Take in a reading, (labels,), of the time `now` in seconds."""
        new = np.log(np.maximum(probabilities.astype(np.float64), LEAST if self._time_constant > 0 else 1e-9))
        elapsed, self._read_at = now - self._read_at, now
        if self._logs is None or self._time_constant <= 0:
            self._logs, self._held, self._evidence = new, int(new.argmax()), np.zeros(len(new))
            return
        self._logs = self._logs + share(elapsed, self._time_constant) * (new - self._logs)
        bounded = np.maximum(new, math.log(UNLIKELY))
        advantage = bounded - bounded[self._held] - MARGIN
        self._evidence = np.maximum(0.0, self._evidence + min(elapsed, LONGEST_GAP) * advantage)
        rival = int(self._evidence.argmax())
        if self._evidence[rival] > PROOF * self._time_constant:
            self._held, self._evidence = rival, np.zeros(len(new))
            self._logs = new  # what was seen before is known to be over
