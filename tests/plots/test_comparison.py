from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nnctl.plots.comparison import MOST_NAMES_BELOW, Curve, comparison_figure
from nnctl.plots.encoding import figure_bytes
from nnctl.plots.style import class_colour
from tests.plots.samples import HOSTILE, legend_names, texts


def curve(name: str, best: int | None = 2, validation: bool = True, scale: float = 1.0) -> Curve:
    train = scale * np.array([0.9, 0.5, 0.4])
    return Curve(name, np.arange(1.0, 4.0), train, train + 0.1 if validation else np.zeros(0), best)


def test_each_run_has_a_colour_and_the_training_rows_are_dashed() -> None:
    figure = comparison_figure([curve("a"), curve("b", validation=False)], "2 runs")
    lines = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 3]  # type: ignore[arg-type]
    assert [line.get_linestyle() for line in lines] == ["--", "-", "--"]
    colours = [line.get_color() for line in lines]
    assert colours[0] == colours[1] != colours[2]
    assert np.array_equal(lines[1].get_ydata(), [1.0, 0.6, 0.5])
    assert legend_names(figure) == [
        "a (best epoch 2)",
        "b (best epoch 2)",
        "train rows",
        "validation rows",
    ]


def test_the_best_epoch_is_marked_on_the_curve_that_it_was_chosen_by() -> None:
    figure = comparison_figure([curve("a"), curve("b", 3, validation=False)], "2 runs")
    marks = [line for line in figure.axes[0].lines if line.get_linestyle() == "None"]
    assert [(*line.get_xdata(), *line.get_ydata()) for line in marks] == [(2, 0.6), (3, 0.4)]  # type: ignore[misc]
    assert marks[0].get_marker() != marks[1].get_marker()


def test_without_a_best_epoch_or_any_loss_nothing_is_marked() -> None:
    empty = Curve("b", np.zeros(0), np.zeros(0), np.zeros(0), 4)
    figure = comparison_figure([curve("a", None), empty], "2 runs")
    assert not [line for line in figure.axes[0].lines if line.get_linestyle() == "None"]
    assert legend_names(figure)[:2] == ["a", "b (no finite loss)"]


@pytest.mark.parametrize(("scale", "expected"), [(10.0, "linear"), (1000.0, "log")])
def test_losses_over_more_than_two_decades_have_a_logarithmic_scale(
    scale: float, expected: str
) -> None:
    figure = comparison_figure([curve("a"), curve("b", scale=scale)], "2 runs")
    assert figure.axes[0].get_yscale() == expected


def test_losses_that_are_not_finite_leave_a_gap_or_say_so() -> None:
    ruined = Curve("b", np.arange(1.0, 3.0), np.array([np.inf, 1e300]), np.zeros(0), 1)
    figure = comparison_figure([ruined], "1 run")
    assert "no finite value" in texts(figure)
    figure = comparison_figure([curve("a"), ruined], "2 runs")
    assert "no finite value" not in texts(figure)
    assert figure_bytes(figure, ".png")


def test_many_names_stand_beside_the_axes() -> None:
    for count in (MOST_NAMES_BELOW, MOST_NAMES_BELOW + 1, 30):
        figure = comparison_figure([curve(f"run-{number}") for number in range(count)], "runs")
        figure_bytes(figure, ".png")
        legend, axes = figure.legends[0].get_window_extent(), figure.axes[0].get_window_extent()
        assert (legend.x0 >= axes.x1) == (count > MOST_NAMES_BELOW)
        assert (legend.y1 <= axes.y0) == (count <= MOST_NAMES_BELOW)


def test_a_hostile_name_is_drawn_as_it_is() -> None:
    figure = comparison_figure([curve(HOSTILE, None), curve("b")], HOSTILE)
    assert HOSTILE in legend_names(figure)
    assert figure_bytes(figure, ".svg") == figure_bytes(figure, ".svg")


def test_each_kind_of_loss_has_a_panel_and_a_run_its_colour_among_all() -> None:
    curves = [replace(curve("a"), loss="huber"), curve("b"), replace(curve("c"), loss="huber")]
    figure = comparison_figure(curves, "3 runs")
    assert [axes.get_ylabel() for axes in figure.axes] == ["huber", "loss"]
    colours = [[line.get_color() for line in axes.lines] for axes in figure.axes]
    assert colours[0] == [class_colour(0)] * 3 + [class_colour(2)] * 3
    assert colours[1] == [class_colour(1)] * 3
    one = comparison_figure([replace(each, loss="huber") for each in curves], "3 runs")
    assert [axes.get_ylabel() for axes in one.axes] == ["loss"]


@pytest.mark.parametrize(("factor", "expected"), [(20, "linear"), (21, "log")])
def test_beside_a_long_training_the_epochs_of_a_short_one_stay_apart(
    factor: int, expected: str
) -> None:
    epochs = np.arange(1.0, 3 * factor + 1)
    long = Curve("long", epochs, 1.0 / (9.0 + epochs), np.zeros(0), 3 * factor)
    figure = comparison_figure([curve("short"), long], "2 runs")
    assert figure.axes[0].get_xscale() == expected
    assert figure_bytes(figure, ".png")
