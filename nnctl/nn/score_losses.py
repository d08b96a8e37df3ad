"""Losses of the scores: each with its own output activation, value and dL/dz in one pass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnctl.nn.activation import Activation, Scratch
from nnctl.nn.arrays import FloatArray, IntArray
from nnctl.nn.loss import ScoreLoss, Shares, Value, element_sum, weighted_product, weighted_sum
from nnctl.nn.operations import row_maxima, row_sums


@dataclass(frozen=True)
class BinaryCrossEntropy(ScoreLoss):
    """-y log p - (1 - y) log(1 - p), p = σ(z); the gradient is (p - y) shares.

    `label_smoothing` s moves the targets to y (1 - s) + s/2.
    """

    label_smoothing: float = 0.0
    name = "binary_cross_entropy"
    outputs = ("sigmoid",)

    def encode(self, labels: IntArray, n_outputs: int, output: str) -> FloatArray:
        hard = super().encode(labels, n_outputs, output)
        return hard * (1.0 - self.label_smoothing) + self.label_smoothing / 2.0

    def from_scores(
        self,
        z: FloatArray,
        activation: Activation,
        target: FloatArray,
        shares: Shares,
        outputs: FloatArray,
        gradient: FloatArray,
        scratch: Scratch,
    ) -> Value:
        # The loss is max(z, 0) - y z + log(1 + e^-|z|), finite and exact for every z.
        value = scratch[0]
        np.abs(z, out=value)
        np.negative(value, out=value)
        np.exp(value, out=value)
        np.log1p(value, out=value)
        gradient.fill(0.0)
        np.maximum(z, gradient, out=gradient)
        np.multiply(target, z, out=outputs)
        gradient -= outputs
        value += gradient
        activation.forward(z, outputs, scratch[1:])
        np.subtract(outputs, target, out=gradient)
        gradient *= shares
        return weighted_sum(value, shares)


@dataclass(frozen=True)
class CategoricalCrossEntropy(ScoreLoss):
    """-Σ_j y_j log p_j, p = softmax(z); the gradient is (p - y) shares.

    Targets are class indices or rows that sum to 1 (one-hot or softer). `label_smoothing` s moves
    them to y (1 - s) + s / n_classes. Szegedy et al. (2016).
    """

    label_smoothing: float = 0.0
    name = "categorical_cross_entropy"
    outputs = ("softmax",)

    def encode(self, labels: IntArray, n_outputs: int, output: str) -> FloatArray:
        hard = super().encode(labels, n_outputs, output)
        return hard * (1.0 - self.label_smoothing) + self.label_smoothing / n_outputs

    def from_scores(
        self,
        z: FloatArray,
        activation: Activation,
        target: FloatArray,
        shares: Shares,
        outputs: FloatArray,
        gradient: FloatArray,
        scratch: Scratch,
    ) -> Value:
        # With shifted = z - max z, log p = shifted - log Σ e^shifted: nothing can overflow.
        spread = scratch[0]  # a column written out for all units, which is sooner subtracted
        spread[...] = row_maxima(z)
        np.subtract(z, spread, out=outputs)
        of_targets = weighted_product(target, outputs, shares, gradient)
        np.exp(outputs, out=outputs)
        totals = row_sums(outputs)
        spread[...] = totals
        outputs /= spread
        np.subtract(outputs, target, out=gradient)
        gradient *= shares
        return weighted_sum(np.log(totals, out=totals), shares) - of_targets


@dataclass(frozen=True)
class Perceptron(ScoreLoss):
    """The perceptron criterion, Σ (a - y) z with a = step(z): |z| where the answer is wrong.

    Its gradient is (a - y) shares, so a step of gradient descent at learning rate 1 on one row is
    the perceptron rule, w += (y - a) x. Rosenblatt (1958); Bishop (2006), section 4.1.7.
    """

    name = "perceptron"
    outputs = ("step",)

    def from_scores(
        self,
        z: FloatArray,
        activation: Activation,
        target: FloatArray,
        shares: Shares,
        outputs: FloatArray,
        gradient: FloatArray,
        scratch: Scratch,
    ) -> Value:
        activation.forward(z, outputs, scratch[1:])
        np.subtract(outputs, target, out=gradient)
        gradient *= shares
        np.multiply(gradient, z, out=scratch[0])
        return element_sum(scratch[0]) + 0.0  # where -0 was summed up, 0
