"""Bounds on the gradients before an optimizer sees them, so that one steep place does no harm."""

from __future__ import annotations

import numpy as np

from nnctl.nn.arrays import FloatArray


def clip_by_norm(gradients: FloatArray, maximum: float) -> FloatArray:
    """Shrink gradients that are longer than `maximum` to that length; the direction stays.

    Changes `gradients` (..., n_parameters) in place and returns the norms (...) they had, one a
    stacked network. A norm that is not finite shrinks nothing: scaling by it would make zeros or
    NaN of what the caller should see. The dot product overflows in float32 from a norm of 1.8e19
    on, which is a diverged training and is told as such: the norm returned is infinite.

    Reference: Pascanu, Mikolov & Bengio 2013, ICML, algorithm 1.
    """
    with np.errstate(over="ignore"):
        norms: FloatArray = np.sqrt(np.vecdot(gradients, gradients))
    too_long = (norms > maximum) & np.isfinite(norms)
    if np.any(too_long):
        factors = maximum / np.where(too_long, norms, maximum)
        np.multiply(gradients, factors[..., np.newaxis], out=gradients)
    return norms


def clip_by_value(gradients: FloatArray, maximum: float) -> None:
    """Bring each gradient (...) into [-maximum, maximum], in place; the direction may change."""
    np.clip(gradients, -maximum, maximum, out=gradients)
