"""Early stopping of a training run."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StoppingCriteria:
    """What ends a run before its last epoch; None switches a criterion off.

    `target`: validation accuracy, 0 to 1. `patience`: epochs without a better validation accuracy.
    """

    target: float | None = None
    patience: int | None = None

    def reason(self, accuracies: Sequence[float]) -> str | None:
        """Return in words why to stop after epochs of these validation accuracies; None to continue."""
        if not accuracies:
            return None
        best = max(accuracies)
        if self.target is not None and best >= self.target:
            return f"validation accuracy {best:.4f} has reached the target of {self.target:g}"
        idle = idle_epochs(accuracies)
        if self.patience is not None and idle >= self.patience:
            return f"no better validation accuracy than {best:.4f} for {idle} epochs"
        return None


def idle_epochs(accuracies: Sequence[float]) -> int:
    """Return how many epochs have passed since the (first) best one."""
    return len(accuracies) - 1 - list(accuracies).index(max(accuracies))
