"""Notices that a stream is read more slowly than it comes: then its pictures get older and older in some buffer."""

import time

LATE = 2.0
"""Seconds by which pictures may be behind the freshest ones, and for how long, before something must be done."""
FORGET = 0.001
"""Seconds a second by which the camera's clock may run slower than ours."""


class Lag:
    """Compares a stream's own times with this machine's clock; a burst after a pause is soon caught up with."""

    def __init__(self) -> None:
        self._told = self._least = self._seen_at = 0.0
        self._late_since: float | None = None
        self._begun = False

    def update(self, told: float) -> float:
        """Take note of a picture's time on the stream's clock; how late it is, in seconds, beside the freshest."""
        now = time.monotonic()
        offset = now - told
        if not self._begun or told <= self._told:  # the stream's clock was set back, or stands
            self._begun, self._least, self._late_since = True, offset, None
        else:
            self._least = min(self._least + FORGET * (now - self._seen_at), offset)
        self._told, self._seen_at = told, now
        late = offset - self._least
        if late < LATE:
            self._late_since = None
        elif self._late_since is None:
            self._late_since = now
        return late

    @property
    def persists(self) -> bool:
        """Whether pictures have been late for so long that it won't mend by itself."""
        return self._late_since is not None and self._seen_at - self._late_since > LATE
