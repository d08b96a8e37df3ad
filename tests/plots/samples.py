"""One small figure of every kind, all with names that strangers wrote."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.text import Text

from nnctl.plots.activation import activation_figure
from nnctl.plots.arrays import FloatArray, IntArray
from nnctl.plots.boundary import boundary_figure
from nnctl.plots.confusion import confusion_figure
from nnctl.plots.fit import fit_figure
from nnctl.plots.history import history_figure

HOSTILE = "_$$ [red] \\$x^ <script>& -->"  # drawn as it is
GRID_X = np.linspace(-1.0, 1.0, 21)
GRID_Y = np.linspace(0.0, 3.0, 16)
PLANE_X, PLANE_Y = np.meshgrid(GRID_X, GRID_Y)
POINTS = np.array([[-0.5, 1.0], [0.5, 2.0], [0.1, 2.9], [-0.9, 0.2]])
CURVE_X = np.linspace(-2.0, 2.0, 31)


def softmax(logits: FloatArray) -> FloatArray:
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: FloatArray = powers / powers.sum(axis=-1, keepdims=True)
    return shares


def class_figure(
    scores: FloatArray,
    class_names: tuple[str, ...],
    predicted: IntArray | None = None,
    points: FloatArray = POINTS,
    point_predicted: IntArray | None = None,
) -> Figure:
    return boundary_figure(
        grid_x=GRID_X,
        grid_y=GRID_Y,
        scores=scores,
        predicted=scores.argmax(axis=-1) if predicted is None else predicted,
        points=points,
        point_labels=np.arange(len(points)) % len(class_names),
        class_names=class_names,
        feature_names=("width", "height"),
        title="regions",
        point_predicted=point_predicted,
    )


def sigmoid_figure(threshold: float = 0.5) -> Figure:
    probability = 1 / (1 + np.exp(-4 * PLANE_X))
    predicted = (probability >= threshold).astype(np.intp)
    return class_figure(probability[..., None], (HOSTILE, "right"), predicted)


def blobs_scores(n_classes: int) -> FloatArray:
    centres = np.linspace(-1, 1, n_classes)
    return softmax(-9 * (PLANE_X[..., None] - centres) ** 2)


def surface_figure(values: FloatArray = PLANE_X * PLANE_Y) -> Figure:
    return boundary_figure(
        grid_x=GRID_X,
        grid_y=GRID_Y,
        scores=values[..., None],
        predicted=None,
        points=POINTS,
        point_labels=POINTS[:, 0] * POINTS[:, 1],
        class_names=None,
        feature_names=(HOSTILE, "height"),
        title="surface",
        value_name="price",
    )


def regression_fit(n_targets: int = 1) -> Figure:
    return fit_figure(
        curve_x=CURVE_X,
        curve_y=np.stack([CURVE_X + shift for shift in range(n_targets)], axis=1),
        points_x=POINTS[:, 0],
        points_y=np.stack([POINTS[:, 1] + shift for shift in range(n_targets)], axis=1),
        feature_name=HOSTILE,
        target_names=tuple(f"_target_{index}" for index in range(n_targets)),
        title="fit",
    )


def history(n_epochs: int = 3) -> dict[str, list[float]]:
    epochs = [float(epoch) for epoch in range(1, n_epochs + 1)]
    return {
        "epoch": epochs,
        "learning_rate": [0.1] * n_epochs,
        "train_loss": [1 / epoch for epoch in epochs],
        "validation_loss": [1.1 / epoch for epoch in epochs],
        "train_accuracy": [1 - 0.5 / epoch for epoch in epochs],
        "validation_accuracy": [1 - 0.6 / epoch for epoch in epochs],
    }


def texts(figure: Figure) -> list[str]:
    artists: list[Any] = figure.findobj(Text)
    return [artist.get_text() for artist in artists]


def legend_names(figure: Figure) -> list[str]:
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


FIGURES: dict[str, Callable[[], Figure]] = {
    "history": lambda: history_figure(history(), 2, HOSTILE),
    "two classes": sigmoid_figure,
    "three classes": lambda: class_figure(blobs_scores(3), ("a", HOSTILE, "c")),
    "surface": surface_figure,
    "fit": regression_fit,
    "confusion": lambda: confusion_figure(np.eye(2, dtype=int), ("a", HOSTILE), "test rows"),
    "activation": lambda: activation_figure("tanh", CURVE_X, np.tanh(CURVE_X), None, HOSTILE),
}
