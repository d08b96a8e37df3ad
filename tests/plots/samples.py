"""One small figure of every kind, all with names that strangers wrote."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.text import Text

from nnctl.plots.activation import activation_figure
from nnctl.plots.arrays import FloatArray, IntArray
from nnctl.plots.band import band_figure
from nnctl.plots.boundary import Landscape, boundary_figure
from nnctl.plots.calibration import Calibration, calibration_figure
from nnctl.plots.confusion import confusion_figure
from nnctl.plots.descent import Descent, descent_figure
from nnctl.plots.diagram import DrawnLayer, network_figure
from nnctl.plots.fit import Fit, fit_figure
from nnctl.plots.groups import Panel, groups_figure
from nnctl.plots.history import history_figure
from nnctl.plots.importance import Importance, importance_figure
from nnctl.plots.layer_history import (
    LayerLearning,
    LayerShares,
    activation_history_figure,
    gradient_history_figure,
)
from nnctl.plots.layers import (
    LayerHistogram,
    LayerNorms,
    activations_figure,
    gradients_figure,
)
from nnctl.plots.ranking import RankingCurve, ranking_figure
from nnctl.plots.residuals import Estimates, residuals_figure
from nnctl.plots.schedule import schedule_figure
from nnctl.plots.units import UnitLayer, units_figure
from nnctl.plots.weights import LayerWeights, weight_images_figure, weights_figure

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


def class_landscape(
    scores: FloatArray,  # (n_frames, n_y, n_x, n_scores)
    class_names: tuple[str, ...],
    predicted: IntArray | None = None,
    points: FloatArray = POINTS,
    point_predicted: IntArray | None = None,
) -> Landscape:
    return Landscape(
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


def class_figure(
    scores: FloatArray,  # (n_y, n_x, n_scores)
    class_names: tuple[str, ...],
    predicted: IntArray | None = None,
    points: FloatArray = POINTS,
    point_predicted: IntArray | None = None,
) -> Figure:
    frames = [None if each is None else each[None] for each in (predicted, point_predicted)]
    landscape = class_landscape(scores[None], class_names, frames[0], points, frames[1])
    return boundary_figure(landscape)


def sigmoid_figure(threshold: float = 0.5) -> Figure:
    probability = 1 / (1 + np.exp(-4 * PLANE_X))
    predicted = (probability >= threshold).astype(np.intp)
    return class_figure(probability[..., None], (HOSTILE, "right"), predicted)


def blobs_scores(n_classes: int) -> FloatArray:
    centres = np.linspace(-1, 1, n_classes)
    return softmax(-9 * (PLANE_X[..., None] - centres) ** 2)


def surface_landscape(values: FloatArray) -> Landscape:
    """A regression's, for values (n_frames, n_y, n_x)."""
    return Landscape(
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


def surface_figure(values: FloatArray = PLANE_X * PLANE_Y) -> Figure:
    return boundary_figure(surface_landscape(values[None]))


def curve_of_targets(n_targets: int = 1, n_frames: int = 1) -> Fit:
    """Straight lines, steeper from frame to frame."""
    line = np.stack([CURVE_X + shift for shift in range(n_targets)], axis=1)
    return Fit(
        curve_x=CURVE_X,
        curve_y=np.stack([line * (frame + 1) for frame in range(n_frames)]),
        points_x=POINTS[:, 0],
        points_y=np.stack([POINTS[:, 1] + shift for shift in range(n_targets)], axis=1),
        feature_name=HOSTILE,
        target_names=tuple(f"_target_{index}" for index in range(n_targets)),
        title="fit",
    )


def regression_fit(n_targets: int = 1) -> Figure:
    return fit_figure(curve_of_targets(n_targets))


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


def ranking_curves(n_classes: int) -> list[RankingCurve]:
    """One class's curves, again and again; alone it has a decision, as of two classes."""
    return [
        RankingCurve(
            name=HOSTILE,
            roc=np.array([[0, 0], [0, 0.5], [0.5, 0.5], [0.5, 1], [1, 1]]),
            precision_recall=np.array([[0.5, 1], [0.5, 0.5], [1, 2 / 3], [1, 0.5]]),
            roc_auc=0.75,
            average_precision=5 / 6,
            share=0.5,
            decision=(0.5, 1.0, 2 / 3) if n_classes == 1 else None,
        )
    ] * n_classes


def calibration(n_bins: int = 3) -> Calibration:
    rows = np.array([4, *[0] * (n_bins - 2), 16])
    return Calibration(
        edges=np.arange(n_bins + 1) / n_bins,
        rows=rows,
        filled=rows > 0,
        mean=np.array([0.2, 0.9]),
        share=np.array([0.25, 0.75]),
        low=np.array([0.05, 0.5]),
        high=np.array([0.7, 0.9]),
        error=0.12,
        largest_gap=0.15,
    )


def estimates() -> Estimates:
    true, predicted = np.array([1.0, 2.0, 4.0]), np.array([1.5, 2.0, 3.0])
    trend = np.array([[1.75, -0.25], [3.0, 1.0]])
    return Estimates(HOSTILE, true, predicted, trend, 0.732, 0.6455)


def importances() -> list[Importance]:
    return [
        Importance("harmful", np.array([-0.02, 0.0])),
        Importance(HOSTILE, np.array([0.2, 0.4])),
        Importance("none", np.zeros(2)),
    ]


def layer_of(n_inputs: int, n_units: int) -> LayerWeights:
    weights = np.arange(n_inputs * n_units, dtype=np.float64).reshape(n_inputs, n_units) - 1
    inputs = [HOSTILE, *(f"in {place}" for place in range(1, n_inputs))]
    units = [f"out {place}" for place in range(n_units)]
    return LayerWeights("hidden 1", weights, np.full(n_units, 0.5), inputs, units)


def diagram() -> Figure:
    layer = DrawnLayer("output", "tanh", np.array([[1.0], [-2.0]]), np.array([0.5]))
    return network_figure([layer], ("x1", "x2"), ("y",), HOSTILE)


def unit_layer(n_units: int) -> UnitLayer:
    """Units whose boundary is x = 0, and the last of several that has none."""
    x = np.tile(np.linspace(-1.0, 1.0, 5), (n_units, 4, 1))
    if n_units > 1:
        x[-1] = np.abs(x[-1]) + 1
    return UnitLayer("hidden 1 (tanh)", np.tanh(x), x, 0.0)


def unit_pictures() -> Figure:
    output = unit_layer(1)
    sigmoid = UnitLayer("output (sigmoid)", 1 / (1 + np.exp(-output.z)), output.z, 0.5)
    return units_figure(
        [unit_layer(2), sigmoid],
        grid_x=np.linspace(-1, 1, 5),
        grid_y=np.linspace(0, 2, 4),
        points=np.array([[0.5, 1.0], [-0.5, 0.5], [0.2, 1.5]]),
        point_labels=np.array([0, 1, 0]),
        feature_names=("x", HOSTILE),
        title=HOSTILE,
    )


def layer_histogram() -> LayerHistogram:
    z = np.array([[-1.0, 2.0], [-3.0, 4.0]])
    return LayerHistogram("hidden 1", "relu", z, np.maximum(z, 0.0), 0.5, 1)


def layer_norms() -> list[LayerNorms]:
    return [LayerNorms("hidden 1", 2.0, 0.001, 0.02), LayerNorms("output", 1.0, 0.1, 3.0)]


def layer_shares() -> LayerShares:
    """Two epochs of two bins: all below, then half above."""
    shares, flat = np.array([[1.0, 0.0], [0.5, 0.5]]), np.array([0.25, 0.5])
    return LayerShares("hidden 1", "relu", 3, np.array([-1.0, 0.5, 2.0]), shares, flat)


def layer_learning() -> list[LayerLearning]:
    norms, ratios = np.array([0.5, 0.0, 0.02]), np.array([0.01, np.nan, 0.0001])
    return [LayerLearning(name, norms, ratios) for name in ("hidden 1", "output")]


def descent() -> Descent:
    """The loss (w - 1)² and two steps on it from w = 3, at a rate of 0.8."""
    values, taken = np.linspace(-1.0, 4.0, 11), np.array([3.0, -0.2, 1.72])
    return Descent(HOSTILE, values, (values - 1) ** 2, None, taken, (taken - 1) ** 2)


def texts(figure: Figure) -> list[str]:
    artists: list[Any] = figure.findobj(Text)
    return [artist.get_text() for artist in artists]


def legend_names(figure: Figure) -> list[str]:
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def pairs() -> Panel:
    return Panel(HOSTILE, [{1: 0.5, 2: 0.7}, {1: 0.6, 2: 0.9}], True)


FIGURES: dict[str, Callable[[], Figure]] = {
    "history": lambda: history_figure(history(), 2, HOSTILE),
    "band": lambda: band_figure([history(), history(2)], HOSTILE),
    "groups": lambda: groups_figure(["a", HOSTILE], [pairs()], HOSTILE),
    "two classes": sigmoid_figure,
    "three classes": lambda: class_figure(blobs_scores(3), ("a", HOSTILE, "c")),
    "surface": surface_figure,
    "fit": regression_fit,
    "confusion": lambda: confusion_figure(np.eye(2, dtype=int), ("a", HOSTILE), "test rows"),
    "ranking": lambda: ranking_figure(ranking_curves(1), HOSTILE),
    "calibration": lambda: calibration_figure(calibration(), HOSTILE, "test rows"),
    "residuals": lambda: residuals_figure([estimates()], HOSTILE),
    "importance": lambda: importance_figure(importances(), "accuracy", 0.9, HOSTILE),
    "weights": lambda: weights_figure([layer_of(2, 3)], HOSTILE),
    "weight images": lambda: weight_images_figure(np.arange(12.0).reshape(2, 3, 2), HOSTILE),
    "network": diagram,
    "units": unit_pictures,
    "activations": lambda: activations_figure([layer_histogram()], HOSTILE),
    "gradients": lambda: gradients_figure(layer_norms(), HOSTILE),
    "activation history": lambda: activation_history_figure(
        np.array([0, 4]), [layer_shares()], HOSTILE
    ),
    "gradient history": lambda: gradient_history_figure(
        np.array([0, 2, 4]), np.array([1, 2, 4]), layer_learning(), HOSTILE
    ),
    "schedule": lambda: schedule_figure(np.arange(1, 4), np.full(3, 0.1), None, 1, HOSTILE),
    "descent": lambda: descent_figure(descent(), "rate 0.8", "descent"),
    "activation": lambda: activation_figure("tanh", CURVE_X, np.tanh(CURVE_X), None, HOSTILE),
}
