"""A Keras callback that averages the weights, evaluates and saves the average after each epoch."""

import time

import keras
import numpy as np
from numpy.typing import NDArray

from errors import DataError
from training.data.dataset import Split
from training.evaluation.metrics import report
from training.loop.batches import Batches
from training.loop.run import Run, State, Weights
from training.loop.stopping import StoppingCriteria

EVERY = 8
"""Steps between two updates of the average: often enough, at almost no cost."""


class AverageCheckpoint(keras.callbacks.Callback):  # type: ignore[misc]  # keras comes without types
    """Keeps an exponential moving average (EMA) of all weights, and evaluates and saves it after each epoch.

    The average includes the statistics of batch normalisation, so that it can be evaluated as it is. `served` is the
    network as it will be served: same variables, float32.
    """

    def __init__(
        self,
        served: keras.Model,
        batches: Batches,
        validation: Split,
        run: Run,
        state: State,
        momentum: float,
        criteria: StoppingCriteria,
    ) -> None:
        super().__init__()
        self._served, self._batches, self._validation = served, batches, validation
        self._run, self._state = run, state
        self._momentum, self._criteria = momentum, criteria
        self._started, self._pending = 0.0, 0

    @property
    def stop_reason(self) -> str | None:
        """Why to stop the run, in words; None to continue."""
        return self._criteria.reason([row["val_accuracy"] for row in self._run.history()])

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Store the start time."""
        self._started = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Update the average every `EVERY` steps."""
        self._state.steps += 1
        self._pending += 1
        if self._pending == EVERY:
            self._move_average()

    def _move_average(self) -> None:
        state = self._state
        # A young average forgets faster, or the random initial weights would weigh on it for epochs.
        keep = min(self._momentum**self._pending, state.steps / (state.steps + 10 * self._pending))
        state.average = _blend(state.average, self.model.get_weights(), keep)
        self._pending = 0

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Evaluate the average, and save everything.

        Raises:
            DataError: the loss is not finite.
        """
        logs = {} if logs is None else logs
        state = self._state
        if self._pending or state.average is None:
            self._move_average()
        assert state.average is not None
        probabilities = self._predict(state.average)
        if not np.isfinite(logs["loss"]) or not np.isfinite(probabilities).all():
            raise DataError("the loss is no number any more. Choose a lower --learning-rate and another --run-folder")
        result = report(self._validation.truth, probabilities, [str(index) for index in range(probabilities.shape[1])])
        logs |= {"val_accuracy": result.accuracy, "val_loss": result.log_loss}
        logs["seconds"] = time.perf_counter() - self._started
        if result.accuracy > state.best:
            state.best = result.accuracy
            self._run.save_best(state.average)
        state.epoch, state.model = epoch + 1, self.model.get_weights()
        state.optimizer = [keras.ops.convert_to_numpy(variable) for variable in self.model.optimizer.variables]
        self._run.save(state)
        self._run.log_epoch(epoch + 1, logs)
        self._batches.start_epoch(epoch + 1)
        if self.stop_reason:
            self.model.stop_training = True

    def _predict(self, weights: Weights) -> NDArray[np.float32]:
        """Return the (N, labels) probabilities of the validation images with these weights."""
        self._served.set_weights(weights)
        images = self._validation.images.astype(np.float32)
        return np.asarray(self._served.predict(images, batch_size=256, verbose=0), np.float32)


def _blend(average: Weights | None, weights: Weights, keep: float) -> Weights:
    if average is None:
        return weights
    return [keep * old + (1 - keep) * new for old, new in zip(average, weights, strict=True)]
