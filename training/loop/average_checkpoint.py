"""What happens beside the gradient steps: averaging the weights, judging each epoch, saving it."""

import time

import keras
import numpy as np
from numpy.typing import NDArray

from errors import DataError
from training.data.dataset import Split
from training.evaluation.metrics import report
from training.loop.batches import Batches
from training.loop.run import Run, State, Weights
from training.loop.stopping import Goals

EVERY = 8
"""Steps between two updates of the average: often enough, and next to free."""


class Watch(keras.callbacks.Callback):  # type: ignore[misc]  # keras comes without types
    """Keeps an exponential moving average of all weights and judges it on the validation split after each epoch.

    The average covers the statistics of batch normalisation, too, so that it can be judged as it is. `judge` is the
    network as it will be served: same variables, float32.
    """

    def __init__(
        self,
        judge: keras.Model,
        batches: Batches,
        validation: Split,
        run: Run,
        state: State,
        momentum: float,
        goals: Goals,
    ) -> None:
        super().__init__()
        self._judge, self._batches, self._validation = judge, batches, validation
        self._run, self._state = run, state
        self._momentum, self._goals = momentum, goals
        self._started, self._waiting = 0.0, 0

    @property
    def reached(self) -> str | None:
        """Why the run has gone far enough, in words; None while it has not."""
        return self._goals.met([row["val_accuracy"] for row in self._run.history()])

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Note the time."""
        self._started = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Move the average a little towards the weights of now."""
        self._state.steps += 1
        self._waiting += 1
        if self._waiting == EVERY:
            self._move_average()

    def _move_average(self) -> None:
        state = self._state
        # A young average forgets faster, or the random weights of the start would weigh on it for epochs.
        keep = min(self._momentum**self._waiting, state.steps / (state.steps + 10 * self._waiting))
        state.average = _mixed(state.average, self.model.get_weights(), keep)
        self._waiting = 0

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Judge the average, and save everything.

        Raises:
            DataError: the loss is no number any more.
        """
        logs = {} if logs is None else logs
        state = self._state
        if self._waiting or state.average is None:
            self._move_average()
        assert state.average is not None
        probabilities = self._judged(state.average)
        if not np.isfinite(logs["loss"]) or not np.isfinite(probabilities).all():
            raise DataError("the loss is no number any more. Choose a lower --learning-rate and another --run-folder")
        told = report(self._validation.truth, probabilities, [str(index) for index in range(probabilities.shape[1])])
        logs |= {"val_accuracy": told.accuracy, "val_loss": told.log_loss}
        logs["seconds"] = time.perf_counter() - self._started
        if told.accuracy > state.best:
            state.best = told.accuracy
            self._run.save_best(state.average)
        state.epoch, state.model = epoch + 1, self.model.get_weights()
        state.optimizer = [keras.ops.convert_to_numpy(variable) for variable in self.model.optimizer.variables]
        self._run.save(state)
        self._run.note(epoch + 1, logs)
        self._batches.start_epoch(epoch + 1)
        if self.reached:
            self.model.stop_training = True

    def _judged(self, weights: Weights) -> NDArray[np.float32]:
        """The (N, labels) probabilities that the validation images get with these weights."""
        self._judge.set_weights(weights)
        images = self._validation.images.astype(np.float32)
        return np.asarray(self._judge.predict(images, batch_size=256, verbose=0), np.float32)


def _mixed(average: Weights | None, weights: Weights, keep: float) -> Weights:
    if average is None:
        return weights
    return [keep * old + (1 - keep) * new for old, new in zip(average, weights, strict=True)]
