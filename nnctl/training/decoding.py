"""What a network's outputs mean: classes with their scores, or numbers in the target's units."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnctl.data.arrays import FloatArray, IntArray
from nnctl.data.preprocessing import Preprocessing
from nnctl.nn.activation import Activation
from nnctl.nn.loss import Loss
from nnctl.training.confusion import confusion_matrix
from nnctl.training.metrics import CLASSIFICATION_METRICS, REGRESSION_METRICS
from nnctl.training.outcomes import ClassificationOutcome, RegressionOutcome


def gives_probabilities(output: str, n_outputs: int) -> bool:
    """Whether outputs of this activation are the classes' probabilities, which sum to 1.

    Several sigmoid units answer a question each, independently: their outputs have any sum.
    """
    return output == "softmax" or (output == "sigmoid" and n_outputs == 1)


@dataclass(frozen=True)
class ClassDecoder:
    """Reads classes off the outputs (n_rows, n_outputs): the largest, or one unit's threshold.

    Behind a step the outputs are those of before it, the net inputs z: see `Workspace.decisions`.
    """

    loss: Loss
    activation: Activation  # of the output layer
    classes: tuple[str, ...]
    n_outputs: int

    @property
    def output(self) -> str:
        """The name of the output activation."""
        return self.activation.name

    @cached_property
    def gives_probabilities(self) -> bool:
        """Whether the scores are probabilities; margins and steps are none."""
        return gives_probabilities(self.output, self.n_outputs)

    def scores(self, outputs: FloatArray) -> FloatArray:
        """Return a score for each class (n_rows, n_classes), higher where it is more likely."""
        if outputs.shape[1] > 1:
            return outputs
        # One unit stands for the second class: p beside 1 - p, or the margin beside its negative.
        by_margin = self.activation.decides_by_score
        both = 0.0 if by_margin else sum(self.loss.codes(self.output))
        return np.concatenate([both - outputs, outputs], axis=1)

    def predicted(self, outputs: FloatArray) -> IntArray:
        """Return each row's class (n_rows,); at a tie, the first, unless a step says otherwise."""
        return self._predicted(outputs, self.scores(outputs))

    def _predicted(self, outputs: FloatArray, scores: FloatArray) -> IntArray:
        if self.activation.decides_by_score and outputs.shape[1] == 1:
            return (self.activation(outputs)[:, 0] > 0.0).astype(np.int64)
        predicted: IntArray = scores.argmax(axis=1)
        return predicted

    def encode(self, targets: IntArray | FloatArray, n_outputs: int) -> FloatArray:
        """Return the targets as the loss takes them (n_rows, n_outputs)."""
        return self.loss.encode(targets.astype(np.int64, copy=False), n_outputs, self.output)

    def metrics(
        self,
        names: tuple[str, ...],
        outputs: FloatArray,
        targets: IntArray | FloatArray,
        weights: FloatArray | None,
    ) -> dict[str, float]:
        """Return the named metrics of the outputs for these labels (n_rows,)."""
        scores, labels = self.scores(outputs), targets.astype(np.int64, copy=False)
        predicted = self._predicted(outputs, scores)
        outcome = ClassificationOutcome(
            labels, predicted, scores, weights, self.gives_probabilities
        )
        return {name: CLASSIFICATION_METRICS[name](outcome) for name in names}

    def confusion(
        self,
        outputs: FloatArray,
        targets: IntArray | FloatArray,
        weights: FloatArray | None = None,
    ) -> NDArray[Any]:
        """Return how many rows of each class (rows) were taken for which (columns).

        Integers, or float64 sums of the rows' weights (n_rows,) where they are given.
        """
        labels = targets.astype(np.int64, copy=False)
        return confusion_matrix(labels, self.predicted(outputs), len(self.classes), weights)


@dataclass(frozen=True)
class NumberDecoder:
    """Gives the outputs (n_rows, n_targets) back in the targets' own units."""

    preprocessing: Preprocessing

    def encode(self, targets: IntArray | FloatArray, n_outputs: int) -> FloatArray:
        """Return the scaled targets (n_rows, n_outputs), which the loss takes as they are."""
        assert targets.shape[1] == n_outputs
        return targets.astype(np.float64, copy=False)

    def metrics(
        self,
        names: tuple[str, ...],
        outputs: FloatArray,
        targets: IntArray | FloatArray,
        weights: FloatArray | None,
    ) -> dict[str, float]:
        """Return the named metrics in the targets' units, for scaled targets (n_rows, k)."""
        outcome = RegressionOutcome(
            self.preprocessing.inverse_targets(self.encode(targets, outputs.shape[1])),
            self.preprocessing.inverse_targets(outputs),
            weights,
        )
        return {name: REGRESSION_METRICS[name](outcome) for name in names}

    def confusion(
        self,
        outputs: FloatArray,
        targets: IntArray | FloatArray,
        weights: FloatArray | None = None,
    ) -> None:
        """Numbers are not confused with one another."""


Decoder = ClassDecoder | NumberDecoder


def decoder_for(
    preprocessing: Preprocessing, loss: Loss, activation: Activation, n_outputs: int
) -> Decoder:
    """Return what reads the outputs of a network for this task."""
    if preprocessing.task == "regression":
        return NumberDecoder(preprocessing)
    return ClassDecoder(loss, activation, preprocessing.classes, n_outputs)
