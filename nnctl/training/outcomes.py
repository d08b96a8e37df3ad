"""What a network said beside what was right, checked once so that no measure can broadcast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnctl.nn.arrays import FloatArray, IntArray
from nnctl.training.confusion import confusion_matrix


@dataclass(eq=False)  # one an epoch: frozen, it would take twice as long to make
class ClassificationOutcome:
    """What was right and what was said, for n samples of k classes.

    A network with one output unit gives two columns of scores: (1 - p, p) for a probability p,
    (-z, z) for a margin z.
    """

    labels: IntArray  # (n_samples,), class indices
    predicted: IntArray  # (n_samples,), class indices
    scores: FloatArray  # (n_samples, n_classes), higher where the class is more likely
    weights: FloatArray | None = None  # (n_samples,), of the samples
    scores_are_probabilities: bool = True

    def __post_init__(self) -> None:
        rows = (self.scores.shape[0],)
        _check_shape("labels", self.labels, rows)
        _check_shape("predicted", self.predicted, rows)
        _check_weights(self.weights, rows)

    @property
    def n_classes(self) -> int:
        """k, from the columns of the scores."""
        return int(self.scores.shape[1])

    def confusion(self) -> NDArray[Any]:
        """The confusion matrix (k, k) of the samples, weighed."""
        return confusion_matrix(self.labels, self.predicted, self.n_classes, self.weights)


@dataclass(frozen=True, eq=False)
class RegressionOutcome:
    """What was right and what was said, for n samples of t targets, both in the data's units."""

    targets: FloatArray  # (n_samples, n_targets)
    predicted: FloatArray  # (n_samples, n_targets)
    weights: FloatArray | None = None  # (n_samples,), of the samples

    def __post_init__(self) -> None:
        if self.targets.ndim != 2:
            raise ValueError(f"targets must have two axes (received {self.targets.shape})")
        _check_shape("predicted", self.predicted, self.targets.shape)
        _check_weights(self.weights, self.targets.shape[:1])

    def errors(self) -> NDArray[np.float64]:
        """targets - predicted, (n_samples, n_targets)."""
        return np.subtract(self.targets, self.predicted, dtype=np.float64)


def _check_shape(name: str, array: NDArray[Any], expected: tuple[int, ...]) -> None:
    if array.shape != expected:
        raise ValueError(f"{name} must have shape {expected} (received {array.shape})")


def _check_weights(weights: FloatArray | None, expected: tuple[int, ...]) -> None:
    if weights is not None:
        _check_shape("weights", weights, expected)
