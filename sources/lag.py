"""Detects a stream that is read more slowly than it arrives: its pictures then get older and older in some buffer."""

import time

LATE = 2.0
"""Seconds by which pictures may be behind the freshest ones, and seconds for which they may be."""
FORGET = 0.001
"""Seconds per second by which the camera's clock may run slower than ours."""


class Lag:
    """Compares a stream's time stamps with this machine's clock; a burst after a pause is no lasting lag."""

    def __init__(self) -> None:
        self._timestamp = self._least = self._updated_at = 0.0
        self._late_since: float | None = None
        self._started = False

    def update(self, timestamp: float) -> float:
        """Add a picture's time stamp in seconds; return by how many seconds it is behind the freshest picture."""
        now = time.monotonic()
        offset = now - timestamp
        if not self._started or timestamp <= self._timestamp:  # the stream's clock was set back, or stands
            self._started, self._least, self._late_since = True, offset, None
        else:
            self._least = min(self._least + FORGET * (now - self._updated_at), offset)
        self._timestamp, self._updated_at = timestamp, now
        late = offset - self._least
        if late < LATE:
            self._late_since = None
        elif self._late_since is None:
            self._late_since = now
        return late

    @property
    def persists(self) -> bool:
        """Whether pictures have been late for so long that they will stay late."""
        return self._late_since is not None and self._updated_at - self._late_since > LATE
