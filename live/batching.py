"""One network for many threads: requests that arrive while it is busy form its next batch."""

import threading
from collections.abc import Callable

import numpy as np

from inference.runtimes import Batch
from model import Prediction


class Batcher:
    """Predicts the crops of several threads in one call of the network. No request waits for a batch to fill.

    A request is served at once when the network is free. Requests that arrive while it is busy wait; the first of them
    to get the lock then runs all that have gathered.

    Args:
        predict: predicts (N, height, width, channels) float32 crops, as `EmotionModel.predict` does.
    """

    def __init__(self, predict: Callable[[Batch], Prediction]) -> None:
        self._predict = predict
        self._busy = threading.Lock()
        self._guard = threading.Lock()
        self._gathered: list[_Request] = []

    def predict(self, crops: Batch) -> Prediction:
        """Predict these crops, (N, height, width, channels) float32; N may be 0.

        Raises:
            ValueError: crops of a shape that the network does not accept.
        """
        request = _Request(crops)
        with self._guard:
            self._gathered.append(request)
        with self._busy:
            if request.prediction is None and request.error is None:
                self._run()
        if request.prediction is None:
            raise request.error or RuntimeError("a batch ended without a result")
        return request.prediction

    def _run(self) -> None:
        with self._guard:
            requests, self._gathered = self._gathered, []
        try:
            self._run_batch(requests)
        except Exception:  # one bad request must not fail the others: run each by itself
            for request in requests:
                try:
                    request.prediction = self._predict(request.crops)
                except Exception as error:
                    request.error = error

    def _run_batch(self, requests: "list[_Request]") -> None:
        crops = requests[0].crops if len(requests) == 1 else np.concatenate([request.crops for request in requests])
        prediction, start = self._predict(crops), 0
        for request in requests:
            rows = slice(start, start + len(request.crops))
            request.prediction = Prediction(prediction.probabilities[rows], prediction.no_face[rows])
            start += len(request.crops)


class _Request:
    """One thread's part of a batch."""

    def __init__(self, crops: Batch) -> None:
        self.crops = crops
        self.prediction: Prediction | None = None
        self.error: Exception | None = None
