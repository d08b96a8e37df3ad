"""All that training changes, as it was at a moment when everything belonged together.

Training may end anywhere: by a second Ctrl-C in the middle of a batch, or by a loss that is not
finite, found when earlier batches of the epoch have moved the weights already. What is written
then is the snapshot: of the end of the last epoch, or of the pause after a batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from nnctl.data.arrays import IntArray
from nnctl.nn.arrays import FloatArray
from nnctl.nn.descent import Optimizer
from nnctl.nn.schedules import LearningRate
from nnctl.training.stopping import EarlyStopping
from nnctl.training.trajectory import Trajectory

SLOT = "optimizer_"


@dataclass
class Snapshot:
    """A copy of network, optimizer, schedule and early stopping, taken over and over."""

    epoch: int = 0  # epochs finished
    optimizer_steps: int = 0
    learning_rate: Mapping[str, Any] = field(default_factory=dict)
    stopping: Mapping[str, Any] = field(default_factory=dict)
    progress: Mapping[str, Any] | None = None  # of the epoch that has begun, if one has
    setbacks: tuple[str, ...] = ()  # of the epoch in hand, still to be said
    arrays: dict[str, Any] = field(default_factory=dict)
    trajectory: Trajectory | None = None  # laid into arrays by whoever saves them

    def take(
        self,
        epoch: int,
        optimizer: Optimizer,
        learning_rate: LearningRate,
        stopping: EarlyStopping,
        weights: Mapping[str, FloatArray],
    ) -> None:
        """Copy what stands there between two epochs, into the arrays of the first time."""
        self.epoch, self.optimizer_steps = epoch, optimizer.steps
        self.learning_rate, self.stopping = learning_rate.state(), stopping.state()
        self.progress = None
        for name in ("epoch_outputs", "epoch_order"):
            self.arrays.pop(name, None)
        slots = {f"{SLOT}{name}": slot for name, slot in optimizer.slots.items()}
        for name, array in {**weights, **slots}.items():
            if name in self.arrays:
                np.copyto(self.arrays[name], array)
            else:
                self.arrays[name] = array.copy()

    def take_progress(self, progress: Any, outputs: FloatArray, order: IntArray) -> None:
        """Copy how far the epoch has come: its sums, and the outputs of the rows seen so far."""
        self.progress = asdict(progress)
        self.arrays["epoch_outputs"] = outputs[: progress.rows].copy()
        self.arrays["epoch_order"] = order[: progress.rows].copy()

    def slots(self) -> dict[str, FloatArray]:
        """Return the optimizer's arrays by their own names."""
        return {
            name.removeprefix(SLOT): array
            for name, array in self.arrays.items()
            if name.startswith(SLOT)
        }
