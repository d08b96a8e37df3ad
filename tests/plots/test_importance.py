from __future__ import annotations

import numpy as np

from nnctl.plots.encoding import figure_bytes
from nnctl.plots.importance import MOST_FEATURES, Importance, importance_figure
from tests.plots.samples import HOSTILE, importances


def test_bars_are_means_with_the_greatest_above() -> None:
    (axes,) = importance_figure(importances(), "accuracy", 0.9, "t").axes
    widths = [bar.get_width() for bar in axes.patches]  # type: ignore[attr-defined]
    np.testing.assert_allclose(widths, [0.3, 0.0, -0.01], atol=1e-15)
    assert [label.get_text() for label in axes.get_yticklabels()] == [HOSTILE, "none", "harmful"]
    bottom, top = axes.get_ylim()
    assert bottom > top
    marks = [np.asarray(line.get_xdata()).tolist() for line in axes.lines[:3]]
    assert marks == [[0.2, 0.4], [0.0, 0.0], [-0.02, 0.0]]
    assert axes.get_xlabel() == "how much worse accuracy becomes (it is 0.9)"


def test_of_many_features_the_most_important_are_drawn_and_the_rest_counted() -> None:
    many = [Importance(f"f{n}", np.array([n / 100])) for n in range(MOST_FEATURES + 5)]
    figure = importance_figure(many, "r2", 0.5, "t")
    (axes,) = figure.axes
    assert len(axes.patches) == MOST_FEATURES
    assert axes.get_title() == f"the {MOST_FEATURES} features above 5 others"
    assert axes.get_yticklabels()[0].get_text() == f"f{MOST_FEATURES + 4}"
    assert figure_bytes(figure, ".png").startswith(b"\x89PNG")


def test_the_spread_is_the_sample_standard_deviation() -> None:
    assert Importance("a", np.array([1.0, 3.0])).spread == np.sqrt(2.0)
    assert np.isnan(Importance("a", np.array([1.0])).spread)
