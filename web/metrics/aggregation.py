"""The figures of one server, whichever of its workers is asked: each posts its own, and what is told is their sum.

`prometheus_client` can do this too, in files that it maps into memory; but where their disk is full, the kernel ends
whoever writes to them, and there is one more for each process that ever was.
"""

import logging
import operator
import threading
from collections.abc import Callable

import msgspec

from service.shared_metrics import SharedMetrics

log = logging.getLogger("figures")

TICK = 1.0
"""Seconds between two times that a worker posts what nobody has asked it for."""
ALONE = "1"
"""What a process that shares with nobody is called."""

Values = dict[tuple[str, ...], tuple[float, ...]]
"""By the values of a family's labels: one number, or the number and the sum of what was measured."""


class CameraCounts(msgspec.Struct):
    """What a camera has counted, by family, and since when (Unix time): every process knows all, some a bit later."""

    since: float
    counts: dict[str, Values]


class Figures(msgspec.Struct):
    """What is counted and measured, by family: `counts` only grow, `gauges` are of now; `cameras` by name."""

    counts: dict[str, Values] = {}
    gauges: dict[str, Values] = {}
    cameras: dict[str, CameraCounts] = {}

    def add(self, other: "Figures", living: bool = True) -> None:
        """Add another process' figures; of one that has ended no gauges."""
        _join(self.counts, other.counts, operator.add)
        if living:
            _join(self.gauges, other.gauges, operator.add)
        for name, camera in other.cameras.items():
            known = self.cameras.get(name)
            if known is None or known.since < camera.since:  # its node was started anew
                self.cameras[name] = camera
            elif known.since == camera.since:
                _join(known.counts, camera.counts, max)


def _join(total: dict[str, Values], part: dict[str, Values], join: Callable[[float, float], float]) -> None:
    for name, values in part.items():
        known = total.setdefault(name, {})
        for labels, numbers in values.items():
            known[labels] = tuple(map(join, known[labels], numbers)) if labels in known else numbers


class SharedFigures:
    """One process' part in its server's figures. Building it starts nothing; without `open` it speaks for itself alone.

    Args:
        own: this process' figures, given what it is called; called by any thread, one at a time. Counts never fall.
    """

    def __init__(self, own: Callable[[str], Figures]) -> None:
        self._own = own
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._board: SharedMetrics | None = None
        self._place: int | None = None
        self._before = Figures()
        self._thread = threading.Thread(target=self._go_on_posting, name="figures", daemon=True)
        self._failed = False

    def open(self, shared_metrics: SharedMetrics) -> None:
        """Take part in a server of several workers, in turn or at a time; what one before has counted is gone on with.

        Args:
            board: of the server, shared by all its workers.
        """
        self._board, self._place = shared_metrics, shared_metrics.take_place()
        if self._place is None:
            log.warning("there are more workers than the board has places: this one's figures are missing in /metrics")
            return
        left = shared_metrics.read_place(self._place)
        self._before.counts = _decoded(left).counts if left else {}
        self._post()
        self._thread.start()

    def read(self) -> Figures:
        """All workers' figures in sum, with those of this one as they are now.

        Raises:
            OSError: the board is damaged.
        """
        if self._board is None:
            return self._own(ALONE)
        self._post()  # before it is told, so that no other tells less after this
        total = Figures()
        for posting in self._board.read(self._place):
            total.add(_decoded(posting.data), posting.living)
        return total

    def close(self) -> None:
        """Post for the last time."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(TICK)
        self._post()

    def _post(self) -> None:
        if self._board is None or self._place is None:
            return
        with self._lock:  # or what was read first might be written last
            figures = self._own(str(self._place + 1))
            figures.add(self._before)
            try:
                self._board.post(self._place, msgspec.msgpack.encode(figures))
            except ValueError as error:
                if not self._failed:
                    log.error("figures for /metrics stay as they were: %s", error)
                self._failed = True

    def _go_on_posting(self) -> None:
        while not self._stop.wait(TICK):
            try:
                self._post()
            except Exception:
                log.exception("figures for /metrics could not be posted; trying again")


def _decoded(data: bytes) -> Figures:
    return msgspec.msgpack.decode(data, type=Figures)
