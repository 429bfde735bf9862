"""What servers and their workers share below the storage folder: the jobs, the names of results, and cleaning up."""

from pathlib import Path

from config.settings import Settings
from media.limits import uploads
from media.queue.jobs import Jobs

VIDEO, RESULT, TABLE, LINE = "annotated.mp4", "result.json", "result.csv", "timeline.json"
"""The files of a video's results."""
TIDY = 60.0
"""Seconds between sweeps."""


def jobs_of(settings: Settings) -> Jobs:
    """Return the jobs below the storage folder of some settings.

    Raises:
        SettingError: the queue's setting is neither sqlite nor a Redis address.
    """
    return Jobs(Path(settings.storage) / "videos", queue_of(settings), settings.keep * 3600)


def queue_of(settings: Settings) -> str:
    """Return where videos wait: `sqlite`, or the address of a Redis server."""
    return (settings.redis_url or "sqlite") if settings.queue == "auto" else settings.queue


def tidy(jobs: Jobs) -> None:
    """Delete jobs that are past their time, and uploads that dead processes left unfinished."""
    jobs.sweep()
    uploads.sweep(jobs.folder.parent / "uploads")
