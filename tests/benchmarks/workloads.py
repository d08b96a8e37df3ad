"""The networks that the engine is measured on, and rows for them to learn."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]

LEARNING_RATE = 0.001
LABEL_NOISE = 1.0


@dataclass(frozen=True)
class Workload:
    """A network of ReLU layers with softmax cross-entropy and Adam, and how an epoch is cut."""

    name: str
    sizes: tuple[int, ...]  # features, hidden units, classes
    batch_rows: int
    batches: int  # in an epoch

    @property
    def rows(self) -> int:
        """How many rows there are to learn."""
        return self.batch_rows * self.batches

    @property
    def network(self) -> str:
        """The sizes as they are written: `2-8-2`."""
        return "-".join(map(str, self.sizes))

    @property
    def operations(self) -> int:
        """Floating-point operations of a step's matrix products.

        A multiplication and an addition a weight and row for each of three products; the first
        layer does without the gradient of its inputs.
        """
        pairs = list(pairwise(self.sizes))
        weights = sum(n_inputs * n_units for n_inputs, n_units in pairs)
        return self.batch_rows * (6 * weights - 2 * self.sizes[0] * self.sizes[1])


WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload("xor", (2, 8, 2), 4, 1),
        Workload("moons", (2, 32, 32, 2), 32, 50),
        Workload("digits", (64, 128, 64, 10), 64, 50),
        Workload("mnist", (784, 256, 128, 10), 128, 50),
        Workload("tabular", (30, 256, 256, 2), 512, 50),
        Workload("wide", (784, 1024, 1024, 10), 512, 10),
    )
}


@dataclass(frozen=True, eq=False)
class Rows:
    """What there is to learn."""

    inputs: FloatArray  # (n_rows, n_features)
    labels: IntArray  # (n_rows,)


@lru_cache(maxsize=1)
def rows_of(workload: Workload) -> Rows:
    """Return rows whose classes a noisy linear teacher tells.

    The noise keeps the gradients from vanishing: numbers too small to be normal ones would slow
    every peer. Each class is given at least one row. Nobody writes into them.
    """
    rng = np.random.default_rng(0)
    n_features, n_classes = workload.sizes[0], workload.sizes[-1]
    inputs = rng.normal(size=(workload.rows, n_features)).astype(np.float32)
    scores: Any = inputs @ rng.normal(size=(n_features, n_classes)) / n_features**0.5
    labels = np.argmax(scores + rng.normal(0.0, LABEL_NOISE, scores.shape), axis=1)
    labels[:n_classes] = np.arange(n_classes)
    return Rows(inputs, labels.astype(np.int64))
