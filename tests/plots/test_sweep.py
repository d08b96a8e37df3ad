from __future__ import annotations

import numpy as np
import pytest

from nnctl.plots.encoding import figure_bytes
from nnctl.plots.sweep_importance import MOST_PARAMETERS, parameter_importance_figure
from nnctl.plots.sweep_parallel import (
    ABOVE,
    BEST,
    Coordinate,
    heights_of,
    line_of,
    parallel_figure,
    ticks_of,
)

RATES = Coordinate("optimizer.learning_rate", np.array([1e-3, 1e-2, 1e-1, 1.0]), logarithmic=True)
KINDS = Coordinate("model.hidden.0.activation", np.array([0.0, 1.0, 0.0, 1.0]), ("relu", "$\n$"))
LOSSES = Coordinate("validation_loss", np.array([0.5, 0.1, 0.3, np.nan]), falling=True)


def test_values_lie_between_the_ends_of_their_axis() -> None:
    assert heights_of(RATES) == pytest.approx([0, 1 / 3, 2 / 3, 1])
    assert heights_of(KINDS) == pytest.approx([0, 1, 0, 1])
    assert heights_of(LOSSES)[:3] == pytest.approx([0, 1, 0.5])
    assert np.isnan(heights_of(LOSSES)[3])
    same = Coordinate("x", np.array([2.0, 2.0]))
    assert heights_of(same) == pytest.approx([0.5, 0.5])


def test_ticks_are_values_that_the_axis_has() -> None:
    assert ticks_of(KINDS) == [(0.0, "relu"), (1.0, "$\n$")]
    values = [value for value, _ in ticks_of(RATES)]
    assert 2 <= len(values) <= 10
    assert min(values) >= 1e-3
    assert max(values) <= 1
    assert len(ticks_of(Coordinate("x", np.array([0.1234, 0.1235])))) >= 2


def test_each_trial_is_a_line_and_the_best_one_stands_out() -> None:
    figure = parallel_figure([RATES, KINDS, LOSSES], [1, 2, 0], "a sweep")
    (axes,) = figure.axes
    trials = [line for line in axes.get_lines() if len(line.get_xdata()) == 3]  # type: ignore[arg-type]
    assert len(trials) == 3
    (best,) = [line for line in trials if line.get_color() == BEST["color"]]
    assert np.asarray(best.get_ydata()) == pytest.approx([1 / 3, 1, 1])
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert labels == [
        "optimizer\nlearning_rate", "model.hidden.0\nactivation", f"validation_loss\n{ABOVE}",
    ]  # fmt: skip
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["the best trial", "others, the better the darker", "without a value"]
    assert figure_bytes(figure, ".png") == figure_bytes(figure, ".png")


def test_equal_trials_are_equally_dark() -> None:
    losses = Coordinate("validation_loss", np.array([0.5, 0.1, 0.3, 0.3, 0.1]), falling=True)
    figure = parallel_figure([Coordinate("x", np.arange(5.0)), losses], [1, 4, 2, 3, 0], "a sweep")
    lines = [line for line in figure.axes[0].get_lines() if list(line.get_xdata()) == [0, 1]]  # type: ignore[arg-type]
    colours = {
        round(4 * float(np.asarray(line.get_ydata())[0])): line.get_color() for line in lines
    }
    expected = {1: BEST, 4: line_of(0.0), 2: line_of(0.5), 3: line_of(0.5), 0: line_of(1.0)}
    assert colours == {trial: style["color"] for trial, style in expected.items()}


def test_a_single_trial_and_many_axes_can_be_drawn() -> None:
    one = [Coordinate(f"key.{index}", np.array([1.0])) for index in range(12)]
    figure = parallel_figure([*one, Coordinate("train_loss", np.array([0.5]))], [0], "one")
    assert figure_bytes(figure, ".svg")
    assert figure.get_figwidth() > 12


def test_parameters_are_bars_the_most_important_above() -> None:
    figure = parameter_importance_figure({"a": 0.1, "b": 0.75, "c": 0.0}, "validation_loss", "s")
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["b", "a", "c"]
    widths = [bar.get_width() for bar in axes.patches]  # type: ignore[attr-defined]
    assert widths == pytest.approx([0.75, 0.1, 0.0])
    low, high = axes.get_ylim()
    assert low > high
    many = {f"key {index}": index / 100 for index in range(100)}
    axes = parameter_importance_figure(many, "validation_loss", "s").axes[0]
    assert len(axes.patches) == MOST_PARAMETERS
