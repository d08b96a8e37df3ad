"""What a stage is: one operation of a pass through the network, bound to the arrays it writes."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import ClassVar, Self, TypeVar

from nnctl.nn.arrays import FloatArray

MOST_TWINS = 4  # a training needs one, for its last batch, and an evaluation another
Twin = TypeVar("Twin")


def remembered(twins: dict[int, Twin], rows: int, make: Callable[[int], Twin]) -> Twin:
    """Return the twin over so many rows; of those made, only the last few are kept.

    Whoever predicts any number of rows at a time would otherwise have one for each.
    """
    if rows not in twins:
        if len(twins) == MOST_TWINS:
            del twins[next(iter(twins))]  # the oldest
        twins[rows] = make(rows)
    return twins[rows]


class RowBuffers:
    """Something that owns arrays (..., rows, units), named in `row_buffers`."""

    row_buffers: ClassVar[tuple[str, ...]] = ()

    def narrowed(self, rows: int) -> Self:
        """Return the same thing over `rows` rows, written to the beginning of the same arrays."""
        twin = copy.copy(self)
        for name in self.row_buffers:
            setattr(twin, name, leading_rows(getattr(self, name), rows))
        return twin


def leading_rows(buffer: FloatArray, rows: int) -> FloatArray:
    """Return the beginning of a buffer (..., most_rows, units) as one of (..., rows, units).

    It has no gaps where there are axes in front: NumPy computes some functions of numbers that
    stand apart otherwise than of those that stand side by side.
    """
    *stack, _, units = buffer.shape
    shape = (*stack, rows, units)
    return buffer.reshape(-1)[: math.prod(shape)].reshape(shape)


class Stage(RowBuffers):
    """inputs (..., rows, n_inputs) -> outputs (..., rows, n_outputs), and the way back.

    A stage holds views of its parameters and of their gradients in the network's flat vectors. It
    allocates its arrays once; `forward` and `backward` only write into them, so what they return
    is valid until the next call.
    """

    def forward(self, inputs: FloatArray) -> FloatArray:
        """Return the outputs as in training, and keep what `backward` needs."""
        raise NotImplementedError

    def predict(self, inputs: FloatArray) -> FloatArray:
        """Return the outputs as in prediction: each row's depend on that row alone."""
        return self.forward(inputs)

    def backward(self, d_outputs: FloatArray) -> FloatArray | None:
        """Turn dL/d(outputs) into dL/d(inputs), and write the gradients of the parameters."""
        raise NotImplementedError
