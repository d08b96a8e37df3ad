"""Small networks for the tests of the engine."""

from __future__ import annotations

from functools import partial

import numpy as np

from nnctl.nn.activation import Activation
from nnctl.nn.activations import ACTIVATIONS
from nnctl.nn.arrays import FloatArray, IntArray
from nnctl.nn.initializers import constant, random_normal
from nnctl.nn.layout import LayerSpec
from nnctl.nn.loss import Loss
from nnctl.nn.network import Network, Workspace
from nnctl.nn.normalization import Normalization
from nnctl.nn.objective import Objective


def network_of(
    n_inputs: int,
    units: tuple[int, ...],
    hidden: Activation,
    output: Activation,
    normalization: Normalization | None = None,
    dropout: float = 0.0,
    seed: int = 0,
    bias: bool = True,
) -> Network:
    specs = [LayerSpec(n, hidden, bias, normalization, dropout) for n in units[:-1]]
    network = Network(n_inputs, [*specs, LayerSpec(units[-1], output, bias)], np.float64)
    weights, biases = partial(random_normal, scale=0.7), partial(constant, value=0.1)
    network.initialize([(weights, biases)] * len(units), np.random.default_rng(seed))
    return network


def set_layers(network: Network, *layers: tuple[FloatArray, FloatArray | None]) -> None:
    """Write weights and biases into a network."""
    for index, (weights, biases) in enumerate(layers):
        views = network.views(index)
        views["weights"][...] = weights
        if biases is not None:
            views["biases"][...] = biases


def gradients(workspace: Workspace) -> list[dict[str, FloatArray]]:
    """The gradients of each layer by name."""
    network = workspace.network
    return [network.layout.views(workspace.gradients, i) for i in range(len(network.layers))]


def objective_of(network: Network, loss: Loss, rows: int) -> Objective:
    activation = network.layers[-1].activation
    return Objective(activation, loss, rows, network.n_outputs, network.dtype)


def random_labels(n_outputs: int, rows: int, rng: np.random.Generator) -> IntArray:
    return rng.integers(0, max(n_outputs, 2), rows)


TANH = ACTIVATIONS["tanh"]()
IDENTITY = ACTIVATIONS["identity"]()
