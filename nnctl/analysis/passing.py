"""Rows on their way through a network: what each layer's units take in and give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnctl.data.arrays import FloatArray
from nnctl.nn.activation import Activation
from nnctl.nn.layers import Activate
from nnctl.nn.network import Network, Workspace
from nnctl.training.explaining import layer_names


@dataclass(frozen=True, eq=False)
class LayerValues:
    """A layer's units for each row, as in prediction."""

    name: str
    activation: Activation
    z: FloatArray  # (n_rows, n_units), normalized where the layer normalizes
    a: FloatArray  # (n_rows, n_units)


def layer_values(network: Network, inputs: FloatArray) -> list[LayerValues]:
    """Pass inputs (n_rows, n_inputs) on, and keep what goes into and comes out of each layer."""
    workspace = Workspace(network, len(inputs))
    names = iter(layer_names(len(network.layers)))
    layers = []
    values = inputs.astype(network.dtype, copy=False)
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is not finite, and told so
        for stage in (*workspace.stages, workspace.output):
            before, values = values, stage.predict(values)
            if isinstance(stage, Activate):
                name = next(names)
                layers.append(LayerValues(name, stage.activation, before.copy(), values.copy()))
    return layers
