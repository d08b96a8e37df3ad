from __future__ import annotations

from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest

import nnctl
from nnctl.data.given_columns import table_of_inputs
from nnctl.errors import DataError
from nnctl.training import numeric_rows
from nnctl.training.inference import MOST_PREDICTION_ROWS, Model
from nnctl.training.numeric_rows import outputs_of_rows

N_FEATURES = 5
NAMES = [f"x{number + 1}" for number in range(N_FEATURES)]
MANY = 3 * MOST_PREDICTION_ROWS + 7


def trained(directory: Path, **data: Any) -> nnctl.Run:
    rng = np.random.default_rng(0)
    np.save(directory / "x.npy", rng.normal(3.0, 2.0, size=(60, N_FEATURES)))
    np.save(directory / "y.npy", np.arange(60) % 3)
    files = {"source": str(directory / "x.npy"), "labels": str(directory / "y.npy")}
    settings = {
        "data": {**files, "task": "classification", **data},
        "model": {"hidden": [{"units": 7, "activation": "tanh"}]},
        "loss": "categorical_cross_entropy",
        "training": {"epochs": 3},
    }
    return nnctl.train(settings, runs_dir=directory / "runs", name="rows")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> nnctl.Run:
    return trained(tmp_path_factory.mktemp("rows"))


def rows(count: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.random.default_rng(1).normal(3.0, 2.0, size=(count, N_FEATURES))


def outputs_by_a_table(model: Model, given: Any) -> Any:
    preprocessing = model.preprocessing
    table = table_of_inputs(given, NAMES, model.config.data, preprocessing.wishes())
    return model.outputs(preprocessing.transform_features(table, model.network.dtype))


def outputs_by_an_array(model: Model, given: Any) -> Any:
    found = numeric_rows.numeric_rows(model, given)
    assert found is not None
    return outputs_of_rows(model, found)


@pytest.mark.parametrize("count", [0, 1, 2, MOST_PREDICTION_ROWS, MOST_PREDICTION_ROWS + 1, MANY])
def test_an_array_gives_what_a_table_of_its_columns_does(run: nnctl.Run, count: int) -> None:
    given = rows(count)
    found = outputs_by_an_array(run.model, given)
    np.testing.assert_array_equal(found, outputs_by_a_table(run.model, given), strict=True)


@pytest.mark.parametrize(
    "given",
    [
        rows(4).astype(np.float32),
        rows(4).astype(np.float16),
        rows(4).astype(np.int8),
        rows(4) > 3,
        rows(4).astype(np.longdouble),
        np.asfortranarray(rows(4)),
        rows(8)[::2],
        rows(4).tolist(),
        [[1, 2.5, True, 4, 5], [0, 0, False, 1, 1]],
    ],
    ids=lambda given: str(getattr(given, "dtype", "list")),
)
def test_numbers_of_every_kind_are_taken(run: nnctl.Run, given: Any) -> None:
    found = outputs_by_an_array(run.model, given)
    np.testing.assert_array_equal(found, outputs_by_a_table(run.model, given), strict=True)


def test_several_threads_give_the_same_bytes_as_one(
    run: nnctl.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = rows(MANY)
    alone = outputs_by_an_array(run.model, given)
    monkeypatch.setattr(numeric_rows, "OPERATIONS_WORTH_A_THREAD", 0)
    monkeypatch.setattr(numeric_rows, "usable_processors", lambda: 3)
    for _ in range(5):
        np.testing.assert_array_equal(outputs_by_an_array(run.model, given), alone)


def test_threads_of_the_program_may_predict_at_the_same_time(run: nnctl.Run) -> None:
    given = [rows(50 + number) for number in range(8)]
    expected = [run.predict_proba(each) for each in given]
    found: dict[int, Any] = {}

    def predict(number: int) -> None:
        for _ in range(20):
            found[number] = run.predict_proba(given[number])

    threads = [Thread(target=predict, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, each in enumerate(expected):
        np.testing.assert_array_equal(found[number], each)


def test_where_no_more_threads_can_be_started_those_that_there_are_predict(
    run: nnctl.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = rows(MANY)
    alone = outputs_by_an_array(run.model, given)
    started: list[Thread] = []

    class Scarce(Thread):
        def start(self) -> None:
            if started:
                raise RuntimeError("can't start new thread")
            started.append(self)
            super().start()

    monkeypatch.setattr(numeric_rows, "Thread", Scarce)
    monkeypatch.setattr(numeric_rows, "OPERATIONS_WORTH_A_THREAD", 0)
    monkeypatch.setattr(numeric_rows, "usable_processors", lambda: 3)
    np.testing.assert_array_equal(outputs_by_an_array(run.model, given), alone)
    assert len(started) == 1
    assert not started[0].is_alive()


@pytest.mark.skipif(np.finfo(np.longdouble).maxexp == 1024, reason="longdouble is float64 here")
@pytest.mark.parametrize("threads", [1, 3])
def test_a_number_beyond_float64_is_told_without_a_warning(
    run: nnctl.Run, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    monkeypatch.setattr(numeric_rows, "OPERATIONS_WORTH_A_THREAD", 0)
    monkeypatch.setattr(numeric_rows, "usable_processors", lambda: threads)
    given = rows(MANY).astype(np.longdouble)
    given[MANY - 3, 2] = np.longdouble("1e4000")
    with pytest.raises(DataError, match=rf"row {MANY - 3}: .*`x3`"):
        run.predict(given)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 1e300])
@pytest.mark.parametrize("threads", [1, 3])
def test_a_number_that_cannot_be_used_is_told_with_its_row(
    run: nnctl.Run, monkeypatch: pytest.MonkeyPatch, wrong: float, threads: int
) -> None:
    monkeypatch.setattr(numeric_rows, "OPERATIONS_WORTH_A_THREAD", 0)
    monkeypatch.setattr(numeric_rows, "usable_processors", lambda: threads)
    given = rows(MANY)
    given[MANY - 3, 2] = wrong
    with pytest.raises(DataError, match=rf"row {MANY - 3}: .*`x3`"):
        run.predict(given)


def test_a_number_that_stands_for_a_gap_is_filled(tmp_path: Path) -> None:
    run = trained(tmp_path, missing="mean", missing_values=["", "-999"])
    given = rows(2)
    filled = given.copy()
    given[1, 2], filled[1, 2] = -999.0, run.model.preprocessing.fill[2]
    np.testing.assert_array_equal(run.predict_proba(given), run.predict_proba(filled))


def test_a_gap_is_filled_as_in_a_table(tmp_path: Path) -> None:
    run = trained(tmp_path, missing={"name": "mean", "indicator": False})
    given = rows(3)
    given[1, 4] = np.nan
    found = outputs_by_an_array(run.model, given)
    np.testing.assert_array_equal(found, outputs_by_a_table(run.model, given))


@pytest.mark.parametrize(
    "given",
    [{"x1": [1.0]}, [["1", "2", "3", "4", "5"]], [[1, 2], [3]], [[1.0, 2.0]], 3.0, None],
    ids=["columns", "texts", "of different lengths", "too few", "one number", "nothing"],
)
def test_what_is_no_array_of_rows_is_left_to_a_table(run: nnctl.Run, given: Any) -> None:
    assert numeric_rows.numeric_rows(run.model, given) is None
