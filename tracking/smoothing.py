"""Smoothing over time: probabilities that do not flicker, and a label that changes only on evidence."""

import math

import numpy as np
from numpy.typing import NDArray

LEAST = 1e-3
"""Lower bound of probabilities: a network's certainty in one frame must not outweigh the frames around it."""
UNLIKELY = 0.01
"""Lower bound of probabilities in the evidence that decides on the label."""
MARGIN = 0.3
"""Difference of log probabilities from which another label counts as evidence against the held one."""
PROOF = 0.6
"""Evidence that changes the label, per second of `Smoother`'s time constant: nat seconds per second."""
LONGEST_GAP = 0.25
"""The most seconds for which one prediction counts, however long ago the one before was."""


def share(elapsed: float, time_constant: float) -> float:
    """The gain of an exponential filter after `elapsed` seconds; independent of the frame rate."""
    return 1 - math.exp(-max(elapsed, 0.0) / time_constant) if time_constant > 0 else 1.0


class Smoother:
    """The probabilities of one face, smoothed exponentially in the log domain, and the label that is held.

    The label changes once the evidence for another one passes a limit. The evidence is the difference of their log
    probabilities, summed over time and never below zero: Page's cumulative sum test ("Continuous inspection schemes",
    1954), the fastest to detect a change at a given rate of false alarms. So a clear change shows within a few frames,
    while labels that are about equally likely do not alternate.

    Args:
        time_constant: of the probabilities, in seconds; 0 for no smoothing.
    """

    def __init__(self, time_constant: float = 0.4) -> None:
        self._time_constant = time_constant
        self._logs: NDArray[np.float64] | None = None
        self._evidence = np.zeros(0)
        self._held = 0
        self._predicted_at = -math.inf

    def with_time_constant(self, time_constant: float) -> "Smoother":
        """Return a smoother with another time constant that starts from this one's state."""
        made = Smoother(time_constant)
        made._logs, made._held, made._predicted_at = self._logs, self._held, self._predicted_at
        made._evidence = np.zeros_like(self._evidence)
        return made

    @property
    def predicted_at(self) -> float:
        """Time of the last prediction; minus infinity before the first."""
        return self._predicted_at

    @property
    def held(self) -> int:
        """The index of the held label."""
        return self._held

    @property
    def probabilities(self) -> tuple[float, ...]:
        """The smoothed probabilities, which sum to 1; empty before the first prediction."""
        if self._logs is None:
            return ()
        smooth = np.exp(self._logs)
        return tuple((smooth / smooth.sum()).tolist())

    def update(self, probabilities: NDArray[np.float32], now: float) -> None:
        """Add a prediction, (labels,), at the time `now` in seconds."""
        new = np.log(np.maximum(probabilities.astype(np.float64), LEAST if self._time_constant > 0 else 1e-9))
        elapsed, self._predicted_at = now - self._predicted_at, now
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
            self._logs = new  # the past is known to be over
