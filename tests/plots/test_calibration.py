from __future__ import annotations

import numpy as np
from matplotlib.collections import LineCollection

from nnctl.plots.calibration import calibration_figure
from nnctl.plots.encoding import figure_bytes
from tests.plots.samples import HOSTILE, calibration, legend_names


def test_points_are_shares_over_probabilities_with_their_intervals() -> None:
    bins = calibration()
    reliability, counts = calibration_figure(bins, HOSTILE, "t").axes
    perfect, points = reliability.lines
    np.testing.assert_array_equal(perfect.get_xydata(), [[0, 0], [1, 1]])
    np.testing.assert_array_equal(points.get_xydata(), np.stack([bins.mean, bins.share], axis=1))
    (intervals,) = (c for c in reliability.collections if isinstance(c, LineCollection))
    ends = [(segment[0, 1], segment[1, 1]) for segment in map(np.asarray, intervals.get_segments())]
    assert ends == [*zip(bins.low, bins.high, strict=True)]
    assert [bar.get_height() for bar in counts.patches] == [4, 0, 16]  # type: ignore[attr-defined]
    assert [text.get_text() for text in counts.texts] == ["4", "0", "16"]


def test_the_legend_has_the_error_and_the_axis_the_class() -> None:
    figure = calibration_figure(calibration(), HOSTILE, "t")
    assert legend_names(figure) == ["network, calibration error 0.120", "95 % interval", "perfect"]
    assert HOSTILE in figure.axes[1].get_xlabel()


def test_many_bins_have_no_counts_written_on_them() -> None:
    figure = calibration_figure(calibration(n_bins=40), "a", "t")
    assert len(figure.axes[1].patches) == 40
    assert not figure.axes[1].texts
    assert figure_bytes(figure, ".png").startswith(b"\x89PNG")
