"""What an activation function is: a value, its derivative, and the chain rule through it.

All are computed without overflow for any |z|. They write into `out` and use `scratch`, a number of
arrays of z's shape that each activation names, so that a training step allocates nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np

from nnctl.nn.arrays import FloatArray

Scratch = FloatArray  # (n_arrays, ..., n_samples, n_units)


@dataclass(frozen=True)
class Activation:
    """a = f(z), elementwise; z and a are (..., n_samples, n_units)."""

    name: ClassVar[str]
    formula: ClassVar[str]
    scratch_arrays: ClassVar[int] = 0
    decides_by_score: ClassVar[bool] = False  # whether classes are told apart by z, not by a

    @property
    def written(self) -> str:
        """The formula, with the values of the parameters that stand in it."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        named = [f"{name} = {value:g}" for name, value in values.items() if name in self.formula]
        return ", ".join([self.formula, *named])

    def forward(self, z: FloatArray, out: FloatArray, scratch: Scratch) -> None:
        """Write f(z) into `out`."""
        raise NotImplementedError

    def derivative(self, z: FloatArray, a: FloatArray, out: FloatArray, scratch: Scratch) -> None:
        """Write f'(z) into `out`, given z and a = f(z)."""
        raise NotImplementedError

    def backward(
        self, z: FloatArray, a: FloatArray, d_a: FloatArray, out: FloatArray, scratch: Scratch
    ) -> None:
        """Write dL/dz = dL/da * f'(z) into `out`, which must not be `d_a`."""
        self.derivative(z, a, out, scratch)
        out *= d_a

    def __call__(self, z: FloatArray) -> FloatArray:
        """Return f(z) as a new array; for looking, not for training."""
        out = np.empty_like(z)
        self.forward(z, out, self.scratch(z))
        return out

    def slope_at(self, z: FloatArray) -> FloatArray:
        """Return f'(z) as a new array; for looking, not for training."""
        out = np.empty_like(z)
        self.derivative(z, self(z), out, self.scratch(z))
        return out

    def scratch(self, z: FloatArray) -> Scratch:
        """Return new scratch arrays for z."""
        return np.empty((self.scratch_arrays, *z.shape), z.dtype)
