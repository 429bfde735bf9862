"""The optimizers of a training run, and their learning rate schedules."""

import argparse
from collections.abc import Sequence

import keras

from training.loop.run import Run

RECIPES = {"sgd": (0.1, 5e-3), "adamw": (1e-3, 0.05)}
"""Default peak learning rate and weight decay of each optimizer."""
SCHEDULES = ("cosine", "plateau")
FACTOR = 0.3
"""Factor of the learning rate on a plateau."""
LOWEST = 1e-3
"""Lower bound of the learning rate on plateaus, as a share of its peak."""


def optimizer(options: argparse.Namespace, steps: int) -> keras.optimizers.Optimizer:
    """Return the optimizer of a run.

    Args:
        options: `optimizer`, `schedule`, `learning_rate`, `weight_decay`, `epochs` and `warm_up`, all of them given.
        steps: gradient steps an epoch.
    """
    rate = _cosine(options, steps) if options.schedule == "cosine" else options.learning_rate
    if options.optimizer == "adamw":
        result = keras.optimizers.AdamW(rate, weight_decay=options.weight_decay)
    else:
        result = keras.optimizers.SGD(rate, momentum=0.9, nesterov=True, weight_decay=options.weight_decay)
    result.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    return result


def warm_steps(options: argparse.Namespace, steps: int) -> float:
    """Return the gradient steps over which the learning rate rises, half of the run at most."""
    return float(min(options.warm_up, options.epochs / 2) * steps)


class Plateau(keras.callbacks.Callback):  # type: ignore[misc]  # keras comes without types
    """Raises the learning rate to its peak, then reduces it whenever validation accuracy has stopped rising.

    It depends only on the optimizer's count of steps and the run's history, so that a resumed run continues alike.
    """

    def __init__(self, run: Run, options: argparse.Namespace, steps: int) -> None:
        super().__init__()
        self._run, self._peak, self._patience = run, options.learning_rate, options.plateau
        self._warm = warm_steps(options, steps)
        self._rate = self._peak

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Set the learning rate of the epoch."""
        accuracies = [row["val_accuracy"] for row in self._run.history()]
        self._rate = plateau_rate(accuracies, self._peak, self._patience)
        self.model.optimizer.learning_rate = self._rate

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Scale it during the warm-up."""
        done = int(self.model.optimizer.iterations)
        if done < self._warm:
            self.model.optimizer.learning_rate = self._rate * (done + 1) / self._warm
        elif done < self._warm + 1:
            self.model.optimizer.learning_rate = self._rate


def plateau_rate(accuracies: Sequence[float], peak: float, patience: int) -> float:
    """Return the learning rate after epochs of these validation accuracies.

    It starts at `peak` and is multiplied by `FACTOR` whenever no better accuracy came for `patience` epochs since the
    best one or the last reduction.
    """
    rate, best, idle = peak, -1.0, 0
    for accuracy in accuracies:
        idle = 0 if accuracy > best else idle + 1
        best = max(best, accuracy)
        if idle == patience:
            rate, idle = max(rate * FACTOR, peak * LOWEST), 0
    return rate


def _cosine(options: argparse.Namespace, steps: int) -> keras.optimizers.schedules.LearningRateSchedule:
    warm = warm_steps(options, steps)
    return keras.optimizers.schedules.CosineDecay(
        0.0, options.epochs * steps - warm, warmup_target=options.learning_rate, warmup_steps=warm
    )
