"""Who has given no sign of life for long, by the clock of the one who looks: those of two machines may differ."""

import time
from collections.abc import Callable, Iterable

from media.queue.job import Job

STALE = 20.0
"""Seconds of looking without a sign of life after which a worker counts as dead."""
GAP = 5.0
"""Seconds that count at most between two looks: in a longer pause it may have been the queue that heard nothing."""


class Silence:
    """For how long one process has seen no sign of life of each job that is being worked at.

    Args:
        clock: tells seconds, and is never set.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._looked = clock()
        self._seen: dict[str, tuple[tuple[str, int, float], float]] = {}

    def stale(self, jobs: Iterable[Job]) -> set[str]:
        """Look at all jobs that are being worked at; the ids of those whose workers count as dead."""
        now = self._clock()
        passed, self._looked = min(now - self._looked, GAP), now
        before, self._seen = self._seen, {}
        for job in jobs:
            sign = (job.worker, job.attempts, job.beat)
            seen, silent = before.get(job.id, (None, 0.0))
            self._seen[job.id] = (sign, silent + passed if seen == sign else 0.0)
        return {job_id for job_id, (_, silent) in self._seen.items() if silent > STALE}
