from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nnctl.plots.encoding import figure_bytes
from nnctl.plots.learning_rate import learning_rate_figure
from tests.plots.samples import HOSTILE, legend_names

RATES = np.geomspace(1e-6, 1.0, 50)
LOSSES = np.concatenate([np.linspace(1.0, 0.2, 40), np.linspace(0.3, 900.0, 10)])
CURVE: dict[str, Any] = {
    "rates": RATES,
    "losses": LOSSES,
    "smoothed": LOSSES + 0.01,
    "minimum": 39,
    "steepest": 20,
    "suggestion": 0.0075,
    "title": "iris",
}


def test_what_is_read_off_the_curve_is_marked() -> None:
    figure = learning_rate_figure(**CURVE)
    (axes,) = figure.axes
    raw, smoothed, minimum, steepest, suggestion = axes.lines
    np.testing.assert_array_equal(raw.get_ydata(), LOSSES)
    np.testing.assert_array_equal(smoothed.get_ydata(), LOSSES + 0.01)
    assert (*minimum.get_data(),) == ([RATES[39]], [LOSSES[39] + 0.01])
    assert (*steepest.get_data(),) == ([RATES[20]], [LOSSES[20] + 0.01])
    assert np.asarray(suggestion.get_xdata()).tolist() == [0.0075, 0.0075]
    assert legend_names(figure) == [
        "loss of each batch",
        "smoothed",
        "minimum, at 0.06",
        "steepest, at 0.00028",
        "suggestion, 0.0075",
    ]


def test_the_falling_part_fills_the_axes_and_the_rates_are_logarithmic() -> None:
    (axes,) = learning_rate_figure(**CURVE).axes
    low, high = axes.get_ylim()
    assert 0.0 < low < 0.2 < 1.0 < high < 1.2
    assert axes.get_xscale() == "log"


def test_ticks_are_numbers_and_no_formulas() -> None:
    figure = learning_rate_figure(**CURVE)
    figure.canvas.draw()
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert "0.001" in labels
    assert not any("$" in label for label in labels)


@pytest.mark.parametrize("steps", [1, 2])
def test_a_curve_without_a_fall_is_drawn_too(steps: int) -> None:
    short = {"rates": RATES[:steps], "losses": np.ones(steps), "smoothed": np.ones(steps)}
    figure = learning_rate_figure(
        **{**CURVE, **short, "minimum": 0, "steepest": None, "suggestion": None}
    )
    assert legend_names(figure)[-1] == "minimum, at 1e-06"
    assert figure_bytes(figure, ".png").startswith(b"\x89PNG")


def test_a_title_of_strangers_is_drawn_as_it_is() -> None:
    figure = learning_rate_figure(**{**CURVE, "title": HOSTILE})
    assert figure.get_suptitle() == HOSTILE
    assert figure_bytes(figure, ".svg")
