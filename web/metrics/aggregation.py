"""The metrics of one server, whichever of its workers is asked: each posts its own, and the answer is their sum.

`prometheus_client` can do this too, in files that it maps into memory; but if their disk is full, the kernel ends
whoever writes to them, and there is one more file for each process that ever was.
"""

import logging
import operator
import threading
from collections.abc import Callable

import msgspec

from service.shared_metrics import SharedMetrics

log = logging.getLogger("figures")

TICK = 1.0
"""Seconds between two posts of a worker."""
ALONE = "1"
"""The name of a process that shares with no other."""

Values = dict[tuple[str, ...], tuple[float, ...]]
"""By the values of a family's labels: one number, or the number and the sum of the measurements."""


class CameraCounts(msgspec.Struct):
    """A camera's counters by family, and their start (Unix time): every process knows all, some a bit later."""

    since: float
    counts: dict[str, Values]


class Figures(msgspec.Struct):
    """Metrics by family: `counts` only grow, `gauges` are current; `cameras` by name."""

    counts: dict[str, Values] = {}
    gauges: dict[str, Values] = {}
    cameras: dict[str, CameraCounts] = {}

    def add(self, other: "Figures", living: bool = True) -> None:
        """Add another process' metrics; without gauges if it has ended."""
        _join(self.counts, other.counts, operator.add)
        if living:
            _join(self.gauges, other.gauges, operator.add)
        for name, camera in other.cameras.items():
            known = self.cameras.get(name)
            if known is None or known.since < camera.since:  # its node was restarted
                self.cameras[name] = camera
            elif known.since == camera.since:
                _join(known.counts, camera.counts, max)


def _join(total: dict[str, Values], part: dict[str, Values], join: Callable[[float, float], float]) -> None:
    for name, values in part.items():
        known = total.setdefault(name, {})
        for labels, numbers in values.items():
            known[labels] = tuple(map(join, known[labels], numbers)) if labels in known else numbers


class SharedFigures:
    """One process' part in its server's metrics. Building it starts nothing; before `open` it stands for itself alone.

    Args:
        own: returns this process' metrics, given its name; called by any thread, one at a time. Counts never fall.
    """

    def __init__(self, own: Callable[[str], Figures]) -> None:
        self._own = own
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._shared: SharedMetrics | None = None
        self._place: int | None = None
        self._before = Figures()
        self._thread = threading.Thread(target=self._post_repeatedly, name="figures", daemon=True)
        self._failed = False

    def open(self, shared_metrics: SharedMetrics) -> None:
        """Take part in a server of several workers; counting goes on from an earlier worker's counts.

        Args:
            shared_metrics: of the server, shared by all its workers.
        """
        self._shared, self._place = shared_metrics, shared_metrics.claim_slot()
        if self._place is None:
            log.warning("there are more workers than places in the shared metrics: this one's are missing in /metrics")
            return
        earlier = shared_metrics.read_slot(self._place)
        self._before.counts = _decoded(earlier).counts if earlier else {}
        self._post()
        self._thread.start()

    def read(self) -> Figures:
        """Return the sum of all workers' metrics, with this one's as they are now.

        Raises:
            OSError: the shared metrics are damaged.
        """
        if self._shared is None:
            return self._own(ALONE)
        self._post()  # first, so that no other worker answers with less after this
        total = Figures()
        for posting in self._shared.read(self._place):
            total.add(_decoded(posting.data), posting.alive)
        return total

    def close(self) -> None:
        """Post for the last time."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(TICK)
        self._post()

    def _post(self) -> None:
        if self._shared is None or self._place is None:
            return
        with self._lock:  # otherwise older values could be written last
            figures = self._own(str(self._place + 1))
            figures.add(self._before)
            try:
                self._shared.write(self._place, msgspec.msgpack.encode(figures))
            except ValueError as error:
                if not self._failed:
                    log.error("metrics stay as they were: %s", error)
                self._failed = True

    def _post_repeatedly(self) -> None:
        while not self._stop.wait(TICK):
            try:
                self._post()
            except Exception:
                log.exception("metrics could not be posted; trying again")


def _decoded(data: bytes) -> Figures:
    return msgspec.msgpack.decode(data, type=Figures)
