"""Batch and layer normalization, each with its backward pass under its forward."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnctl.nn.arrays import FloatArray
from nnctl.nn.operations import column_sums, row_sums
from nnctl.nn.stage import Stage


@dataclass(frozen=True)
class Normalization:
    """Settings of a normalization; `epsilon` is added to the variance, under the root."""

    name: ClassVar[str]
    epsilon: float = 1e-5


@dataclass(frozen=True)
class BatchNormalization(Normalization):
    """Each unit is standardized over the rows of a batch. Ioffe & Szegedy (2015)."""

    momentum: float = 0.1  # the share of the newest batch in the running statistics
    name = "batch"


@dataclass(frozen=True)
class LayerNormalization(Normalization):
    """Each row is standardized over its units. Ba, Kiros & Hinton (2016)."""

    name = "layer"


class Standardize(Stage):
    """u = scale (z - mean) / √(variance + ε) + shift; the children say over which axis.

    With v the standardized z and g = scale dL/du, over the same axis:
    dL/dz = (g - mean(g) - v mean(g v)) / √(variance + ε).
    """

    row_buffers: ClassVar[tuple[str, ...]] = ("standardized", "outputs", "d_inputs")

    def __init__(
        self,
        settings: Normalization,
        parameters: dict[str, FloatArray],
        gradients: dict[str, FloatArray],
        shape: tuple[int, ...],
    ) -> None:
        self.epsilon = settings.epsilon
        self.scale, self.shift = (parameters[n][..., np.newaxis, :] for n in ("scale", "shift"))
        self.d_scale, self.d_shift = gradients["scale"], gradients["shift"]
        self.standardized: FloatArray = np.empty((*shape, self.scale.shape[-1]), self.scale.dtype)
        self.outputs: FloatArray = np.empty_like(self.standardized)
        self.d_inputs: FloatArray = np.empty_like(self.standardized)
        self.mean = self._statistic()
        self.variance = self._statistic()
        self.deviation = self._statistic()  # √(variance + ε)

    def _statistic(self) -> FloatArray:
        """Return an array for one number a unit, or one a row."""
        raise NotImplementedError

    def _mean(self, values: FloatArray, out: FloatArray) -> None:
        """Write the mean of `values` (..., rows, units) over the axis into a statistic."""
        raise NotImplementedError

    def forward(self, inputs: FloatArray) -> FloatArray:
        self._mean(inputs, self.mean)
        np.subtract(inputs, self.mean, out=self.standardized)
        np.multiply(self.standardized, self.standardized, out=self.outputs)
        self._mean(self.outputs, self.variance)
        np.add(self.variance, self.epsilon, out=self.deviation)
        np.sqrt(self.deviation, out=self.deviation)
        self.standardized /= self.deviation
        return self._scaled()

    def _scaled(self) -> FloatArray:
        np.multiply(self.standardized, self.scale, out=self.outputs)
        self.outputs += self.shift
        return self.outputs

    def backward(self, d_outputs: FloatArray) -> FloatArray:
        g, product = self.d_inputs, self.outputs  # the outputs have been used by now
        np.multiply(d_outputs, self.standardized, out=product)
        column_sums(product, self.d_scale)
        column_sums(d_outputs, self.d_shift)
        product *= self.scale
        np.multiply(d_outputs, self.scale, out=g)
        mean = self.mean  # so have the statistics
        self._mean(product, mean)
        np.multiply(self.standardized, mean, out=product)
        self._mean(g, mean)
        g -= mean
        g -= product
        g /= self.deviation
        return g


class StandardizeBatch(Standardize):
    """Over the rows of the batch in training; by running statistics in prediction.

    The running variance is the unbiased one (n - 1), the batch's own the biased one (n). A batch of
    a single row has no unbiased variance and leaves the running statistics as they are.
    """

    def __init__(
        self,
        settings: BatchNormalization,
        parameters: dict[str, FloatArray],
        gradients: dict[str, FloatArray],
        state: dict[str, FloatArray],
        shape: tuple[int, ...],
    ) -> None:
        super().__init__(settings, parameters, gradients, shape)
        self.momentum = settings.momentum
        self.running_mean, self.running_variance = state["running_mean"], state["running_variance"]

    def _statistic(self) -> FloatArray:
        return np.empty_like(self.standardized[..., :1, :])

    def _mean(self, values: FloatArray, out: FloatArray) -> None:
        column_sums(values, out[..., 0, :])
        out /= values.shape[-2]

    def forward(self, inputs: FloatArray) -> FloatArray:
        outputs = super().forward(inputs)
        rows = self._batch_rows()
        if rows > 1:
            self._follow(self.running_mean, self.mean, 1.0)
            self._follow(self.running_variance, self.variance, rows / (rows - 1))
        return outputs

    def _batch_rows(self) -> int:
        """Return how many rows the batch's statistics are of."""
        rows: int = self.standardized.shape[-2]
        return rows

    def _follow(self, running: FloatArray, batch: FloatArray, correction: float) -> None:
        """Move a running statistic (..., n_units) towards that of the batch (..., 1, n_units)."""
        running *= 1.0 - self.momentum
        batch *= self.momentum * correction
        running += batch[..., 0, :]

    def predict(self, inputs: FloatArray) -> FloatArray:
        np.subtract(inputs, self.running_mean[..., np.newaxis, :], out=self.standardized)
        np.add(self.running_variance[..., np.newaxis, :], self.epsilon, out=self.deviation)
        np.sqrt(self.deviation, out=self.deviation)
        self.standardized /= self.deviation
        return self._scaled()


class StandardizeLayer(Standardize):
    """Over the units of each row, in training and in prediction alike."""

    row_buffers = (*Standardize.row_buffers, "mean", "variance", "deviation")

    def _statistic(self) -> FloatArray:
        return np.empty_like(self.standardized[..., :1])

    def _mean(self, values: FloatArray, out: FloatArray) -> None:
        np.divide(row_sums(values), values.shape[-1], out=out)


NORMALIZATIONS: dict[str, type[Normalization]] = {
    kind.name: kind for kind in (BatchNormalization, LayerNormalization)
}
