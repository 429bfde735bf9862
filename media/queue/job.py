"""The record of a video job."""

from dataclasses import dataclass

WAITING = ("queued", "running")
"""States that are not final; the others are done, failed and cancelled."""


@dataclass(frozen=True, slots=True)
class Job:
    """One video to be analysed. Times are in seconds since the UTC epoch, `progress` is from 0 to 1.

    `left` is the seconds remaining, -1 while unknown. `worker` is who has the job, `beat` its last heartbeat;
    `message` says in a sentence why it failed.
    """

    id: str
    name: str
    status: str
    created: float
    progress: float = 0.0
    left: float = -1.0
    message: str = ""
    attempts: int = 0
    worker: str = ""
    beat: float = 0.0
    finished: float = 0.0
