from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection

from nnctl.plots.arrays import FloatArray
from nnctl.plots.band import MEMBER, band_figure
from nnctl.plots.encoding import figure_bytes
from tests.plots.samples import HOSTILE, legend_names, texts

History = dict[str, list[float]]


def history(losses: list[float], accuracies: list[float] | None = None, **more: Any) -> History:
    """A history with these training losses, and accuracies where they are given."""
    own: History = {"epoch": [*range(1, len(losses) + 1)], "train_loss": losses}
    return own | ({} if accuracies is None else {"train_accuracy": accuracies}) | more


def members(axes: Axes) -> list[list[float]]:
    """What is drawn of each seed, as thin lines."""
    return [
        np.asarray(line.get_ydata()).tolist()
        for line in axes.lines
        if line.get_linewidth() == MEMBER["linewidth"]
    ]


def means(axes: Axes) -> list[list[float]]:
    thin = MEMBER["linewidth"]
    thick = [line for line in axes.lines if line.get_linewidth() != thin]
    return [np.asarray(line.get_ydata()).tolist() for line in thick]


def band(axes: Axes) -> tuple[FloatArray, FloatArray]:
    """The lower and the upper edge of the only band, a number for each epoch."""
    (shade,) = (each for each in axes.collections if isinstance(each, PolyCollection))
    points = np.asarray(shade.get_paths()[0].vertices)
    epochs = np.unique(points[:, 0])
    edges = [points[points[:, 0] == epoch, 1] for epoch in epochs]
    return np.array([each.min() for each in edges]), np.array([each.max() for each in edges])


def test_the_mean_is_drawn_in_a_band_of_one_sample_deviation() -> None:
    losses = [[1.0, 0.5], [2.0, 0.75], [6.0, 1.0]]
    (axes,) = band_figure([history(each) for each in losses], "3 seeds").axes
    assert members(axes) == losses
    assert means(axes) == [[3.0, 0.75]]
    low, high = band(axes)
    assert low == pytest.approx([3 - np.sqrt(7), 0.75 - 0.25])
    assert high == pytest.approx([3 + np.sqrt(7), 0.75 + 0.25])


def test_there_is_a_panel_for_the_loss_and_for_the_first_metric() -> None:
    first = {"validation_loss": [0.8], "train_f1": [0.1]}
    figure = band_figure([history([1.0], [0.5], **first), history([2.0], [0.7], **first)], "2")
    assert [axes.get_title() for axes in figure.axes] == ["loss", "accuracy"]
    assert means(figure.axes[0]) == [[1.5], [0.8]]
    assert means(figure.axes[1]) == [[0.6]]
    assert legend_names(figure) == [
        "train: mean", "validation: mean", "± 1 standard deviation", "one seed",
    ]  # fmt: skip


def test_mean_and_band_go_as_far_as_all_seeds_do_and_that_is_said() -> None:
    figure = band_figure([history([4.0, 3.0, 2.0]), history([2.0, 1.0])], "2 seeds")
    (axes,) = figure.axes
    assert members(axes) == [[4.0, 3.0, 2.0], [2.0, 1.0]]
    assert means(axes) == [[3.0, 2.0]]
    assert axes.get_xlim()[1] > 3
    assert "some ended early: mean and band go as far as all do" in texts(figure)
    alike = band_figure([history([4.0, 3.0]), history([2.0, 1.0])], "2 seeds")
    assert not [text for text in texts(alike) if "ended early" in text]


def test_on_a_logarithmic_scale_the_band_goes_no_lower_than_the_lowest_seed() -> None:
    (axes,) = band_figure([history([900.0, 1.0]), history([1.0, 1.0])], "2 seeds").axes
    assert axes.get_yscale() == "log"
    low, high = band(axes)
    assert low == pytest.approx([1.0, 1.0])
    assert high == pytest.approx([450.5 + np.sqrt(2) * 449.5, 1.0])


def test_one_seed_has_no_band() -> None:
    figure = band_figure([history([2.0, 1.0])], "1 seed")
    assert means(figure.axes[0]) == [[2.0, 1.0]]
    assert not figure.axes[0].collections
    assert legend_names(figure) == ["train: mean", "one seed"]


def test_what_is_not_finite_leaves_a_gap_or_is_said() -> None:
    gap = band_figure([history([1.0, np.inf, 3.0]), history([3.0, 2.0, 1.0])], "2 seeds")
    assert np.isnan(means(gap.axes[0])[0][1])
    assert figure_bytes(gap, ".png")
    nothing = band_figure([history([np.nan]), history([np.inf])], "2 seeds")
    assert "no finite value" in texts(nothing)
    empty = band_figure([history([]), history([])], HOSTILE)
    assert figure_bytes(empty, ".svg")
