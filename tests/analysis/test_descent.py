from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.analysis import descent
from nnctl.analysis.descent import Landscape, draw_descent
from nnctl.analysis.pictures import Picture
from nnctl.errors import UsageError
from nnctl.training.explained_rows import Subject, subject_of_config
from tests.training.experiments import (
    FLOAT64,
    classification,
    config_of,
    regression,
    values,
    write_csv,
)


def subject(directory: Path, settings: Any) -> Subject:
    return subject_of_config(config_of(directory, settings), "a.yaml")


def one_weight(directory: Path, rate: float, **sections: Any) -> Subject:
    """x = 1, y = 1, w = 3 without a bias: the loss is (w - 1)²."""
    path = write_csv(directory, "x y\n1 1")
    return subject(
        directory,
        regression(
            path,
            model={"output": {"bias": False, "initializer": values([[3]])}},
            optimizer={"name": "sgd", "learning_rate": rate},
            training={"epochs": 40, "batch_size": "full"},
            **sections,
        ),
    )


def weights(picture: Picture) -> list[float]:
    return [step["weight"] for step in picture.numbers["steps"]]


def test_the_oscillation_at_a_rate_of_four_fifths(tmp_path: Path) -> None:
    picture = draw_descent(one_weight(tmp_path, 0.8), "t", None, 4)
    np.testing.assert_allclose(weights(picture), [3, -0.2, 1.72, 0.568, 1.2592], rtol=1e-12)
    losses = [step["loss"] for step in picture.numbers["steps"]]
    np.testing.assert_allclose(losses, (np.array(weights(picture)) - 1) ** 2, rtol=1e-12)
    assert picture.numbers["weight"] == "output: weight from x to y"
    assert picture.notices == ()
    curve, way = picture.figure.axes[0].lines
    x, y = np.asarray(curve.get_xydata()).T
    np.testing.assert_allclose(y, (x - 1) ** 2, rtol=1e-12, atol=1e-15)
    assert x[0] < -0.2 < 3 < x[-1]
    assert np.asarray(way.get_xdata()).tolist() == weights(picture)


def test_the_penalty_is_part_of_what_is_descended(tmp_path: Path) -> None:
    start = one_weight(tmp_path, 0.1, regularization={"l1": 0.5, "l2": 0.2})
    landscape = Landscape(start)
    assert landscape.height(np.array([2.0])) == pytest.approx(1 + 0.5 * 2 + 0.1 * 4)
    assert start.assembly.trainer.network.parameters.tolist() == [3.0]


def test_a_step_that_runs_away_is_said_and_what_was_before_is_drawn(tmp_path: Path) -> None:
    picture = draw_descent(one_weight(tmp_path, 1e200), "t", None, 4)
    assert weights(picture)[0] == 3.0
    assert len(weights(picture)) == 2
    assert picture.notices[-1].startswith("the loss became inf in step 2")


def line(directory: Path, **sections: Any) -> Subject:
    path = write_csv(directory, "u v y\n0 1 1\n1 0 3\n2 2 5\n3 1 7")
    model = {"output": {"initializer": values([[0], [0]], [0])}}
    optimizer = {"name": "sgd", "learning_rate": 0.05}
    training = {"epochs": 5, "batch_size": 2}
    settings = regression(path, model=model, optimizer=optimizer, training=training, **sections)
    return subject(directory, settings)


def test_steps_are_those_of_training_and_their_loss_that_of_all_rows(tmp_path: Path) -> None:
    start = line(tmp_path)
    picture = draw_descent(start, "t", "1,1,1", 4)
    other = line(tmp_path).assembly.trainer
    seen = [0.0, *(float(other.network.parameters[0]) for _ in other.epochs(2))]
    np.testing.assert_allclose(weights(picture)[::2], seen, rtol=1e-12)
    parameters = start.assembly.trainer.network.parameters
    rows = np.array([[0, 1, 1], [1, 0, 3], [2, 2, 5], [3, 1, 7]])
    outputs = rows[:, :2] @ parameters[:2] + parameters[2]
    assert picture.numbers["steps"][-1]["loss"] == pytest.approx(
        np.mean((outputs - rows[:, 2]) ** 2)
    )


def test_with_others_there_is_a_curve_for_the_start_and_one_for_the_end(tmp_path: Path) -> None:
    picture = draw_descent(line(tmp_path), "t", "1,bias,1", 3)
    assert picture.numbers["weight"] == "output: bias of y"
    start, end, way = (np.asarray(each.get_xydata()) for each in picture.figure.axes[0].lines)
    # At both ends of its way the weight lies on the curve that is drawn for there.
    assert np.interp(way[0, 0], *start.T) == pytest.approx(way[0, 1], rel=1e-3)
    assert np.interp(way[-1, 0], *end.T) == pytest.approx(way[-1, 1], rel=1e-3)


def test_without_a_wish_it_is_the_weight_that_goes_the_longest_way(tmp_path: Path) -> None:
    picture = draw_descent(line(tmp_path), "t", None, 4)
    assert picture.numbers["weight"] == "output: weight from u to y"
    assert picture.notices == (
        "drawn is the weight 1,1,1, which goes the longest way; --weight chooses another",
    )


@pytest.mark.parametrize("wanted", ["2,1,1", "1,3,1", "1,0,1", "bias", "1,1", ""])
def test_a_weight_that_is_not_there_is_refused(tmp_path: Path, wanted: str) -> None:
    with pytest.raises(UsageError) as caught:
        draw_descent(line(tmp_path), "t", wanted, 1)
    assert str(caught.value) == (
        "--weight is LAYER,INPUT,UNIT counted from 1, or LAYER,bias,UNIT, such as 1,1,1 "
        f"(received {wanted}); layer 1 is 2 x 1"
    )


def test_weights_between_layers_are_named_by_their_units(tmp_path: Path) -> None:
    hidden = [{"units": 3, "dropout": 0.5, "normalization": "batch"}]
    settings = classification(model={"hidden": hidden}, compute=FLOAT64)
    start = subject(tmp_path, settings)
    state = start.assembly.trainer.network.state.copy()
    Landscape(start).height(start.assembly.trainer.network.parameters)
    np.testing.assert_array_equal(start.assembly.trainer.network.state, state)
    picture = draw_descent(start, "t", "2,3,1", 2)
    assert picture.numbers["weight"] == "output: weight from unit 3 to label=1"


def test_a_large_network_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(descent, "MOST_WEIGHTS", 1)
    with pytest.raises(UsageError) as caught:
        draw_descent(line(tmp_path), "t", None, 1)
    assert str(caught.value) == (
        "a descent is drawn of small networks, of at most 1 weights; this has 2"
    )
