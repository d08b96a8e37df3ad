"""The plane of two features, coloured by what a network predicts there, frame by frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, TwoSlopeNorm
from matplotlib.figure import Figure

from nnctl.plots.animation import DrawFrame
from nnctl.plots.arrays import FloatArray, IntArray, are_probabilities
from nnctl.plots.labels import shown
from nnctl.plots.style import INK, PALETTE, Style, blend, class_colour

FAINTEST, STRONGEST = 0.12, 0.55  # share of a class's colour where the network is unsure, and sure
BOUNDARY: Style = {"colors": INK, "linewidths": 1.4}


@dataclass(frozen=True)
class Plane:
    """A network's scores on a regular grid, and the class that it predicts at each point of it."""

    x: FloatArray  # (n_x,)
    y: FloatArray  # (n_y,)
    scores: FloatArray  # (..., n_y, n_x, n_scores), of one frame or of several
    predicted: IntArray  # (..., n_y, n_x)

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """The edges of an image whose outermost pixels are centred on the outermost points."""
        half_x = (self.x[-1] - self.x[0]) / (2 * max(len(self.x) - 1, 1))
        half_y = (self.y[-1] - self.y[0]) / (2 * max(len(self.y) - 1, 1))
        return (
            float(self.x[0] - half_x),
            float(self.x[-1] + half_x),
            float(self.y[0] - half_y),
            float(self.y[-1] + half_y),
        )


@dataclass(frozen=True)
class TwoClassScore:
    """One number a point that says how much the second class is preferred to the first."""

    values: FloatArray  # (..., n_y, n_x)
    level: float  # where the prediction changes
    low: float
    high: float
    label: str


def draws_two_classes(
    figure: Figure, axes: Axes, plane: Plane, class_names: Sequence[str]
) -> DrawFrame:
    """Draw the scale of two classes, which all frames have in common; return what draws a frame.

    It shades the plane from the first class's colour over white, the boundary, to the second's.
    """
    score = two_class_score(plane, class_names)
    first, second = (blend("white", PALETTE[index], STRONGEST) for index in range(2))
    colours = LinearSegmentedColormap.from_list("two classes", [first, (1, 1, 1), second])
    norm = TwoSlopeNorm(score.level, score.low, score.high)
    bar = figure.colorbar(ScalarMappable(norm, colours), ax=axes, label=score.label, pad=0.02)
    bar.ax.set_yscale("linear")
    bar.ax.axhline(score.level, color=INK, linewidth=1.4)
    place: Style = {"extent": plane.extent, "origin": "lower", "aspect": "auto"}

    def draw(frame: int) -> list[Artist]:
        values = score.values[frame]
        image = axes.imshow(values, cmap=colours, norm=norm, interpolation="bilinear", **place)
        return [image, *_line(axes, plane, values, score.level)]

    return draw


def two_class_score(plane: Plane, class_names: Sequence[str]) -> TwoClassScore:
    """Reduce one or two scores a point to one number, and find the level of the boundary in it.

    One score is taken as it is, two probabilities by the second, any other two by their difference.
    """
    scores, second = plane.scores, shown(class_names[1])
    values: FloatArray = scores[..., -1]  # (..., n_y, n_x)
    probabilities = are_probabilities(scores)
    if scores.shape[-1] > 1 and not (probabilities and np.allclose(scores.sum(-1), 1, atol=1e-4)):
        values, probabilities = scores[..., 1] - scores[..., 0], False
    if probabilities:
        level = decision_level(values, plane.predicted, natural=0.5)
        return TwoClassScore(values, level, 0.0, 1.0, f"probability of {second}")
    level = decision_level(values, plane.predicted, natural=0.0)
    reach = float(np.nanmax(np.abs(values - level), initial=1e-6 * max(1.0, abs(level))))
    return TwoClassScore(values, level, level - reach, level + reach, f"score of {second}")


def decision_level(values: FloatArray, predicted: IntArray, natural: float) -> float:
    """Return the level that parts the two predicted classes: the natural one where it does.

    A network may decide at a threshold of its own; then it lies between the highest value that is
    predicted as the first class and the lowest that is predicted as the second.
    """
    highest_first = float(np.max(values[predicted == 0], initial=-np.inf))
    lowest_second = float(np.min(values[predicted == 1], initial=np.inf))
    if highest_first <= natural <= lowest_second:
        return natural
    bounds = [bound for bound in (highest_first, lowest_second) if np.isfinite(bound)]
    return float(np.mean(bounds)) if bounds else natural


def draws_many_classes(axes: Axes, plane: Plane) -> DrawFrame:
    """Return what draws a frame of the plane.

    It colours each point by the predicted class, the stronger the surer, and draws the boundaries.
    """
    colours = np.array([class_colour(index) for index in range(int(plane.predicted.max()) + 1)])
    strength = _strength(plane)
    place: Style = {"extent": plane.extent, "origin": "lower", "aspect": "auto"}

    def draw(frame: int) -> list[Artist]:
        predicted, scores = plane.predicted[frame], plane.scores[frame]
        # The colour laid thinly on white paper.
        tints = 1 - strength[frame][..., None] * (1 - colours[predicted])
        drawn: list[Artist] = [axes.imshow(tints, interpolation="nearest", **place)]
        for index in np.unique(predicted):
            others = np.delete(scores, index, axis=-1).max(axis=-1, initial=-np.inf)
            drawn += _line(axes, plane, scores[..., index] - others, 0.0)
        return drawn

    return draw


def _strength(plane: Plane) -> FloatArray:
    """Return how strongly points are coloured, (..., n_y, n_x): by probability, else evenly."""
    n_classes = plane.scores.shape[-1]
    if n_classes < 2 or not are_probabilities(plane.scores):
        return np.full(plane.predicted.shape, (FAINTEST + STRONGEST) / 2)
    guess = 1 / n_classes
    sureness: FloatArray = np.clip((plane.scores.max(axis=-1) - guess) / (1 - guess), 0, 1)
    return FAINTEST + (STRONGEST - FAINTEST) * sureness


def _line(axes: Axes, plane: Plane, values: FloatArray, level: float) -> list[Artist]:
    """Draw where values (n_y, n_x) cross a level; matplotlib warns of a line that is empty."""
    if not np.nanmin(values, initial=level) < level < np.nanmax(values, initial=level):
        return []
    return [axes.contour(plane.x, plane.y, values, levels=[level], **BOUNDARY)]
