from __future__ import annotations

import numpy as np
import pytest

from nnctl.plots.encoding import figure_bytes
from nnctl.plots.schedule import schedule_figure
from tests.plots.samples import HOSTILE, legend_names

EPOCHS = np.arange(1, 41)


def test_planned_and_trained_rates_are_lines_of_their_own() -> None:
    planned = np.linspace(0.1, 0.02, 40)
    trained = (EPOCHS[:7].astype(np.float64), planned[:7] / 2)
    figure = schedule_figure(EPOCHS, planned, trained, 5, HOSTILE)
    (axes,) = figure.axes
    one, other, warm = axes.lines
    np.testing.assert_array_equal(one.get_xydata(), np.stack([EPOCHS, planned], axis=1))
    np.testing.assert_array_equal(other.get_xydata(), np.stack(trained, axis=1))
    assert np.asarray(warm.get_xdata()).tolist() == [6, 6]
    assert legend_names(figure) == ["as planned", "as trained", "after 5 epochs of warm-up"]
    assert (axes.get_yscale(), axes.get_ylim()[0]) == ("linear", 0.0)


@pytest.mark.parametrize(
    ("rates", "scale"),
    [
        (0.1 * 0.8**EPOCHS, "log"),
        (0.05 * (1 + np.cos(np.pi * (EPOCHS - 1) / 40)) + 1e-9, "linear"),
        (np.where(EPOCHS < 3, 0.1, 1e-5), "log"),
        (np.where(EPOCHS < 3, 0.1, 0.0), "linear"),
        (np.full(40, 0.1), "linear"),
    ],
)
def test_rates_that_are_mostly_small_have_a_logarithmic_scale(
    rates: np.ndarray, scale: str
) -> None:
    figure = schedule_figure(EPOCHS, rates, None, 0, "t")
    assert figure.axes[0].get_yscale() == scale
    assert figure_bytes(figure, ".png").startswith(b"\x89PNG")
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert not any("$" in label for label in labels)


@pytest.mark.parametrize("n_epochs", [1, 2])
def test_a_short_training_is_drawn_too(n_epochs: int) -> None:
    figure = schedule_figure(EPOCHS[:n_epochs], np.full(n_epochs, 0.1), None, 3, "t")
    assert legend_names(figure) == ["as planned"]
    assert figure.axes[0].lines[0].get_marker() == "o"
    assert figure_bytes(figure, ".png").startswith(b"\x89PNG")
