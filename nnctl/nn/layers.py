"""The stages of a layer: a dense product, an activation, and dropout between layers."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from nnctl.nn.activation import Activation
from nnctl.nn.arrays import FloatArray
from nnctl.nn.operations import ones, product_for
from nnctl.nn.stage import Stage


class Dense(Stage):
    """z = a W + b, with a (rows, n_inputs), W (n_inputs, n_units), b (n_units,).

    Given dL/dz: dL/dW = aᵀ dL/dz, dL/db = Σ_rows dL/dz, dL/da = dL/dz Wᵀ. The first layer of a
    network needs no dL/da, and with `input_gradient=False` none is computed.

    Stacked, z (..., rows, n_units) has its axes in front, and so may any of the others have.
    """

    row_buffers = ("z", "d_inputs")

    def __init__(
        self,
        parameters: dict[str, FloatArray],
        gradients: dict[str, FloatArray],
        shape: tuple[int, ...],
        *,
        input_gradient: bool,
    ) -> None:
        """`shape` is (..., rows) of the pass."""
        self.weights, self.biases = parameters["weights"], parameters.get("biases")
        self.d_weights, self.d_biases = gradients["weights"], gradients.get("biases")
        self.weights_turned = self.weights.mT
        self.bias_row = None if self.biases is None else self.biases[..., np.newaxis, :]
        n_inputs, n_units = self.weights.shape[-2:]
        self.input_gradient = input_gradient
        self.inputs: FloatArray
        self.z: FloatArray = np.empty((*shape, n_units), self.weights.dtype)
        n_gradients = n_inputs if input_gradient else 0
        self.d_inputs: FloatArray = np.empty((*shape, n_gradients), self.weights.dtype)
        self.multiply = product_for(self.z)
        self.ones = ones(shape[-1], self.weights.dtype)  # ones · d = Σ_rows d

    def narrowed(self, rows: int) -> Self:
        twin = super().narrowed(rows)
        twin.ones = self.ones[:rows]
        return twin

    def forward(self, inputs: FloatArray) -> FloatArray:
        self.inputs = inputs
        z = self.multiply(inputs, self.weights, self.z)
        if self.bias_row is not None:
            z += self.bias_row
        return z

    def backward(self, d_outputs: FloatArray) -> FloatArray | None:
        self.multiply(self.inputs.mT, d_outputs, self.d_weights)
        if self.d_biases is not None:
            self.multiply(self.ones, d_outputs, self.d_biases)
        if not self.input_gradient:
            return None
        return self.multiply(d_outputs, self.weights_turned, self.d_inputs)


class Activate(Stage):
    """a = f(z); dL/dz = dL/da f'(z)."""

    row_buffers = ("a", "d_z", "scratch")

    def __init__(
        self, activation: Activation, shape: tuple[int, ...], n_units: int, dtype: np.dtype[Any]
    ) -> None:
        self.activation = activation
        self.z: FloatArray
        self.a: FloatArray = np.empty((*shape, n_units), dtype)
        self.d_z: FloatArray = np.empty_like(self.a)
        self.scratch: FloatArray = np.empty((activation.scratch_arrays, *self.a.shape), dtype)

    def forward(self, inputs: FloatArray) -> FloatArray:
        self.z = inputs
        self.activation.forward(inputs, self.a, self.scratch)
        return self.a

    def backward(self, d_outputs: FloatArray) -> FloatArray:
        self.activation.backward(self.z, self.a, d_outputs, self.d_z, self.scratch)
        return self.d_z


class Dropout(Stage):
    """In training each unit is dropped with probability `rate`, the rest divided by 1 - rate.

    So the expected value is that of prediction, which drops nothing. Srivastava et al. (2014).
    """

    row_buffers = ("mask", "outputs", "d_inputs")

    def __init__(
        self, rate: float, shape: tuple[int, ...], n_units: int, dtype: np.dtype[Any]
    ) -> None:
        self.rate = rate
        self.mask: FloatArray = np.ones((*shape, n_units), dtype)  # 0 or 1 / (1 - rate)
        self.outputs: FloatArray = np.empty_like(self.mask)
        self.d_inputs: FloatArray = np.empty_like(self.mask)

    def draw(self, *rngs: np.random.Generator) -> None:
        """Draw the units that the next batch drops; of stacked networks, with a generator each."""
        for rng, mask in zip(rngs, self.mask if len(rngs) > 1 else [self.mask], strict=True):
            rng.random(dtype=mask.dtype.type, out=mask)
        np.greater_equal(self.mask, self.rate, out=self.mask)
        self.mask *= 1.0 / (1.0 - self.rate)

    def forward(self, inputs: FloatArray) -> FloatArray:
        return np.multiply(inputs, self.mask, out=self.outputs)

    def predict(self, inputs: FloatArray) -> FloatArray:
        return inputs

    def backward(self, d_outputs: FloatArray) -> FloatArray:
        return np.multiply(d_outputs, self.mask, out=self.d_inputs)
