"""A network: one flat vector of parameters, and the layers that are views into it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nnctl.nn.arrays import FloatArray
from nnctl.nn.layers import Activate, Dense, Dropout
from nnctl.nn.layout import LayerSpec, parameter_layout, state_layout
from nnctl.nn.normalization import (
    BatchNormalization,
    Standardize,
    StandardizeBatch,
    StandardizeLayer,
)
from nnctl.nn.stage import Stage, remembered

WeightsInitializer = Callable[[tuple[int, int], np.random.Generator], FloatArray]
BiasInitializer = Callable[[tuple[int], np.random.Generator], FloatArray]


class Network:
    """A multilayer perceptron's parameters; a `Workspace` does the computing.

    `parameters` (n_parameters,) holds what is learnt, the first `n_weights` numbers being weights;
    `state` (n_state,) what is kept beside it. The last layer's activation is the output activation.

    With `stack`, these are several networks of one architecture, and all arrays have its axes in
    front: `parameters` of `Network(2, layers, stack=(64,))` is (64, n_parameters).
    """

    def __init__(
        self,
        n_inputs: int,
        layers: Sequence[LayerSpec],
        dtype: type[np.floating[Any]] = np.float32,
        stack: tuple[int, ...] = (),
    ) -> None:
        self.n_inputs, self.layers, self.stack = n_inputs, tuple(layers), stack
        self.layout, self.n_weights = parameter_layout(n_inputs, layers)
        self.state_layout = state_layout(layers)
        self.parameters: FloatArray = np.zeros((*stack, self.layout.size), dtype)
        self.state: FloatArray = np.zeros((*stack, self.state_layout.size), dtype)
        self._set_normalizations_to_identity()

    @property
    def n_outputs(self) -> int:
        """The number of units of the last layer."""
        return self.layers[-1].units

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of all numbers of this network."""
        return self.parameters.dtype

    def views(self, layer: int) -> dict[str, FloatArray]:
        """Return a layer's parameters by name: weights (n_inputs, units), biases (units,), ..."""
        return self.layout.views(self.parameters, layer)

    def initialize(
        self,
        initializers: Sequence[tuple[WeightsInitializer, BiasInitializer]],
        rng: np.random.Generator,
    ) -> None:
        """Draw weights and biases, a pair of initializers a layer; scales become 1, shifts 0."""
        for layer, (weights, biases) in enumerate(initializers):
            views = self.views(layer)
            n_inputs, n_units = views["weights"].shape
            views["weights"][...] = weights((n_inputs, n_units), rng)
            if "biases" in views:
                views["biases"][...] = biases((n_units,), rng)
        self._set_normalizations_to_identity()

    def _set_normalizations_to_identity(self) -> None:
        for layout, vector, name in (
            (self.layout, self.parameters, "scale"),
            (self.state_layout, self.state, "running_variance"),
        ):
            for slot in layout.slots:
                if slot.name == name:
                    vector[..., slot.start : slot.stop] = 1.0


class Workspace:
    """All that a pass over at most `rows` rows writes: buffers, outputs, gradients. Made once.

    `gradients` (n_parameters,) has the layout of the network's parameters. With `stack`, every
    array has those axes in front: `Workspace(network, 1, stack=(n,))` takes inputs (n, 1, n_inputs)
    and computes each row by a product of its own, so that a row's result does not depend, not even
    in its last bit, on the rows beside it. Of stacked networks each one's rows, or the same rows
    (rows, n_inputs) of all, go through products of their own in the same way.
    """

    def __init__(self, network: Network, rows: int, stack: tuple[int, ...] = ()) -> None:
        stack = stack or network.stack
        self.network, self.rows, self.stack = network, rows, stack
        self.gradients: FloatArray = np.zeros_like(network.parameters)
        self.stages: list[Stage] = []
        for layer in range(len(network.layers)):
            self.stages += self._layer_stages(layer)
        last = network.layers[-1]
        self.output = Activate(last.activation, (*stack, rows), last.units, network.dtype)
        self._narrow: dict[int, Workspace] = {}

    def _layer_stages(self, layer: int) -> list[Stage]:
        """Return a layer's stages; the output activation is left to `output` or an objective."""
        network, shape = self.network, (*self.stack, self.rows)
        spec, parameters = network.layers[layer], network.views(layer)
        gradients = network.layout.views(self.gradients, layer)
        stages: list[Stage] = [Dense(parameters, gradients, shape, input_gradient=layer > 0)]
        if spec.normalization is not None:
            stages.append(self._normalization(layer, parameters, gradients))
        if layer < len(network.layers) - 1:
            stages.append(Activate(spec.activation, shape, spec.units, network.dtype))
        if spec.dropout > 0.0:
            stages.append(Dropout(spec.dropout, shape, spec.units, network.dtype))
        return stages

    def _normalization(
        self, layer: int, parameters: dict[str, FloatArray], gradients: dict[str, FloatArray]
    ) -> Standardize:
        network, shape = self.network, (*self.stack, self.rows)
        settings = network.layers[layer].normalization
        assert settings is not None
        if isinstance(settings, BatchNormalization):
            state = network.state_layout.views(network.state, layer)
            return StandardizeBatch(settings, parameters, gradients, state, shape)
        return StandardizeLayer(settings, parameters, gradients, shape)

    def narrowed(self, rows: int) -> Workspace:
        """Return this workspace over the first `rows` rows of the same buffers."""
        if rows == self.rows:
            return self
        return remembered(self._narrow, rows, self._twin)

    def _twin(self, rows: int) -> Workspace:
        twin = object.__new__(Workspace)
        twin.network, twin.rows, twin.stack = self.network, rows, self.stack
        twin.gradients = self.gradients
        twin.stages = [stage.narrowed(rows) for stage in self.stages]
        twin.output = self.output.narrowed(rows)
        twin._narrow = {}
        return twin

    def draw_masks(self, *rngs: np.random.Generator) -> None:
        """Draw the units that dropout leaves out in the next pass, a generator a network."""
        for stage in self.stages:
            if isinstance(stage, Dropout):
                stage.draw(*rngs)

    def forward(self, inputs: FloatArray) -> FloatArray:
        """Return the scores z of the output layer (rows, n_outputs), as in training."""
        values = inputs
        for stage in self.stages:
            values = stage.forward(values)
        return values

    def scores(self, inputs: FloatArray) -> FloatArray:
        """Return the scores z of the output layer, as in prediction."""
        values = inputs
        for stage in self.stages:
            values = stage.predict(values)
        return values

    def predict(self, inputs: FloatArray) -> FloatArray:
        """Return the network's outputs (rows, n_outputs), valid until the next call."""
        return self.output.forward(self.scores(inputs))

    def decisions(self, inputs: FloatArray) -> FloatArray:
        """Return what classes are read off: the outputs, or the scores where those hide them."""
        by_score = self.output.activation.decides_by_score
        return self.scores(inputs) if by_score else self.predict(inputs)

    def backward(self, d_scores: FloatArray) -> None:
        """Write dL/d(parameters) into `gradients`, given dL/dz of the output layer."""
        gradient: FloatArray | None = d_scores
        for stage in reversed(self.stages):
            assert gradient is not None
            gradient = stage.backward(gradient)
