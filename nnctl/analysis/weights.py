"""The weights of a network: as images where the inputs are pixels, else layer by layer."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from nnctl.analysis.pictures import Picture
from nnctl.data.arrays import FloatArray
from nnctl.data.preprocessing import Preprocessing
from nnctl.errors import UsageError
from nnctl.plots.weights import LayerWeights, weight_images_figure, weights_figure
from nnctl.training.explaining import layer_names
from nnctl.training.inference import Model

Shape = tuple[int, int]

MOST_IMAGES = 64
MOST_LAYERS = 12
FEWEST_PIXELS = 16  # of which a square is guessed
TWO_NUMBERS = re.compile(r"(.*?)(\d+)\D+(\d+)")  # such as pixel_0_7
ONE_NUMBER = re.compile(r"(.*?)(\d+)")


def draw_weights(model: Model, title: str, wanted: str | None = None) -> Picture:
    """Draw the first layer's weights as images of `wanted` pixels, or all weights as matrices.

    Without a wish the names of the features tell whether they are pixels; `none` says that they
    are not.
    """
    layers = layer_weights(model)
    names = model.preprocessing.input_names
    if wanted is None:
        shape, notices = guessed_shape(names)
    else:
        shape, notices = parsed_shape(wanted, len(names)), ()
    numbers = {"shape": shape, "layers": [described(layer) for layer in layers]}
    if shape is None:
        if len(layers) > MOST_LAYERS:
            notices = (*notices, f"drawn are the first {MOST_LAYERS} of {len(layers)} layers")
        return Picture(weights_figure(layers[:MOST_LAYERS], title), notices, numbers)
    images = layers[0].weights.T.reshape(-1, *shape)
    if len(images) > MOST_IMAGES:
        notices = (*notices, f"drawn are the first {MOST_IMAGES} of {len(images)} units")
    title = f"{title}: weights of {layers[0].name}"
    return Picture(weight_images_figure(images[:MOST_IMAGES], title), notices, numbers)


def layer_weights(model: Model) -> list[LayerWeights]:
    """Return each layer's weights and biases with the names of what stands on both sides."""
    network = model.network
    inputs: Sequence[str] = model.preprocessing.input_names
    layers = []
    for index, name in enumerate(layer_names(len(network.layers))):
        views = network.views(index)
        units: Sequence[str] = [str(unit + 1) for unit in range(network.layers[index].units)]
        if index == len(network.layers) - 1:
            units = output_names(model.preprocessing, network.n_outputs)
        layers.append(LayerWeights(name, views["weights"], views.get("biases"), inputs, units))
        inputs = [f"unit {unit}" for unit in units]
    return layers


def output_names(preprocessing: Preprocessing, n_outputs: int) -> Sequence[str]:
    """Return what the output units stand for; one unit of two classes is the second."""
    if preprocessing.task == "regression":
        return preprocessing.targets
    if n_outputs > 1:
        return preprocessing.classes
    return [f"{preprocessing.targets[0]}={preprocessing.classes[1]}"]


def guessed_shape(names: Sequence[str]) -> tuple[Shape | None, tuple[str, ...]]:
    """Return the rows and columns of pixels that the names are those of, and what is to be said."""
    shape = numbered_rows(names) or numbered_square(names)
    if shape is not None:
        said = f"{shape[0]}x{shape[1]} pixels, by the names of the inputs"
        return shape, (f"drawn as {said}; --shape says otherwise, --shape none draws matrices",)
    if len(names) >= FEWEST_PIXELS and counted(names) is not None:
        hint = f"if the {len(names)} inputs are pixels, --shape HEIGHTxWIDTH draws them as images"
        return None, (hint,)
    return None, ()


def numbered_rows(names: Sequence[str]) -> Shape | None:
    """Return the shape where each name has a row and a column, and they come row by row."""
    matches = [TWO_NUMBERS.fullmatch(name) for name in names]
    places = [(match[1], int(match[2]), int(match[3])) for match in matches if match]
    if len(places) < len(names) or not places:
        return None
    stem, top, left = places[0]
    height, width = places[-1][1] - top + 1, places[-1][2] - left + 1
    expected = [
        (stem, top + row, left + column) for row in range(height) for column in range(width)
    ]
    return (height, width) if height > 1 and width > 1 and places == expected else None


def numbered_square(names: Sequence[str]) -> Shape | None:
    """Return the side where the names count to a square number."""
    side = math.isqrt(len(names))
    square = side * side == len(names) >= FEWEST_PIXELS
    return (side, side) if square and counted(names) is not None else None


def counted(names: Sequence[str]) -> str | None:
    """Return the stem of names that count from 0 or 1, such as p00, p01; else None."""
    matches = [ONE_NUMBER.fullmatch(name) for name in names]
    numbers = [(match[1], int(match[2])) for match in matches if match]
    if len(numbers) < len(names) or not numbers or numbers[0][1] > 1:
        return None
    stem, first = numbers[0]
    expected = [(stem, first + place) for place in range(len(names))]
    return stem if numbers == expected else None


def parsed_shape(wanted: str, n_inputs: int) -> Shape | None:
    """Return HEIGHTxWIDTH as numbers, None for `none`; UsageError for what fits no input."""
    if wanted == "none":
        return None
    match = re.fullmatch(r"([1-9]\d{0,5})[x×]([1-9]\d{0,5})", wanted)
    if match is None:
        raise UsageError(f"--shape is HEIGHTxWIDTH, such as 8x8, or none (received {wanted})")
    height, width = int(match[1]), int(match[2])
    if height * width != n_inputs:
        raise UsageError(
            f"--shape {wanted} has {height * width:,} pixels, and the network {n_inputs:,} inputs"
        )
    return height, width


def described(layer: LayerWeights) -> dict[str, Any]:
    """Return a layer's measures, ready for JSON."""
    weights = layer.weights
    return {
        "name": layer.name,
        "inputs": weights.shape[0],
        "units": weights.shape[1],
        "lowest": float(weights.min()),
        "highest": float(weights.max()),
        "mean": float(weights.mean(dtype="f8")),
        "standard_deviation": float(weights.std(dtype="f8")),
        "norm": norm(weights),
        "bias_norm": None if layer.biases is None else norm(layer.biases),
    }


def norm(values: FloatArray) -> float:
    """Return the root of the sum of squares."""
    return float((values.astype("f8") ** 2).sum() ** 0.5)
