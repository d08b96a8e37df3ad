from __future__ import annotations

import numpy as np

from nnctl.plots.descent import Descent, descent_figure, numbered
from nnctl.plots.encoding import figure_bytes
from tests.plots.samples import HOSTILE, descent, legend_names


def test_steps_lie_on_the_curve_in_their_order() -> None:
    drawn = descent()
    (axes,) = descent_figure(drawn, "rate 0.8", "t").axes
    curve, way = axes.lines
    np.testing.assert_array_equal(
        curve.get_xydata(), np.stack([drawn.values, drawn.at_start], axis=1)
    )
    np.testing.assert_array_equal(way.get_xydata(), np.stack([drawn.taken, drawn.heights], axis=1))
    assert [text.get_text() for text in axes.texts] == ["0", "1", "2"]
    assert axes.get_xlabel() == HOSTILE


def test_where_others_learn_too_there_is_a_curve_for_the_end() -> None:
    sunk = Descent(**{**vars(descent()), "at_end": descent().at_start - 0.5})
    figure = descent_figure(sunk, "rate 0.8", "t")
    np.testing.assert_array_equal(figure.axes[0].lines[1].get_ydata(), sunk.at_end)
    assert legend_names(figure) == [
        "loss, the others as at the start",
        "loss, the others as at the end",
        "2 steps, rate 0.8",
    ]
    assert legend_names(descent_figure(descent(), "rate 1", "t"))[0] == "loss over this weight"


def test_steps_too_near_for_numbers_of_their_own_have_none() -> None:
    taken = np.array([3.0, -1.0, 1.5, 1.0, 1.01, 0.99])
    assert numbered(taken, (taken - 1) ** 2) == [0, 1, 2, 3]
    assert numbered(np.arange(40.0), np.arange(40.0)) == [*range(0, 13, 2)]


def test_what_lies_beyond_all_bounds_is_a_gap() -> None:
    heights = np.array([4.0, 1e200, np.inf])
    wild = Descent(**{**vars(descent()), "heights": heights})
    figure = descent_figure(wild, "rate 9", "t")
    assert [text.get_text() for text in figure.axes[0].texts] == ["0"]
    assert figure_bytes(figure, ".png").startswith(b"\x89PNG")


def test_a_weight_that_stays_is_drawn_too() -> None:
    values = np.linspace(0.999, 1.001, 5)
    still = Descent("w", values, np.ones(5), None, np.ones(3), np.ones(3))
    figure = descent_figure(still, "rate 0.1", "t")
    assert figure_bytes(figure, ".svg") == figure_bytes(figure, ".svg")
