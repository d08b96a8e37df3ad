"""A small network as nodes and edges."""

from __future__ import annotations

from typing import Any

from nnctl.analysis.pictures import Picture
from nnctl.analysis.weights import output_names
from nnctl.errors import UsageError
from nnctl.plots.diagram import DrawnLayer, network_figure
from nnctl.training.explaining import layer_names
from nnctl.training.inference import Model

MOST_NODES = 40  # of a layer
MOST_EDGES = 1500


def draw_network(model: Model, title: str) -> Picture:
    """Draw inputs, units and weights; UsageError for a network that nobody could look through."""
    network, preprocessing = model.network, model.preprocessing
    refuse_large(model)
    layers = []
    for index, name in enumerate(layer_names(len(network.layers))):
        views, spec = network.views(index), network.layers[index]
        activation = spec.activation.name
        layers.append(DrawnLayer(name, activation, views["weights"], views.get("biases")))
    names = output_names(preprocessing, network.n_outputs)
    figure = network_figure(layers, preprocessing.input_names, names, title)
    normalized = any(spec.normalization is not None for spec in network.layers)
    notices = ("the normalization between the layers is not drawn",) if normalized else ()
    numbers = {
        "inputs": list(preprocessing.input_names),
        "outputs": list(names),
        "layers": [described(layer) for layer in layers],
    }
    return Picture(figure, notices, numbers)


def refuse_large(model: Model) -> None:
    """Raise UsageError for a network of too many nodes or edges."""
    sizes = [model.network.n_inputs, *(spec.units for spec in model.network.layers)]
    n_weights = model.network.n_weights
    if max(sizes) > MOST_NODES or n_weights > MOST_EDGES:
        written = "-".join(f"{size:,}" for size in sizes)
        raise UsageError(
            f"a network is drawn with at most {MOST_NODES} nodes a layer and {MOST_EDGES:,} "
            f"weights; this is {written} with {n_weights:,} (`nnctl plot-weights` draws it)"
        )


def described(layer: DrawnLayer) -> dict[str, Any]:
    """Return a layer's parameters, ready for JSON."""
    return {
        "name": layer.name,
        "activation": layer.activation,
        "weights": layer.weights.tolist(),
        "biases": None if layer.biases is None else layer.biases.tolist(),
    }
