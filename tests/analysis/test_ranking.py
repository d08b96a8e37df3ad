from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnctl.analysis import ranking
from nnctl.analysis.pictures import Picture
from nnctl.analysis.ranking import corners, decision, draw_ranking, ranking_curve, thinned
from nnctl.data.loading import load_main_table
from nnctl.errors import UsageError
from nnctl.plots.ranking import RankingCurve
from nnctl.training.inference import Model
from nnctl.training.metrics import roc_auc
from nnctl.training.outcomes import ClassificationOutcome
from nnctl.training.own_rows import run_config
from tests.analysis.test_pictures import generated, run_of
from tests.plots.samples import legend_names
from tests.training.experiments import Settings


def drawn(directory: Path, data: Settings, loss: str, **sections: Any) -> tuple[Picture, Model]:
    run, model = run_of(directory, data, loss, **sections)
    table, _ = load_main_table(run_config(run))
    return draw_ranking(model, [table], "t"), model


def curve_of(
    scores: list[float], positive: list[int], weights: list[float] | None = None
) -> RankingCurve:
    chosen = np.ones(len(scores)) if weights is None else np.array(weights)
    return ranking_curve("c", np.array(scores), np.array(positive, np.bool_), chosen)


def test_the_curves_of_four_rows_are_those_of_the_textbook() -> None:
    curve = curve_of([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])
    assert curve.roc.tolist() == [[0, 0], [0, 0.5], [0.5, 0.5], [0.5, 1], [1, 1]]
    expected = [[0.5, 1], [0.5, 0.5], [1, 2 / 3], [1, 0.5]]
    np.testing.assert_allclose(curve.precision_recall, expected, rtol=1e-15)
    assert curve.roc_auc == 0.75
    assert curve.average_precision == pytest.approx(0.5 * 1 + 0.5 * 2 / 3, rel=1e-15)
    assert curve.share == 0.5


def test_rows_of_one_score_are_let_through_together() -> None:
    curve = curve_of([0.5, 0.5, 0.5, 0.5], [1, 0, 0, 0])
    assert curve.roc.tolist() == [[0, 0], [1, 1]]
    assert (curve.roc_auc, curve.average_precision) == (0.5, 0.25)


def test_a_row_of_weight_two_is_two_rows_and_one_of_weight_zero_none() -> None:
    weighed = curve_of([0.9, 0.6, 0.3, 0.95, 0.1], [1, 0, 1, 0, 0], [2, 1, 1, 0, 1])
    repeated = curve_of([0.9, 0.9, 0.6, 0.3, 0.1], [1, 1, 0, 1, 0])
    np.testing.assert_allclose(weighed.roc, repeated.roc)
    np.testing.assert_allclose(weighed.precision_recall, repeated.precision_recall)
    assert weighed.average_precision == pytest.approx(repeated.average_precision)


@given(
    st.lists(
        st.tuples(st.integers(0, 6), st.booleans(), st.integers(0, 3)), min_size=2, max_size=25
    )
)
def test_the_area_is_the_metric_whatever_the_rows(rows: list[tuple[int, bool, int]]) -> None:
    scores, positive, weights = (np.array(column) for column in zip(*rows, strict=True))
    if not 0 < weights[positive].sum() < weights.sum():
        return
    curve = ranking_curve("c", scores / 6, positive, weights.astype(np.float64))
    outcome = ClassificationOutcome(
        positive.astype(np.int64),
        positive.astype(np.int64),
        np.stack([-scores / 6, scores / 6], axis=1),
        weights.astype(np.float64),
    )
    assert curve.roc_auc == pytest.approx(roc_auc(outcome), abs=1e-12)
    assert curve.roc[[0, -1]].tolist() == [[0, 0], [1, 1]]
    assert (np.diff(curve.roc, axis=0) >= 0).all()


