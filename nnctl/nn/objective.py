"""The end of a network: output activation and loss, as one thing with its own buffers."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from nnctl.nn.activation import Activation
from nnctl.nn.arrays import FloatArray
from nnctl.nn.loss import Arrays, Loss, Measure
from nnctl.nn.shares import EqualShares, RowShares, Shares
from nnctl.nn.stage import RowBuffers, remembered


class Objective(RowBuffers):
    """Takes scores z and targets, gives the loss, and holds the outputs and dL/dz.

    With `stack`, all arrays have those axes in front, and there is a loss for each network.

    Raises ValueError where activation and loss make no pair.
    """

    row_buffers = ("outputs", "d_outputs", "d_scores", "shares", "scratch")

    def __init__(
        self,
        activation: Activation,
        loss: Loss,
        rows: int,
        n_outputs: int,
        dtype: np.dtype[Any],
        stack: tuple[int, ...] = (),
    ) -> None:
        if activation.name not in loss.outputs:
            allowed = ", ".join(loss.outputs)
            raise ValueError(f"{loss.name} goes with {allowed}, not with {activation.name}")
        self.activation, self.loss, self.n_outputs = activation, loss, n_outputs
        shape = (*stack, rows, n_outputs)
        self.outputs: FloatArray = np.empty(shape, dtype)  # a, (rows, n_outputs)
        self.d_outputs: FloatArray = np.empty(shape, dtype)
        self.d_scores: FloatArray = np.empty(shape, dtype)  # dL/dz
        self.shares: FloatArray = np.empty((*stack, rows, 1), dtype)
        self.scratch: FloatArray = np.empty((2 + activation.scratch_arrays, *shape), dtype)
        self._narrow: dict[int, Self] = {}
        self._z: FloatArray | None = None  # the scores that `_measure` is of, a twin's are others
        self._measure: Measure
        self._equal: Shares  # of rows without weights

    def narrowed(self, rows: int) -> Self:
        """Return this objective over the first `rows` rows, one of the last few."""
        if rows == self.outputs.shape[-2]:
            return self
        return remembered(self._narrow, rows, super().narrowed)

    def __call__(self, z: FloatArray, target: FloatArray, weights: FloatArray | None = None) -> Any:
        """Return the loss of scores z (rows, n_outputs), weighing rows by `weights` (rows,).

        Weights are divided by their sum, so only their ratios count; where they are all zero, so
        are loss and gradient. A float; of stacked networks an array of float64, one a network.
        """
        if z is not self._z:
            self._take_up(z)
        shares = self._equal if weights is None else self._shares(weights)
        return self._measure(target, shares)

    def _take_up(self, z: FloatArray) -> None:
        """Look up what a call on these scores needs; a pass gives the same array each time."""
        self._z, self._equal = z, self._shares(None)
        arrays = Arrays(z, self.outputs, self.d_outputs, self.d_scores, self.scratch)
        self._measure = self.loss.over(self.activation, arrays)

    def decisions(self, z: FloatArray) -> FloatArray:
        """Return what classes are read off after a call: the outputs, or z where they hide it."""
        return z if self.activation.decides_by_score else self.outputs

    def _shares(self, weights: FloatArray | None) -> Shares:
        outputs_of_the_mean = self.n_outputs if self.loss.mean_over_outputs else 1
        if weights is None:
            n_terms = self.outputs.shape[-2] * outputs_of_the_mean
            return EqualShares(1.0 / float(n_terms), self.outputs.dtype)
        total = weights.sum(axis=-1, keepdims=True).astype(np.float64) * outputs_of_the_mean
        share = np.divide(1.0, total, out=np.zeros_like(total), where=total > 0.0)
        share = share.astype(weights.dtype)  # before the product, which else is one of float64
        np.multiply(weights[..., np.newaxis], share[..., np.newaxis], out=self.shares)
        return RowShares(self.shares)
