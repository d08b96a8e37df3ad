"""Losses: value and gradient together, from one function, reduced alike.

Every loss is a mean over the rows of a batch; regression losses are means over the outputs too.
`shares` are what each row's loss is multiplied by to give that mean: the number 1 / n_rows, or an
array (n_rows, 1) of weights that sum to 1. Arrays are (n_rows, n_outputs).

A loss is of one of two kinds. An *output loss* looks at the outputs a, and its gradient passes
through the output activation by the chain rule. A *score loss* has one output activation that it
belongs to, looks at the scores z before it and gives dL/dz at once: shorter, faster, and exact
where the probability has rounded to 0 or 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnctl.nn.activation import Activation, Scratch
from nnctl.nn.arrays import FloatArray, IntArray

Shares = float | FloatArray

EVERYTHING_WITH_A_SLOPE = (
    "identity",
    "sigmoid",
    "tanh",
    "softmax",
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "silu",
    "softplus",
    "softsign",
    "mish",
)


@dataclass(frozen=True)
class Loss:
    """What all losses have: a name and the output activations with which they make sense."""

    name: ClassVar[str]
    outputs: ClassVar[Sequence[str]]  # the first is the default
    mean_over_outputs: ClassVar[bool] = False

    def codes(self, output: str) -> tuple[float, float]:
        """Return the targets that stand for "not this class" and "this class"."""
        return (-1.0, 1.0) if output in ("tanh", "softsign") else (0.0, 1.0)

    def encode(self, labels: IntArray, n_outputs: int, output: str) -> FloatArray:
        """Turn class indices (n_rows,) into targets (n_rows, n_outputs).

        One output stands for the second of two classes; more are one a class (one-hot).
        """
        low, high = self.codes(output)
        columns = np.arange(n_outputs) if n_outputs > 1 else np.array([1])
        return np.where(labels[:, np.newaxis] == columns, high, low)


class OutputLoss(Loss):
    """A loss of the outputs; the gradient goes on through the output activation."""

    def elementwise(
        self, outputs: FloatArray, target: FloatArray, value: FloatArray, gradient: FloatArray
    ) -> None:
        """Write every element's loss into `value` and its derivative into `gradient`."""
        raise NotImplementedError

    def __call__(
        self,
        outputs: FloatArray,
        target: FloatArray,
        shares: Shares,
        gradient: FloatArray,
        scratch: Scratch,
    ) -> float:
        """Return the loss and write dL/d(outputs) into `gradient`."""
        value = scratch[0]
        self.elementwise(outputs, target, value, gradient)
        value *= shares
        gradient *= shares
        return float(value.sum())


class ScoreLoss(Loss):
    """A loss of the scores z, for the one output activation that belongs to it."""

    def from_scores(
        self,
        z: FloatArray,
        activation: Activation,
        target: FloatArray,
        shares: Shares,
        outputs: FloatArray,
        gradient: FloatArray,
        scratch: Scratch,
    ) -> float:
        """Return the loss; write the activation's value into `outputs`, dL/dz into `gradient`."""
        raise NotImplementedError


@dataclass(frozen=True)
class MeanSquaredError(OutputLoss):
    """mean (a - y)²; the gradient is 2 (a - y) / (n_rows n_outputs)."""

    name = "mean_squared_error"
    outputs = EVERYTHING_WITH_A_SLOPE
    mean_over_outputs = True

    def elementwise(
        self, outputs: FloatArray, target: FloatArray, value: FloatArray, gradient: FloatArray
    ) -> None:
        np.subtract(outputs, target, out=gradient)
        np.multiply(gradient, gradient, out=value)
        gradient *= 2.0


@dataclass(frozen=True)
class MeanAbsoluteError(OutputLoss):
    """mean |a - y|; the gradient's sign is taken as 0 where a = y."""

    name = "mean_absolute_error"
    outputs = EVERYTHING_WITH_A_SLOPE
    mean_over_outputs = True

    def elementwise(
        self, outputs: FloatArray, target: FloatArray, value: FloatArray, gradient: FloatArray
    ) -> None:
        np.subtract(outputs, target, out=gradient)
        np.abs(gradient, out=value)
        np.sign(gradient, out=gradient)


