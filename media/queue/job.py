"""The record of a video that waits, is worked at or is over."""

from dataclasses import dataclass

WAITING = ("queued", "running")
"""What is not over yet; the others are done, failed and cancelled."""


@dataclass(frozen=True, slots=True)
class Job:
    """One video to be analysed. Times are in seconds since the UTC epoch, `progress` is from 0 to 1.

    `left` is the seconds that it will take yet, -1 while that is unknown. `worker` is who has it, `beat` when they last
    said so; `message` tells in a sentence why it failed.
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
