from __future__ import annotations

import numpy as np
import pytest

from nnctl.plots.encoding import figure_bytes
from nnctl.plots.ranking import MAX_NAMES_BELOW, RankingCurve, ranking_figure
from tests.plots.samples import HOSTILE, legend_names, ranking_curves


def test_both_curves_are_drawn_as_they_are() -> None:
    (curve,) = ranking_curves(1)
    roc, precision_recall = ranking_figure([curve], "t").axes
    guess, line, ring = roc.lines
    np.testing.assert_array_equal(guess.get_xydata(), [[0, 0], [1, 1]])
    np.testing.assert_array_equal(line.get_xydata(), curve.roc)
    steps, share, other_ring = precision_recall.lines
    assert steps.get_drawstyle() == "steps-pre"
    np.testing.assert_array_equal(np.asarray(steps.get_xydata())[1:], curve.precision_recall)
    assert set(np.asarray(share.get_ydata()).tolist()) == {curve.share}
    assert curve.decision is not None
    fall_out, recall, precision = curve.decision
    assert np.asarray(ring.get_xydata()).tolist() == [[fall_out, recall]]
    assert np.asarray(other_ring.get_xydata()).tolist() == [[recall, precision]]


def test_the_legend_has_both_areas_and_says_which_they_are() -> None:
    figure = ranking_figure(ranking_curves(1), "t")
    assert legend_names(figure) == ["_$$ [re…>& -->  0.750  0.833", "the network's own decision"]
    assert figure.legends[0].get_title().get_text() == "class, area under ROC, average precision"


@pytest.mark.parametrize("n_classes", [2, MAX_NAMES_BELOW, MAX_NAMES_BELOW + 1, 20])
def test_each_class_has_its_own_line_and_no_share(n_classes: int) -> None:
    figure = ranking_figure(ranking_curves(n_classes), HOSTILE)
    roc, precision_recall = figure.axes
    assert len(roc.lines) == n_classes + 1
    assert len(precision_recall.lines) == n_classes
    looks = {(str(line.get_color()), line.get_linestyle()) for line in roc.lines[1:]}
    assert len(looks) == n_classes
    assert figure_bytes(figure, ".png").startswith(b"\x89PNG")


def test_a_network_that_never_says_the_class_has_no_ring() -> None:
    (curve,) = ranking_curves(1)
    silent = RankingCurve(**{**vars(curve), "decision": None})
    figure = ranking_figure([silent], "t")
    assert len(figure.axes[0].lines) == 2
    assert len(legend_names(figure)) == 1
