"""What a loss is: value and gradient together, from one function, reduced alike.

Every loss is a mean over the rows of a batch; regression losses are means over the outputs too.
`shares` are what each row's loss is multiplied by to give that mean. Arrays are (n_rows,
n_outputs). Those of stacked networks have an axis in front, and the value is an array of a float64
for each network.

The arrays of a training stay the same from batch to batch, and a small network spends its time on
calls. So a loss takes the arrays first, looks up in them what it needs, and gives back the
function of targets and shares that each batch calls.

A loss is of one of two kinds. An *output loss* looks at the outputs a, and its gradient passes
through the output activation by the chain rule. A *score loss* has one output activation that it
belongs to, looks at the scores z before it and gives dL/dz at once: shorter, faster, and exact
where the probability has rounded to 0 or 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from nnctl.nn.activation import Activation, Scratch
from nnctl.nn.arrays import FloatArray, IntArray
from nnctl.nn.shares import Shares, Value

Measure = Callable[[FloatArray, Shares], Value]  # of targets (n_rows, n_outputs) and shares


class Arrays(NamedTuple):
    """The arrays (n_rows, n_outputs) at the end of a network."""

    z: FloatArray  # scores, which are given; all others are written
    outputs: FloatArray
    d_outputs: FloatArray  # dL/d(outputs), of an output loss
    d_scores: FloatArray  # dL/dz
    scratch: Scratch


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

    def over(self, activation: Activation, arrays: Arrays) -> Measure:
        """Return what gives the loss of the scores z and writes `outputs` and `d_scores`, dL/dz."""
        raise NotImplementedError


class OutputLoss(Loss):
    """A loss of the outputs; the gradient goes on through the output activation."""

    def elementwise(
        self, outputs: FloatArray, target: FloatArray, value: FloatArray, gradient: FloatArray
    ) -> None:
        """Write every element's loss into `value` and its derivative into `gradient`."""
        raise NotImplementedError

    def over(self, activation: Activation, arrays: Arrays) -> Measure:
        z, outputs, d_outputs, d_scores, scratch = arrays
        values = scratch[0]

        def measure(target: FloatArray, shares: Shares) -> Value:
            activation.forward(z, outputs, scratch)
            self.elementwise(outputs, target, values, d_outputs)
            np.multiply(d_outputs, shares.factor, d_outputs)
            value = shares.sum(values)
            activation.backward(z, outputs, d_outputs, d_scores, scratch)
            return value

        return measure


class ScoreLoss(Loss):
    """A loss of the scores z, for the one output activation that belongs to it.

    It has no use for `d_outputs`.
    """