@dataclass(frozen=True)
class Huber(OutputLoss):
    """e²/2 where |e| <= δ, else δ (|e| - δ/2), with e = a - y. Huber (1964)."""

    delta: float = 1.0
    name = "huber"
    outputs = EVERYTHING_WITH_A_SLOPE
    mean_over_outputs = True

    def elementwise(
        self, outputs: FloatArray, target: FloatArray, value: FloatArray, gradient: FloatArray
    ) -> None:
        # With c = clip(e, -δ, δ), which is the derivative, both branches are c (e - c/2).
        np.subtract(outputs, target, out=value)
        np.clip(value, -self.delta, self.delta, out=gradient)
        gradient *= 0.5
        value -= gradient
        gradient *= 2.0
        value *= gradient


@dataclass(frozen=True)
class LogCosh(OutputLoss):
    """log cosh (a - y): like half the square near 0, like the absolute error far out."""

    name = "log_cosh"
    outputs = EVERYTHING_WITH_A_SLOPE
    mean_over_outputs = True

    def elementwise(
        self, outputs: FloatArray, target: FloatArray, value: FloatArray, gradient: FloatArray
    ) -> None:
        # log cosh e = |e| + log(1 + e^(-2|e|)) - log 2, in which nothing can overflow.
        np.subtract(outputs, target, out=gradient)
        np.abs(gradient, out=gradient)
        np.multiply(gradient, -2.0, out=value)
        np.exp(value, out=value)
        np.log1p(value, out=value)
        value += gradient
        value -= float(np.log(2.0))
        np.subtract(outputs, target, out=gradient)
        np.tanh(gradient, out=gradient)


@dataclass(frozen=True)
class Hinge(OutputLoss):
    """Σ max(0, 1 - y a) over the outputs, with targets y of -1 and 1. Cortes & Vapnik (1995)."""

    name = "hinge"
    outputs = ("identity", "tanh")

    def codes(self, output: str) -> tuple[float, float]:
        return (-1.0, 1.0)

    def elementwise(
        self, outputs: FloatArray, target: FloatArray, value: FloatArray, gradient: FloatArray
    ) -> None:
        np.multiply(outputs, target, out=value)
        np.subtract(1.0, value, out=value)
        np.maximum(value, 0.0, out=value)
        np.sign(value, out=gradient)
        gradient *= target
        np.negative(gradient, out=gradient)


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
    ) -> float:
        # The loss is max(z, 0) - y z + log(1 + e^-|z|), finite and exact for every z.
        value = scratch[0]
        np.abs(z, out=value)
        np.negative(value, out=value)
        np.exp(value, out=value)
        np.log1p(value, out=value)
        np.maximum(z, 0.0, out=gradient)
        np.multiply(target, z, out=outputs)
        gradient -= outputs
        value += gradient
        value *= shares
        activation.forward(z, outputs, scratch[1:])
        np.subtract(outputs, target, out=gradient)
        gradient *= shares
        return float(value.sum())


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
    ) -> float:
        # With shifted = z - max z, log p = shifted - log Σ e^shifted: nothing can overflow.
        value, row = scratch[0], scratch[1][..., :1]
        np.max(z, axis=-1, keepdims=True, out=row)
        np.subtract(z, row, out=outputs)
        np.multiply(target, outputs, out=value)
        value *= shares
        np.exp(outputs, out=outputs)
        np.sum(outputs, axis=-1, keepdims=True, out=row)
        outputs /= row
        np.log(row, out=row)
        row *= shares
        np.subtract(outputs, target, out=gradient)
        gradient *= shares
        return float(row.sum()) - float(value.sum())


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
    ) -> float:
        activation.forward(z, outputs, scratch[1:])
        np.subtract(outputs, target, out=gradient)
        gradient *= shares
        np.multiply(gradient, z, out=scratch[0])
        return float(scratch[0].sum())


LOSSES: dict[str, type[Loss]] = {
    kind.name: kind
    for kind in (
        MeanSquaredError,
        MeanAbsoluteError,
        Huber,
        LogCosh,
        BinaryCrossEntropy,
        CategoricalCrossEntropy,
        Hinge,
        Perceptron,
    )
}
