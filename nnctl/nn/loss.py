"""What a loss is: value and gradient together, from one function, reduced alike.

Every loss is a mean over the rows of a batch; regression losses are means over the outputs too.
`shares` are what each row's loss is multiplied by to give that mean: the number 1 / n_rows, or an
array (n_rows, 1) of weights that sum to 1. Arrays are (n_rows, n_outputs). Those of stacked
networks have an axis in front, and the value is an array of a float64 for each network.

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
from nnctl.nn.operations import ones

Shares = float | FloatArray
Value = float | FloatArray
# BLAS adds up float32 terms one after another; over more of them NumPy's sum by pairs loses less.
MOST_TERMS = 2**16


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
    ) -> Value:
        """Return the loss and write dL/d(outputs) into `gradient`."""
        value = scratch[0]
        self.elementwise(outputs, target, value, gradient)
        gradient *= shares
        return weighted_sum(value, shares)


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
    ) -> Value:
        """Return the loss; write the activation's value into `outputs`, dL/dz into `gradient`."""
        raise NotImplementedError


def weighted_sum(values: FloatArray, shares: Shares) -> Value:
    """Return Σ shares * values, of each row or element; the values are used up."""
    if isinstance(shares, float):
        return element_sum(values) * shares
    values *= shares
    return element_sum(values)


def weighted_product(a: FloatArray, b: FloatArray, shares: Shares, scratch: FloatArray) -> Value:
    """Return Σ shares a b over all elements; `scratch` is as large as one of them."""
    if not isinstance(shares, float) or a.shape[-2] * a.shape[-1] > MOST_TERMS:
        return weighted_sum(np.multiply(a, b, out=scratch), shares)
    if a.ndim == 2:
        return float(np.vdot(a, b)) * shares
    products: FloatArray = np.vecdot(flat(a), flat(b))
    return products.astype(np.float64) * shares


def element_sum(values: FloatArray) -> Value:
    """Return the sum of all elements (rows, units); of stacked networks an array of sums."""
    if values.ndim > 2:
        return element_sums(flat(values))
    if values.size > MOST_TERMS:
        return float(values.sum())
    return float(values.reshape(-1).dot(ones(values.size, values.dtype)))


def element_sums(values: FloatArray) -> FloatArray:
    """Return the sums (n,) of the rows of values (n, n_elements), each as `element_sum` has it."""
    terms = values.shape[-1]
    many = terms > MOST_TERMS
    sums: FloatArray = values.sum(axis=-1) if many else np.vecdot(values, ones(terms, values.dtype))
    return sums.astype(np.float64)


def flat(values: FloatArray) -> FloatArray:
    """Return the elements (n, rows, units) of each network in one axis."""
    return values.reshape(len(values), -1)
