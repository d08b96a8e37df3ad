"""Early stopping of several networks at once: `EarlyStopping` over an axis of networks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nnctl.data.arrays import FloatArray
from nnctl.training.stopping import EarlyStopping


class StackedStopping:
    """Follows the watched value of each network, by its own patience and least improvement."""

    def __init__(self, singles: Sequence[EarlyStopping]) -> None:
        """Go on from where the single ones are; all watch the same metric."""
        rules = [single.rule for single in singles]
        self.sign = 1.0 if rules[0].mode == "min" else -1.0  # of a value that should become small
        self.min_delta = np.array([rule.min_delta for rule in rules])
        self.patience = np.array(
            [np.inf if rule.patience is None else rule.patience for rule in rules]
        )
        self.best = np.array(
            [np.inf if s.best_value is None else self.sign * s.best_value for s in singles]
        )
        self.best_epoch = np.array([s.best_epoch or 0 for s in singles])  # 0 before the first
        self.waited = np.array([s.waited for s in singles])

    def update(self, epoch: int, values: FloatArray) -> NDArray[np.bool_]:
        """Take in the watched values (n,) of an epoch; tell which are the best so far."""
        values = self.sign * values
        improved: NDArray[np.bool_] = np.isfinite(values) & (values < self.best - self.min_delta)
        self.best = np.where(improved, values, self.best)
        self.best_epoch = np.where(improved, epoch, self.best_epoch)
        self.waited = np.where(improved, 0, self.waited + 1)
        return improved

    @property
    def should_stop(self) -> NDArray[np.bool_]:
        """Whose patience is used up (n,)."""
        return self.waited >= self.patience

    def state(self, index: int) -> dict[str, float | None]:
        """Return the state of one network, as `EarlyStopping.restore` takes it."""
        epoch = int(self.best_epoch[index])
        return {
            "best_value": float(self.sign * self.best[index]) if epoch else None,
            "best_epoch": epoch or None,
            "waited": int(self.waited[index]),
        }
