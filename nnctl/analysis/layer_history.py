"""What goes on in each layer from epoch to epoch: activations, gradients and updates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from nnctl.analysis.case import recorded
from nnctl.analysis.labelled import gathered
from nnctl.analysis.layers import FLAT, MOST_LAYERS, gradient_norms
from nnctl.analysis.passing import LayerValues, layer_values
from nnctl.analysis.pictures import Picture
from nnctl.data.arrays import FloatArray, IntArray
from nnctl.data.table import Table
from nnctl.errors import Problem, UsageError
from nnctl.plots.arrays import finite_range
from nnctl.plots.layer_history import (
    LayerLearning,
    LayerShares,
    activation_history_figure,
    gradient_history_figure,
)
from nnctl.runs.checkpoint import read_checkpoint
from nnctl.runs.directory import RunDirectory
from nnctl.training.evaluation import Examples
from nnctl.training.explaining import layer_names
from nnctl.training.inference import Model

MOST_ROWS = 1000
BINS = 40


def draw_activation_history(
    models: Sequence[Model], tables: Iterable[Table], title: str
) -> Picture:
    """Draw how the activations of each layer are spread over the rows, epoch by epoch.

    `models` are one network after several epochs.
    """
    rows = gathered(models[-1], tables, MOST_ROWS)
    epochs = np.array([model.epoch for model in models])
    layers = shares_over_epochs(models, rows.examples.inputs)
    notices = rows.notices
    if len(layers) > MOST_LAYERS:
        notices = (*notices, f"drawn are the first {MOST_LAYERS} of {len(layers)} layers")
    numbers = {
        "rows": len(rows.examples),
        "epochs": epochs.tolist(),
        "layers": [shares_for_json(layer) for layer in layers],
    }
    figure = activation_history_figure(epochs, layers[:MOST_LAYERS], title)
    return Picture(figure, notices, numbers)


def shares_over_epochs(models: Sequence[Model], inputs: FloatArray) -> list[LayerShares]:
    """Return each layer's shares in bins that are the same for all epochs.

    The rows pass twice, first to see how far the activations reach: of all epochs together they
    would not stay in memory.
    """
    ranges = [
        [finite_range(layer.a) for layer in layer_values(model.network, inputs)] for model in models
    ]
    reach = np.array(ranges)  # (n_epochs, n_layers, 2)
    ends = np.stack([reach[..., 0].min(axis=0), reach[..., 1].max(axis=0)], axis=1)
    edges = [np.linspace(low, high, BINS + 1) for low, high in ends]
    counted = [
        [
            (shares_of(layer, own), flat_share(layer))
            for layer, own in zip(layer_values(model.network, inputs), edges, strict=True)
        ]
        for model in models
    ]
    layers = models[-1].network.layers
    return [
        LayerShares(
            name=name,
            activation=layer.activation.name,
            n_units=layer.units,
            edges=own,
            shares=np.array([shares for shares, _ in over_epochs]),
            flat=None if over_epochs[0][1] is None else np.array([flat for _, flat in over_epochs]),
        )
        for name, layer, own, over_epochs in zip(
            layer_names(len(layers)), layers, edges, zip(*counted, strict=True), strict=True
        )
    ]


def shares_of(layer: LayerValues, edges: FloatArray) -> FloatArray:
    """Return which share of a layer's activations each bin has (n_bins,)."""
    finite = layer.a[np.isfinite(layer.a)]
    counts, _ = np.histogram(finite, edges)
    return counts / max(layer.a.size, 1)


def flat_share(layer: LayerValues) -> float | None:
    """Return the share of values whose slope is below FLAT; None where there is no slope."""
    if layer.activation.name in ("softmax", "step"):
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        return float((np.abs(layer.activation.slope_at(layer.z)) < FLAT).mean())


def shares_for_json(layer: LayerShares) -> dict[str, Any]:
    """Return a layer's numbers, ready for JSON."""
    return {
        "name": layer.name,
        "activation": layer.activation,
        "units": layer.n_units,
        "bin_edges": layer.edges.tolist(),
        "shares": layer.shares.tolist(),
        "flat_share": None if layer.flat is None else layer.flat.tolist(),
    }


def draw_gradient_history(
    run: RunDirectory, models: Sequence[Model], tables: Iterable[Table], title: str
) -> Picture:
    """Draw the size of each layer's gradients and updates over the epochs.

    Gradients are those of the rows, for `models`, one network after several epochs; where only one
    is kept, what training saw of them. Updates are known from training alone. Raises UsageError
    where neither is.
    """
    observations = recorded(run, read_checkpoint(run.last), len(models[-1].network.layers))[-1]
    notices: tuple[str, ...] = ()
    seen, n_rows = observations.epochs, None
    epochs, norms = seen, observations.of("gradient_norm")
    if len(models) > 1:
        rows = gathered(models[-1], tables, MOST_ROWS)
        notices, n_rows = rows.notices, len(rows.examples)
        epochs, norms = norms_over_epochs(models, rows.examples)
    if not len(epochs):
        raise nothing_kept(run)
    ratios = observations.of("update_ratio")
    layers = [
        LayerLearning(name, norms[:, index], ratios[:, index])
        for index, name in enumerate(layer_names(norms.shape[1]))
    ]
    numbers = {
        "rows": n_rows,
        "epochs": epochs.tolist(),
        "observed_epochs": seen.tolist(),
        "layers": [learning_for_json(layer) for layer in layers],
    }
    figure = gradient_history_figure(epochs, seen, layers, title)
    return Picture(figure, notices, numbers)


def norms_over_epochs(models: Sequence[Model], examples: Examples) -> tuple[IntArray, FloatArray]:
    """Return the epochs (n_epochs,) and the norm of dL/dW in each layer (n_epochs, n_layers)."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        norms = [
            [layer.d_weights for layer in gradient_norms(model, examples)[1]] for model in models
        ]
    return np.array([model.epoch for model in models]), np.array(norms)


def nothing_kept(run: RunDirectory) -> UsageError:
    """Return what is told of a run that keeps neither networks nor observations."""
    message = "holds nothing that was observed in training; no epoch has ended, or an older "
    remedy = "nnctl trained it: train it again"
    return UsageError(Problem(f"{message}{remedy}", file=str(run.last)))


def learning_for_json(layer: LayerLearning) -> dict[str, Any]:
    """Return a layer's numbers, ready for JSON."""
    return {
        "name": layer.name,
        "gradient_norm": layer.gradient_norm.tolist(),
        "update_ratio": layer.update_ratio.tolist(),
    }
