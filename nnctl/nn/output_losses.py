"""Losses of the outputs, whose gradient goes on through any output activation with a slope."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnctl.nn.arrays import FloatArray
from nnctl.nn.loss import OutputLoss

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
