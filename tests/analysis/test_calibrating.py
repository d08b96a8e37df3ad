from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnctl.analysis.calibrating import calibrate, draw_calibration, wilson_interval
from nnctl.data.loading import load_main_table
from nnctl.errors import UsageError
from nnctl.training.own_rows import run_config
from tests.analysis.test_pictures import generated, run_of


def test_bins_of_five_rows_by_hand() -> None:
    probabilities = np.array([0.0, 0.2, 0.6, 0.9, 1.0])
    happened = np.array([False, True, True, True, False])
    calibration = calibrate(probabilities, happened, np.ones(5), 2)
    assert calibration.edges.tolist() == [0.0, 0.5, 1.0]
    assert calibration.rows.tolist() == [2, 3]
    np.testing.assert_allclose(calibration.mean, [0.1, 2.5 / 3])
    np.testing.assert_allclose(calibration.share, [0.5, 2 / 3])
    assert calibration.error == pytest.approx(2 / 5 * 0.4 + 3 / 5 * (2.5 - 2) / 3)
    assert calibration.largest_gap == pytest.approx(0.4)


def test_an_empty_bin_is_left_out_and_counts_for_nothing() -> None:
    calibration = calibrate(np.array([0.05, 0.95]), np.array([False, True]), np.ones(2), 10)
    assert calibration.rows.tolist() == [1, *[0] * 8, 1]
    assert np.flatnonzero(calibration.filled).tolist() == [0, 9]
    assert calibration.error == pytest.approx(0.05)


def test_weights_are_repeated_rows() -> None:
    weighed = calibrate(
        np.array([0.2, 0.3, 0.8]), np.array([True, False, True]), np.array([2.0, 1.0, 3.0]), 2
    )
    repeated = calibrate(
        np.array([0.2, 0.2, 0.3, 0.8, 0.8, 0.8]),
        np.array([True, True, False, True, True, True]),
        np.ones(6),
        2,
    )
    np.testing.assert_allclose(weighed.mean, repeated.mean)
    np.testing.assert_allclose(weighed.share, repeated.share)
    assert weighed.error == pytest.approx(repeated.error)


def test_the_interval_is_wilsons() -> None:
    # 8 of 10: 0.4902 to 0.9433 (Wilson 1927, as in every table of it).
    low, high = wilson_interval(np.array([0.8, 0.0, 1.0]), np.array([10, 10, 10]))
    np.testing.assert_allclose(low, [0.4902, 0.0, 0.7225], atol=5e-5)
    np.testing.assert_allclose(high, [0.9433, 0.2775, 1.0], atol=5e-5)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1), st.integers(2, 12))
def test_no_row_is_lost_and_the_error_is_a_share(
    rows: list[tuple[float, bool]], n_bins: int
) -> None:
    probabilities, happened = (np.array(column) for column in zip(*rows, strict=True))
    calibration = calibrate(probabilities, happened, np.ones(len(rows)), n_bins)
    assert calibration.rows.sum() == len(rows)
    assert -1e-12 <= calibration.error <= calibration.largest_gap + 1e-12 <= 1 + 1e-9
    assert (calibration.low <= calibration.share).all()
    assert (calibration.share <= calibration.high).all()
    total = np.dot(calibration.rows[calibration.filled], calibration.mean)
    assert total == pytest.approx(probabilities.sum(), abs=1e-9)


@pytest.mark.parametrize(
    ("generator", "loss", "of_what"),
    [
        ("moons", "binary_cross_entropy", "1"),
        ("blobs", "categorical_cross_entropy", "the predicted class"),
    ],
)
def test_the_figure_says_what_the_probability_is_of(
    tmp_path: Path, generator: str, loss: str, of_what: str
) -> None:
    run, model = run_of(tmp_path, generated(generator, samples=60), loss)
    table, _ = load_main_table(run_config(run))
    picture = draw_calibration(model, [table], "t", 5)
    reliability, counts = picture.figure.axes
    assert counts.get_xlabel() == f"probability of {of_what}"
    bins = picture.numbers["bins"]
    points = np.asarray(reliability.lines[1].get_xydata())
    assert points.tolist() == [[each["mean_probability"], each["came_true"]] for each in bins]
    assert sum(each["rows"] for each in bins) == 60
    if of_what == "1":
        probability = model.outputs(model.preprocessing.transform_features(table, np.float32))
        mean = sum(each["rows"] * each["mean_probability"] for each in bins) / 60
        assert mean == pytest.approx(probability.mean(), rel=1e-6)


def test_outputs_that_are_no_probabilities_are_refused(tmp_path: Path) -> None:
    run, model = run_of(tmp_path, generated("moons", samples=20), "hinge")
    table, _ = load_main_table(run_config(run))
    with pytest.raises(UsageError) as caught:
        draw_calibration(model, [table], "t", 10)
    assert str(caught.value) == (
        "calibration is that of probabilities; the outputs of identity are none "
        "(a sigmoid unit for two classes, or softmax, gives them)"
    )
