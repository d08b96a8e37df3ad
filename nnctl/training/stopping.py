"""Which epoch was the best so far, and whether it is time to stop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nnctl.nn.schedules import Mode, improves


@dataclass(frozen=True)
class StoppingRule:
    """What is watched, and how long training goes on without an improvement.

    Attributes:
        monitor: the name of the watched value, such as `validation_loss`.
        mode: whether it should become small ("min") or large ("max").
        patience: epochs in a row without improvement after which training stops; None for never.
        min_delta: what an improvement must exceed.
    """

    monitor: str
    mode: Mode
    patience: int | None = None
    min_delta: float = 0.0


class EarlyStopping:
    """Follows the watched value from epoch to epoch.

    Training stops when `patience` epochs in a row brought no improvement by more than `min_delta`
    over the best value; a value that is not finite is never an improvement. Small gains that add
    up to more than `min_delta` count when they have done so, since the best value stays in place.

    Reference: Prechelt 1998, "Early Stopping - But When?", the third class of criteria.

    Attributes:
        best_value: the best value so far; None before the first.
        best_epoch: its epoch, as `update` was told it; None before the first.
        waited: epochs since then.
    """

    def __init__(self, rule: StoppingRule) -> None:
        self.rule = rule
        self.best_value: float | None = None
        self.best_epoch: int | None = None
        self.waited = 0

    def update(self, epoch: int, value: float) -> bool:
        """Take in the watched value of `epoch`; tell whether it is the best so far."""
        if not improves(value, self.best_value, self.rule.mode, self.rule.min_delta):
            self.waited += 1
            return False
        self.best_value, self.best_epoch, self.waited = float(value), epoch, 0
        return True

    @property
    def should_stop(self) -> bool:
        """Whether the patience is used up."""
        return self.rule.patience is not None and self.waited >= self.rule.patience

    def state(self) -> dict[str, float | None]:
        """What `restore` needs in order to go on: numbers, or None where there is no best yet."""
        return {
            "best_value": self.best_value,
            "best_epoch": self.best_epoch,
            "waited": self.waited,
        }

    def restore(self, state: Mapping[str, float | None]) -> None:
        """Go on from what `state` returned."""
        best_epoch = state["best_epoch"]
        self.best_value = state["best_value"]
        self.best_epoch = None if best_epoch is None else int(best_epoch)
        self.waited = int(state["waited"] or 0)
