"""What each row counts in the mean loss of a batch: the same for all rows, or by their weights.

Sums are over the elements (rows, units). Stacked networks have an axis in front, and their sums are
arrays (n,) of float64, one for each network.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nnctl.nn.arrays import FloatArray
from nnctl.nn.operations import ones

Value = float | FloatArray
# BLAS adds up float32 terms one after another; over more of them NumPy's sum by pairs loses less.
MOST_TERMS = 2**16


class EqualShares:
    """The same share for every row: 1 / n_rows.

    `factor` () is what gradients are multiplied by; a ufunc takes an array in half a float's time.
    """

    def __init__(self, share: float, dtype: np.dtype[Any]) -> None:
        self.share, self.factor = share, np.array(share, dtype)

    def sum(self, values: FloatArray) -> Value:
        """Return Σ share * values; the values may be used up."""
        return element_sum(values) * self.share

    def product(self, a: FloatArray, b: FloatArray, scratch: FloatArray) -> Value:
        """Return Σ share a b; `scratch` is as large as one of them."""
        if a.shape[-2] * a.shape[-1] > MOST_TERMS:
            return self.sum(np.multiply(a, b, out=scratch))
        if a.ndim == 2:
            return float(a.ravel().dot(b.ravel())) * self.share
        products: FloatArray = np.vecdot(flat(a), flat(b))
        return products.astype(np.float64) * self.share


class RowShares:
    """A share of its own for each row: `factor` (rows, 1), which sums to 1."""

    def __init__(self, factor: FloatArray) -> None:
        self.factor = factor

    def sum(self, values: FloatArray) -> Value:
        """Return Σ shares * values; the values are used up."""
        values *= self.factor
        return element_sum(values)

    def product(self, a: FloatArray, b: FloatArray, scratch: FloatArray) -> Value:
        """Return Σ shares a b; `scratch` is as large as one of them."""
        return self.sum(np.multiply(a, b, out=scratch))


Shares = EqualShares | RowShares


def element_sum(values: FloatArray) -> Value:
    """Return the sum of all elements (rows, units); of stacked networks an array of sums."""
    if values.ndim > 2:
        return element_sums(flat(values))
    if values.size > MOST_TERMS:
        return float(values.sum())
    return float(values.ravel().dot(ones(values.size, values.dtype)))


def element_sums(values: FloatArray) -> FloatArray:
    """Return the sums (n,) of the rows of values (n, n_elements), each as `element_sum` has it."""
    terms = values.shape[-1]
    many = terms > MOST_TERMS
    sums: FloatArray = values.sum(axis=-1) if many else np.vecdot(values, ones(terms, values.dtype))
    return sums.astype(np.float64)


def flat(values: FloatArray) -> FloatArray:
    """Return the elements (n, rows, units) of each network in one axis."""
    return values.reshape(len(values), -1)
