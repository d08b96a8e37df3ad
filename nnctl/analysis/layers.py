"""What goes on in each layer while rows pass: activations on the way forward, gradients back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from nnctl.analysis.labelled import gathered
from nnctl.analysis.passing import LayerValues, layer_values
from nnctl.analysis.pictures import Picture
from nnctl.analysis.weights import norm
from nnctl.data.arrays import FloatArray
from nnctl.data.table import Table
from nnctl.nn.network import Workspace
from nnctl.nn.objective import Objective
from nnctl.plots.layers import LayerHistogram, LayerNorms, activations_figure, gradients_figure
from nnctl.training.evaluation import Examples
from nnctl.training.explaining import backward, forward
from nnctl.training.inference import Model

MOST_ROWS = 2000
BATCH_ROWS = 1024
MOST_LAYERS = 12
FLAT = 0.01  # a slope below lets less than a hundredth of a gradient through


def draw_activations(model: Model, tables: Iterable[Table], title: str) -> Picture:
    """Draw how each layer's activations are spread over the rows."""
    rows = gathered(model, tables, MOST_ROWS)
    layers = [
        layer_histogram(values) for values in layer_values(model.network, rows.examples.inputs)
    ]
    notices = rows.notices
    if len(layers) > MOST_LAYERS:
        notices = (*notices, f"drawn are the first {MOST_LAYERS} of {len(layers)} layers")
    numbers = {"rows": len(rows.examples), "layers": [spread_of(layer) for layer in layers]}
    return Picture(activations_figure(layers[:MOST_LAYERS], title), notices, numbers)


def layer_histogram(values: LayerValues) -> LayerHistogram:
    """Return what is drawn of a layer.

    A unit is flat for a row where its slope is below FLAT: an inactive rectifier, a saturated
    sigmoid or tanh. Units that are flat for every row learn nothing from these rows.
    """
    flat = None
    if values.activation.name not in ("softmax", "step"):
        with np.errstate(over="ignore", invalid="ignore"):
            flat = np.abs(values.activation.slope_at(values.z)) < FLAT
    return LayerHistogram(
        name=values.name,
        activation=values.activation.name,
        z=values.z,
        a=values.a,
        flat=None if flat is None else float(flat.mean()),
        always_flat=None if flat is None else int(flat.all(axis=0).sum()),
    )


def spread_of(layer: LayerHistogram) -> dict[str, Any]:
    """Return a layer's measures, ready for JSON."""
    return {
        "name": layer.name,
        "activation": layer.activation,
        "units": layer.a.shape[1],
        "net_input": moments(layer.z),
        "output": moments(layer.a),
        "flat_share": layer.flat,
        "always_flat_units": layer.always_flat,
    }


def moments(values: FloatArray) -> dict[str, float]:
    """Return mean, standard deviation and ends of numbers of any shape."""
    with np.errstate(over="ignore", invalid="ignore"):
        return {
            "mean": float(values.mean(dtype="f8")),
            "standard_deviation": float(values.std(dtype="f8")),
            "lowest": float(values.min()),
            "highest": float(values.max()),
        }


def draw_gradients(model: Model, tables: Iterable[Table], title: str) -> Picture:
    """Draw how large the gradients of one batch of the rows are in each layer."""
    rows = gathered(model, tables, BATCH_ROWS)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        loss, layers = gradient_norms(model, rows.examples)
    numbers = {
        "rows": len(rows.examples),
        "loss": loss,
        "layers": [{**vars(layer), "ratio": layer.ratio} for layer in layers],
    }
    return Picture(gradients_figure(layers, title), rows.notices, numbers)


def gradient_norms(model: Model, examples: Examples) -> tuple[float, list[LayerNorms]]:
    """Return the loss, and the norms of each layer's gradients, all rows being one batch.

    As in training, with the batch's own statistics where a layer normalizes by them; nothing is
    dropped and no penalty is added.
    """
    network, n_rows = model.network, len(examples)
    state = network.state.copy()
    workspace = Workspace(network, n_rows)
    activation = network.layers[-1].activation
    objective = Objective(activation, model.loss, n_rows, network.n_outputs, network.dtype)
    layers, scores = forward(workspace, examples.inputs)
    loss = objective(scores, examples.encoded, examples.weights)
    backward(workspace, objective, layers)
    network.state[...] = state  # running statistics have seen the batch
    norms = []
    for index, layer in enumerate(layers):
        gradients = network.layout.views(workspace.gradients, index)
        d_z = layer.stages[0].d_outputs
        assert d_z is not None
        norms.append(
            LayerNorms(
                name=layer.name,
                weights=norm(network.views(index)["weights"]),
                d_weights=norm(gradients["weights"]),
                d_z=norm(d_z),
            )
        )
    return loss, norms
