"""What each picture of a page shows, in words, for who does not see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nnctl.training.inference import Model

MOST_NAMED = 3


@dataclass(frozen=True, eq=False)
class Seen:
    """What a picture was drawn of, and the numbers that it shows."""

    model: Model
    numbers: Mapping[str, Any]


def boundary(seen: Seen) -> str:
    """Say what the plane of two features shows."""
    preprocessing = seen.model.preprocessing
    x, y = preprocessing.feature_names
    what = "classes" if preprocessing.task == "classification" else "values"
    return f"The plane of {x} and {y} in the colours of the predicted {what}, with the data."


def fit(seen: Seen) -> str:
    """Say what the curve over one feature is."""
    (name,) = seen.model.preprocessing.feature_names
    return f"The network's curve over {name}, and the data."


def roc(seen: Seen) -> str:
    """Say how large the areas under the curves are."""
    areas = [(each["name"], each["roc_auc"]) for each in seen.numbers["classes"]]
    return f"ROC and precision-recall curves. Areas under the ROC curve: {listed(areas)}."


def calibration(seen: Seen) -> str:
    """Say how far probabilities are from what came true."""
    error = seen.numbers["expected_calibration_error"]
    return f"What came true of each probability. Expected calibration error: {error:.4g}."


def residuals(seen: Seen) -> str:
    """Say how much of each target is explained."""
    told = [(target["name"], target["r2"]) for target in seen.numbers["targets"]]
    return f"Estimates against true values, and what is left over. r2: {listed(told)}."


def importance(seen: Seen) -> str:
    """Name the features that are worth most."""
    told = [(each["name"], each["importance"]) for each in seen.numbers["features"]]
    told.sort(key=lambda pair: -pair[1])
    metric = seen.numbers["metric"]
    return f"How much worse {metric} becomes without each feature. Most: {listed(told)}."


def units(seen: Seen) -> str:
    """Say how many units are drawn."""
    n_units = sum(seen.numbers["units"].values())
    return f"The activation of each of {n_units:,} units over the plane of the two features."


def network(seen: Seen) -> str:
    """Say how many nodes each layer has."""
    network = seen.model.network
    sizes = [network.n_inputs, *(layer.units for layer in network.layers)]
    return f"The network as nodes and edges, from inputs to outputs: {', '.join(map(str, sizes))}."


def weights(seen: Seen) -> str:
    """Say what the images are of."""
    height, width = seen.numbers["shape"]
    return (
        f"The weights of each unit of the first layer, as an image of {height} by {width} pixels."
    )


def activations(seen: Seen) -> str:
    """Say where the activations of each layer lie."""
    told = [(each["name"], each["output"]["mean"]) for each in seen.numbers["layers"]]
    return f"How net inputs and activations are spread. Mean activation: {listed(told)}."


def gradients(seen: Seen) -> str:
    """Say how long the gradients of each layer are."""
    told = [(each["name"], each["d_weights"]) for each in seen.numbers["layers"]]
    return f"How long the gradients of each layer's weights are: {listed(told)}."


def activation_history(seen: Seen) -> str:
    """Say over which epochs activations are drawn."""
    return f"How the activations of each layer are spread, {epochs(seen)}."


def gradient_history(seen: Seen) -> str:
    """Say over which epochs gradients are drawn."""
    return f"The norm of each layer's gradient, {epochs(seen)}, and its updates beside its weights."


def epochs(seen: Seen) -> str:
    """Say from which epoch to which a picture goes."""
    first, last = seen.numbers["epochs"][0], seen.numbers["epochs"][-1]
    return f"epochs {first:,} to {last:,}"


def schedule(seen: Seen) -> str:
    """Say from which rate to which the schedule goes."""
    name, rates = seen.numbers["schedule"], seen.numbers["trained"]["learning_rate"]
    return f"The learning rate over the epochs, from {rates[0]:g} to {rates[-1]:g}: {name}."


def listed(values: list[tuple[str, float]]) -> str:
    """Return names with their numbers, of which only the first are named.

    >>> listed([("a", 1.0), ("b", 2.0), ("c", 3.0), ("d", 4.0), ("e", 5.0)])
    'a 1, b 2, c 3 and 2 more'
    """
    told = ", ".join(f"{name} {value:.4g}" for name, value in values[:MOST_NAMED])
    more = len(values) - MOST_NAMED
    return f"{told} and {more} more" if more > 0 else told
