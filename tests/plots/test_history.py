from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from nnctl.plots.encoding import figure_bytes
from nnctl.plots.history import MAX_METRICS, history_figure
from tests.plots.samples import history, legend_names, texts

History = dict[str, Sequence[float]]


def test_loss_comes_first_and_each_metric_has_a_panel_with_both_lines() -> None:
    values = history()
    figure = history_figure(values, 2, "run")
    assert [axes.get_title() for axes in figure.axes] == ["loss", "accuracy"]
    for axes in figure.axes:
        lines = {line.get_label(): line for line in axes.lines}
        for rows in ("train", "validation"):
            assert np.array_equal(lines[rows].get_xdata(), values["epoch"])
            assert np.array_equal(lines[rows].get_ydata(), values[f"{rows}_{axes.get_title()}"])
        assert lines["train"].get_linestyle() != lines["validation"].get_linestyle()
    assert figure.get_suptitle() == "run"


def test_best_epoch_is_marked_in_every_panel_and_named_in_the_legend() -> None:
    figure = history_figure(history(), 2, "run")
    assert len(figure.axes) == 2
    for axes in figure.axes:
        assert np.array_equal(axes.lines[-1].get_xdata(), [2, 2])
    assert legend_names(figure) == ["train", "validation", "best epoch (2)"]


def test_without_a_best_epoch_or_validation_there_is_one_line() -> None:
    figure = history_figure({"epoch": [1, 2], "train_loss": [2, 1]}, None, "run")
    assert [len(axes.lines) for axes in figure.axes] == [1]
    assert legend_names(figure) == ["train"]


@pytest.mark.parametrize("n_metrics", range(MAX_METRICS + 3))
def test_eight_metrics_have_a_panel_and_the_others_are_named(n_metrics: int) -> None:
    metrics = {f"validation_metric_{index}": [0.5, 0.6] for index in range(n_metrics)}
    figure = history_figure({**metrics, "epoch": [1, 2], "train_loss": [2, 1]}, None, "run")
    names = [f"metric_{index}" for index in range(n_metrics)]
    assert [axes.get_title() for axes in figure.axes] == ["loss", *names[:8]]
    left_out = f"not shown: {', '.join(names[8:])}"
    assert [text for text in texts(figure) if "not shown" in text] == [left_out][: n_metrics > 8]


def test_what_is_named_as_left_out_stands_between_the_panels_and_the_legend() -> None:
    metrics = {f"validation_metric_{index}": [0.5, 0.6] for index in range(MAX_METRICS + 2)}
    figure = history_figure({**metrics, "epoch": [1, 2], "train_loss": [2, 1]}, None, "run")
    figure_bytes(figure, ".png")  # lays it out
    named = figure.legends[0].get_title().get_window_extent()
    entries = [text.get_window_extent() for text in figure.legends[0].get_texts()]
    panels = [axes.get_tightbbox() for axes in figure.axes]
    assert max(entry.y1 for entry in entries) <= named.y0
    assert named.y1 <= min(panel.y0 for panel in panels if panel is not None)


@pytest.mark.parametrize(
    ("losses", "scale"),
    [
        ([100.0, 1.0], "linear"),
        ([101.0, 1.0], "log"),
        ([101.0, np.nan, np.inf, 1.0], "log"),
        ([101.0, 0.0], "linear"),
        ([101.0, -1.0], "linear"),
        ([1e99, 1e-300], "log"),
        ([1e300, 1.0], "linear"),
        ([np.nan, np.nan], "linear"),
    ],
)
def test_loss_is_logarithmic_beyond_two_decades(losses: Sequence[float], scale: str) -> None:
    epochs = list(range(len(losses)))
    values: History = {"epoch": epochs, "train_loss": losses}
    figure = history_figure(values, None, "run")
    assert figure.axes[0].get_yscale() == scale


def test_metrics_are_never_logarithmic() -> None:
    values: History = {"epoch": [1, 2], "train_loss": [2, 1], "train_mean_squared_error": [1e6, 1]}
    assert history_figure(values, None, "run").axes[1].get_yscale() == "linear"


def test_ticks_of_a_logarithmic_loss_are_plain_numbers() -> None:
    figure = history_figure({"epoch": [1, 2], "train_loss": [100.0, 0.01]}, None, "run")
    figure.draw_without_rendering()
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert {"0.01", "1", "100"} <= set(labels)


def test_one_epoch_is_a_visible_point() -> None:
    figure = history_figure(history(n_epochs=1), 1, "run")
    line = figure.axes[0].lines[0]
    low, high = figure.axes[0].get_xlim()
    assert line.get_marker() == "o"
    assert low < 1 < high
    assert figure_bytes(figure, ".png")


def test_many_epochs_are_lines_without_markers() -> None:
    assert history_figure(history(n_epochs=100), 1, "run").axes[0].lines[0].get_marker() == "none"


def test_values_that_are_not_finite_leave_a_gap() -> None:
    values: History = {"epoch": [1, 2, 3], "train_loss": [3.0, np.inf, np.nan]}
    figure = history_figure(values, None, "run")
    heights = np.asarray(figure.axes[0].lines[0].get_ydata())
    np.testing.assert_array_equal(heights, [3.0, np.nan, np.nan])
    assert "no finite value" not in texts(figure)


@pytest.mark.parametrize("losses", [[], [np.nan]])
def test_a_panel_without_any_finite_value_says_so(losses: list[float]) -> None:
    epochs = list(range(len(losses)))
    values: History = {"epoch": epochs, "train_loss": losses}
    assert "no finite value" in texts(history_figure(values, None, "run"))