def test_the_decision_is_what_the_network_says_by_hand() -> None:
    positive = np.array([True, True, False, False, False])
    decided = np.array([True, False, True, True, False])
    weights = np.array([1.0, 3.0, 1.0, 2.0, 1.0])
    assert decision(positive, decided, weights) == (3 / 4, 1 / 4, 1 / 4)
    assert decision(positive, np.zeros(5, np.bool_), weights) is None


def test_only_the_corners_of_a_line_are_kept() -> None:
    line = np.array([[0, 0], [0, 0.25], [0, 1], [0.5, 1], [1, 1]], np.float64)
    assert corners(line).tolist() == [[0, 0], [0, 1], [1, 1]]
    assert corners(line[:2]).tolist() == line[:2].tolist()


def test_a_long_curve_is_thinned_between_its_ends() -> None:
    points = np.linspace([0, 0], [1, 1], 5001)
    short = thinned(points)
    assert len(short) == ranking.MOST_VERTICES
    assert short[[0, -1]].tolist() == [[0, 0], [1, 1]]


def test_of_two_classes_the_second_is_drawn_and_the_decision_marked(tmp_path: Path) -> None:
    picture, _ = drawn(tmp_path, generated("moons", samples=60), "binary_cross_entropy")
    numbers = picture.numbers
    (one,) = numbers["classes"]
    assert (one["name"], numbers["rows"]) == ("1", 60)
    assert one["roc_auc"] == pytest.approx(numbers["roc_auc"], rel=1e-12)
    area, precision = f"{one['roc_auc']:.3f}", f"{one['average_precision']:.3f}"
    assert legend_names(picture.figure) == [f"1  {area}  {precision}", "the network's own decision"]
    _, _, ring = picture.figure.axes[0].lines
    fall_out, recall = np.asarray(ring.get_xydata())[0]
    roc = one["roc"]
    at = np.interp(fall_out, roc["false_positive_rate"], roc["true_positive_rate"])
    on_a_step = fall_out in roc["false_positive_rate"]
    assert on_a_step or recall == pytest.approx(at)


def test_of_three_classes_each_is_drawn_against_the_rest(tmp_path: Path) -> None:
    data = generated("blobs", samples=60, classes=3)
    picture, _ = drawn(tmp_path, data, "categorical_cross_entropy")
    areas = [one["roc_auc"] for one in picture.numbers["classes"]]
    assert len(areas) == 3
    assert np.mean(areas) == pytest.approx(picture.numbers["roc_auc"], rel=1e-12)
    assert len(legend_names(picture.figure)) == 3


def test_a_class_without_rows_has_no_curve(tmp_path: Path) -> None:
    data = generated("blobs", samples=60, classes=3)
    run, model = run_of(tmp_path, data, "categorical_cross_entropy")
    table, _ = load_main_table(run_config(run))
    labels = model.preprocessing.transform_targets(table, np.float64)
    picture = draw_ranking(model, [table.take(np.flatnonzero(labels != 1))], "t")
    assert [one["name"] for one in picture.numbers["classes"]] == ["0", "2"]
    assert picture.notices[-1] == "no rows of, or none beside, 1: no curve"
    with pytest.raises(UsageError, match="a curve needs rows of two classes"):
        draw_ranking(model, [table.take(np.flatnonzero(labels == 1))], "t")


def test_of_very_many_classes_the_hardest_are_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranking, "MOST_CURVES", 2)
    data = generated("blobs", samples=90, classes=4, noise=4.0)
    picture, _ = drawn(tmp_path, data, "categorical_cross_entropy")
    assert len(picture.numbers["classes"]) == 4
    assert len(legend_names(picture.figure)) == 2
    areas = sorted(one["roc_auc"] for one in picture.numbers["classes"])
    written = sorted(float(name.split()[1]) for name in legend_names(picture.figure))
    np.testing.assert_allclose(written, areas[:2], atol=5e-4)
    assert picture.notices[-1].startswith("drawn are the 2 of 4 classes with the least areas")


def test_a_regression_has_no_classes_to_rank(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        drawn(tmp_path, generated("sine", samples=20), "mean_squared_error")
    assert str(caught.value) == "ROC curves are drawn for classes; this run estimates numbers"
