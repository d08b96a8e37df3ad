"""Networks of two features with weights drawn at random, and what NumPy computes with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from nnctl.analysis.live import live_document
from nnctl.analysis.passing import layer_values
from nnctl.nn.activation import Activation
from nnctl.nn.activations import ACTIVATIONS
from nnctl.nn.arrays import FloatArray
from nnctl.nn.layout import LayerSpec
from nnctl.nn.losses import LOSSES
from nnctl.nn.network import Network
from nnctl.nn.normalization import Normalization
from nnctl.training.decoding import ClassDecoder
from nnctl.training.inference import Model, load_model
from tests.training.experiments import Settings, trained

TANH = ACTIVATIONS["tanh"]()
REGRESSION: Settings = {"generator": {"name": "moons", "samples": 12}, "task": "regression"}


@cache
def trained_model(classes: int) -> Model:
    """A model of so many classes, or of a regression (0), whose network others may replace."""
    blobs = {"generator": {"name": "blobs", "samples": 12, "classes": classes}}
    data = blobs if classes else REGRESSION
    loss = "categorical_cross_entropy" if classes else "mean_squared_error"
    settings = {"data": data, "loss": loss, "training": {"epochs": 1}}
    with TemporaryDirectory() as directory:
        return load_model(trained(Path(directory), settings).run.best)


def model_of(classes: int, units: int) -> Model:
    """Return a model of so many classes, or of a regression (0) with a target a unit."""
    model = trained_model(classes)
    if classes:
        return model
    scaler = model.preprocessing.target_scaler
    several = replace(
        scaler, center=np.linspace(-3.0, 5.0, units), scale=np.linspace(0.5, 40.0, units)
    )
    names = tuple(f"target {unit}" for unit in range(units))
    preprocessing = replace(model.preprocessing, targets=names, target_scaler=several)
    return replace(model, preprocessing=preprocessing)


def with_network(
    model: Model,
    specs: Sequence[LayerSpec],
    dtype: str = "float32",
    loss: str | None = None,
    spread: float = 1.0,
) -> Model:
    """Return the model with a network whose numbers are all drawn at random."""
    network = Network(model.preprocessing.n_inputs, specs, np.dtype(dtype).type)
    rng = np.random.default_rng(network.layout.size)
    network.parameters[...] = spread * rng.standard_normal(network.parameters.size)
    network.state[...] = rng.uniform(0.2, 2.0, network.state.size)
    return replace(model, network=network, loss=LOSSES[loss]() if loss else model.loss)


def classifier(
    activation: Activation,
    normalization: Normalization | None = None,
    dtype: str = "float32",
    **layer: Any,
) -> Model:
    """Return a network of three classes whose hidden layers have this activation."""
    specs = [
        LayerSpec(7, activation, normalization=normalization, **layer),
        LayerSpec(5, activation, normalization=normalization, **layer),
        LayerSpec(3, ACTIVATIONS["softmax"]()),
    ]
    return with_network(trained_model(3), specs, dtype)


def document_of(model: Model) -> dict[str, Any]:
    """Return what a page is told of a single network."""
    document = live_document([], model, None, {})
    assert document is not None
    data: dict[str, Any] = document["data"]
    return data


def probes(model: Model, count: int = 20) -> FloatArray:
    """Return points (count, 2) in the data's units, some far outside of the training rows."""
    lowest, highest = model.preprocessing.lowest, model.preprocessing.highest
    shares = np.random.default_rng(5).uniform(-1.0, 2.0, (count, 2))
    logarithm = [feature.logarithm for feature in model.preprocessing.features]
    points: FloatArray = lowest + shares * (highest - lowest)
    return np.where(logarithm, np.maximum(points, -0.9), points)


def expected(model: Model, points: FloatArray) -> list[dict[str, Any]]:
    """Return for points (n, 2) what NumPy computes: each layer's z and a, answers, the class."""
    inputs = model.preprocessing.encode(points, model.network.dtype)
    layers = layer_values(model.network, inputs)
    outputs = model.outputs(inputs)
    decoder = model.decoder
    if isinstance(decoder, ClassDecoder):
        answers, predicted = decoder.scores(outputs), decoder.predicted(outputs).tolist()
    else:
        answers = model.preprocessing.inverse_targets(outputs)
        predicted = [None] * len(points)
    return [
        {
            "layers": [
                {"z": layer.z[row].tolist(), "a": layer.a[row].tolist()} for layer in layers
            ],
            "answers": answers[row].tolist(),
            "predicted": predicted[row],
        }
        for row in range(len(points))
    ]
