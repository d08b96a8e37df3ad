"""Penalties on the weights, added to the loss that is minimized; biases and scales go free."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnctl.nn.arrays import FloatArray
from nnctl.nn.operations import Rate, as_factor


class WeightPenalty:
    """l1 Σ |w| + l2/2 Σ w² over all weights; the gradient is l1 sign(w) + l2 w.

    The half is that of Goodfellow et al. (2016), section 7.1.1; some write l2 Σ w², where the same
    number weighs twice as much.

    `weights` and `gradients` (..., n_weights) are the leading slices of the network's flat vectors;
    stacked networks may have an l1 and an l2 each (..., 1).
    """

    def __init__(
        self, weights: FloatArray, gradients: FloatArray, l1: Rate = 0.0, l2: Rate = 0.0
    ) -> None:
        self.weights, self.gradients, self.l1, self.l2 = weights, gradients, l1, l2
        self.has_l1, self.has_l2 = bool(np.any(l1)), bool(np.any(l2))
        self.scratch: FloatArray = np.empty_like(weights)

    def value(self) -> Any:
        """Return the penalty, a float; of stacked networks an array of float64, one a network."""
        if not (self.has_l1 or self.has_l2):
            return 0.0
        squares = np.vecdot(self.weights, self.weights).astype(np.float64)[..., np.newaxis]
        magnitudes = np.abs(self.weights).sum(axis=-1, keepdims=True).astype(np.float64)
        value = (self.l1 * magnitudes + 0.5 * self.l2 * squares)[..., 0]
        return value if value.ndim else float(value)

    def add_gradient(self) -> None:
        """Add the penalty's gradient to the gradients."""
        if self.has_l2:
            np.multiply(self.weights, as_factor(self.l2, self.weights), out=self.scratch)
            self.gradients += self.scratch
        if self.has_l1:
            np.sign(self.weights, out=self.scratch)
            self.scratch *= as_factor(self.l1, self.weights)
            self.gradients += self.scratch
