"""One network for many threads: what comes while it is busy goes through it together, as the next batch."""

import threading
from collections.abc import Callable

import numpy as np

from inference.runtimes import Batch
from model import Prediction


class Batcher:
    """Reads the crops of several threads in one call of the network. Nobody waits for others to come.

    Who comes when the network is free is served at once. Who comes while it is busy hands in their crops and waits;
    the first of them to get at it then runs all that have gathered.

    Args:
        read: reads (N, height, width, channels) float32 crops, as `EmotionModel.read` does.
    """

    def __init__(self, read: Callable[[Batch], Prediction]) -> None:
        self._read = read
        self._busy = threading.Lock()
        self._guard = threading.Lock()
        self._gathered: list[_Share] = []

    def predict(self, crops: Batch) -> Prediction:
        """What the network reads in these crops, (N, height, width, channels) float32; N may be 0.

        Raises:
            ValueError: crops of a shape that the network does not take.
        """
        share = _Share(crops)
        with self._guard:
            self._gathered.append(share)
        with self._busy:
            if share.reading is None and share.error is None:
                self._run()
        if share.reading is None:
            raise share.error or RuntimeError("a batch ended without a result")
        return share.reading

    def _run(self) -> None:
        with self._guard:
            shares, self._gathered = self._gathered, []
        try:
            self._together(shares)
        except Exception:  # one share's fault is not the others': each by itself
            for share in shares:
                try:
                    share.reading = self._read(share.crops)
                except Exception as error:
                    share.error = error

    def _together(self, shares: "list[_Share]") -> None:
        crops = shares[0].crops if len(shares) == 1 else np.concatenate([share.crops for share in shares])
        reading, start = self._read(crops), 0
        for share in shares:
            rows = slice(start, start + len(share.crops))
            share.reading = Prediction(reading.probabilities[rows], reading.no_face[rows])
            start += len(share.crops)


class _Share:
    """One thread's part of a batch."""

    def __init__(self, crops: Batch) -> None:
        self.crops = crops
        self.reading: Prediction | None = None
        self.error: Exception | None = None
