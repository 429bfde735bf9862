"""Detects dead workers by their heartbeats, using the observer's clock: clocks of two machines may differ."""

import time
from collections.abc import Callable, Iterable

from media.queue.job import Job

STALE = 20.0
"""Seconds of observation without a heartbeat after which a worker counts as dead."""
GAP = 5.0
"""Most seconds that count between two calls: in a longer gap the observer itself may have been cut off."""


class HeartbeatMonitor:
    """Measures for how long each running job has had no heartbeat.

    Args:
        clock: returns monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._checked = clock()
        self._heartbeats: dict[str, tuple[tuple[str, int, float], float]] = {}

    def stale(self, jobs: Iterable[Job]) -> set[str]:
        """Check all running jobs; returns the ids of those whose workers count as dead."""
        now = self._clock()
        passed, self._checked = min(now - self._checked, GAP), now
        before, self._heartbeats = self._heartbeats, {}
        for job in jobs:
            heartbeat = (job.worker, job.attempts, job.beat)
            last, silent = before.get(job.id, (None, 0.0))
            self._heartbeats[job.id] = (heartbeat, silent + passed if last == heartbeat else 0.0)
        return {job_id for job_id, (_, silent) in self._heartbeats.items() if silent > STALE}
