"""All that an epoch changes, as it was when the last whole epoch had ended.

Training may end anywhere: by Ctrl-C in the middle of a batch, or by a loss that is not finite,
found when earlier batches of the epoch have moved the weights already. What is written then is the
snapshot, in which everything belongs together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nnctl.nn.arrays import FloatArray
from nnctl.nn.descent import Optimizer
from nnctl.nn.schedules import LearningRate
from nnctl.training.stopping import EarlyStopping


@dataclass
class Snapshot:
    """A copy of network, optimizer, schedule and early stopping, taken over and over."""

    epoch: int = 0  # epochs finished
    optimizer_steps: int = 0
    learning_rate: Mapping[str, Any] = field(default_factory=dict)
    stopping: Mapping[str, Any] = field(default_factory=dict)
    arrays: dict[str, FloatArray] = field(default_factory=dict)

    def take(
        self,
        epoch: int,
        optimizer: Optimizer,
        learning_rate: LearningRate,
        stopping: EarlyStopping,
        weights: Mapping[str, FloatArray],
    ) -> None:
        """Copy what stands there now, into the arrays of the first time."""
        self.epoch, self.optimizer_steps = epoch, optimizer.steps
        self.learning_rate, self.stopping = learning_rate.state(), stopping.state()
        slots = {f"optimizer_{name}": slot for name, slot in optimizer.slots.items()}
        for name, array in {**weights, **slots}.items():
            if name in self.arrays:
                np.copyto(self.arrays[name], array)
            else:
                self.arrays[name] = array.copy()
