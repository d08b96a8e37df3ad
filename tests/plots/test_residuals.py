from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import PathCollection

from nnctl.plots.encoding import figure_bytes
from nnctl.plots.residuals import MOST_TARGETS, Estimates, residuals_figure
from tests.plots.samples import HOSTILE, estimates, legend_names


def offsets(axes: object) -> list[list[float]]:
    collections = axes.collections  # type: ignore[attr-defined]
    (points,) = (each for each in collections if isinstance(each, PathCollection))
    return [[float(number) for number in point] for point in np.asarray(points.get_offsets())]


def test_three_panels_show_a_target() -> None:
    against, over, spread = residuals_figure([estimates()], "t").axes
    assert offsets(against) == [[1.0, 1.5], [2.0, 2.0], [4.0, 3.0]]
    assert offsets(over) == [[1.5, -0.5], [2.0, 0.0], [3.0, 1.0]]
    assert against.get_xlim() == against.get_ylim()
    assert against.get_xlabel() == f"true {HOSTILE}"
    assert against.get_title() == "R² 0.732, root mean squared error 0.6455"
    assert sum(bar.get_width() for bar in spread.patches) == 3  # type: ignore[attr-defined]


def test_the_mean_of_rows_estimated_alike_is_a_line_of_its_own() -> None:
    figure = residuals_figure([estimates()], "t")
    trend = figure.axes[1].lines[-1]
    np.testing.assert_array_equal(trend.get_xydata(), [[1.75, -0.25], [3.0, 1.0]])
    assert legend_names(figure)[-1] == "mean of rows estimated alike"


def test_without_a_trend_the_legend_names_none() -> None:
    bare = Estimates(**{**vars(estimates()), "trend": np.empty((0, 2))})
    assert legend_names(residuals_figure([bare], "t")) == ["a row", "exact"]


@pytest.mark.parametrize("n_targets", [1, MOST_TARGETS])
def test_each_target_has_a_row_of_panels(n_targets: int) -> None:
    figure = residuals_figure([estimates()] * n_targets, "t")
    assert len(figure.axes) == 3 * n_targets
    assert figure_bytes(figure, ".png").startswith(b"\x89PNG")


def test_what_is_not_finite_is_left_out() -> None:
    one = Estimates(
        "y", np.array([1.0, 2.0]), np.array([np.inf, np.nan]), np.empty((0, 2)), np.nan, np.inf
    )
    figure = residuals_figure([one], "t")
    assert figure.axes[0].get_title() == "R² undefined, root mean squared error inf"
    assert figure_bytes(figure, ".png").startswith(b"\x89PNG")
