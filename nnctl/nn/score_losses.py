"""Losses of the scores: each with its own output activation, value and dL/dz in one pass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnctl.nn.activation import Activation
from nnctl.nn.arrays import FloatArray, IntArray
from nnctl.nn.loss import Arrays, Measure, ScoreLoss
from nnctl.nn.operations import maxima_of, ones, product_for
from nnctl.nn.shares import Shares, Value, element_sum


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

    def over(self, activation: Activation, arrays: Arrays) -> Measure:
        z, outputs, _, d_scores, scratch = arrays
        values, rest = scratch[0], scratch[1:]

        def measure(target: FloatArray, shares: Shares) -> Value:
            # The loss is max(z, 0) - y z + log(1 + e^-|z|), finite and exact for every z.
            np.abs(z, values)
            np.negative(values, values)
            np.exp(values, values)
            np.log1p(values, values)
            d_scores.fill(0.0)
            np.maximum(z, d_scores, out=d_scores)
            np.multiply(target, z, outputs)
            np.subtract(d_scores, outputs, d_scores)
            np.add(values, d_scores, values)
            activation.forward(z, outputs, rest)
            np.subtract(outputs, target, d_scores)
            np.multiply(d_scores, shares.factor, d_scores)
            return shares.sum(values)

        return measure


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

    def over(self, activation: Activation, arrays: Arrays) -> Measure:
        z, outputs, _, d_scores, scratch = arrays
        spread = scratch[0]  # a column written out for all units, which is sooner subtracted
        column = np.empty((*z.shape[:-1], 1), z.dtype)
        rows, units = column[..., 0], ones(z.shape[-1], z.dtype)  # units: outputs · 1 = Σ_units
        take_maxima, multiply = maxima_of(z, out=rows), product_for(outputs)

        def measure(target: FloatArray, shares: Shares) -> Value:
            # With shifted = z - max z, log p = shifted - log Σ e^shifted: nothing can overflow.
            take_maxima()
            spread[...] = column
            np.subtract(z, spread, outputs)
            of_targets = shares.product(target, outputs, d_scores)
            np.exp(outputs, outputs)
            multiply(outputs, units, rows)
            spread[...] = column
            np.divide(outputs, spread, outputs)
            np.subtract(outputs, target, d_scores)
            np.multiply(d_scores, shares.factor, d_scores)
            np.log(column, column)
            return shares.sum(column) - of_targets

        return measure


@dataclass(frozen=True)
class Perceptron(ScoreLoss):
    """The perceptron criterion, Σ (a - y) z with a = step(z): |z| where the answer is wrong.

    Its gradient is (a - y) shares, so a step of gradient descent at learning rate 1 on one row is
    the perceptron rule, w += (y - a) x. Rosenblatt (1958); Bishop (2006), section 4.1.7.
    """

    name = "perceptron"
    outputs = ("step",)

    def over(self, activation: Activation, arrays: Arrays) -> Measure:
        z, outputs, _, d_scores, scratch = arrays
        values, rest = scratch[0], scratch[1:]

        def measure(target: FloatArray, shares: Shares) -> Value:
            activation.forward(z, outputs, rest)
            np.subtract(outputs, target, d_scores)
            np.multiply(d_scores, shares.factor, d_scores)
            np.multiply(d_scores, z, values)
            return element_sum(values) + 0.0  # where -0 was summed up, 0

        return measure
