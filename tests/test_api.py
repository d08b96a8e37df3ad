"""The Python API does what the commands do, on arrays."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nnctl
from nnctl.errors import ConfigError, DataError, RunError, UsageError
from nnctl.training.loop import EpochResult

ROOT = Path(__file__).parents[1]
IRIS, DEMAND = ROOT / "configs" / "iris.yaml", ROOT / "configs" / "demand.yaml"
SHORT = ["training.epochs=5"]


@pytest.fixture(scope="module")
def iris(tmp_path_factory: pytest.TempPathFactory) -> nnctl.Run:
    return nnctl.train(IRIS, SHORT, runs_dir=tmp_path_factory.mktemp("runs"))


def iris_rows() -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    with (ROOT / "datasets" / "iris.csv").open() as file:
        return np.array([[float(cell) for cell in row[:4]] for row in list(csv.reader(file))[1:]])


def test_train_leaves_a_finished_run(iris: nnctl.Run) -> None:
    assert iris.path.name == "iris"
    assert iris.summary["epochs"] == 5
    assert iris.history["epoch"] == [1, 2, 3, 4, 5]
    assert iris.config.training.epochs == 5
    assert iris.classes == ("setosa", "versicolor", "virginica")


def test_predictions_are_those_of_the_command(iris: nnctl.Run) -> None:
    source = str(ROOT / "datasets" / "iris.csv")
    done = subprocess.run(
        [sys.executable, "-m", "nnctl", "predict", str(iris.path), source, "--proba"],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = list(csv.reader(done.stdout.splitlines()))
    assert rows[0][0] == "prediction"
    assert iris.predict(iris_rows()).tolist() == [row[0] for row in rows[1:]]
    probabilities = np.array([[float(cell) for cell in row[1:]] for row in rows[1:]])
    np.testing.assert_allclose(iris.predict_proba(iris_rows()), probabilities, rtol=1e-5)


def test_cross_validation_gives_means_and_folds_that_are_runs(tmp_path: Path) -> None:
    result = nnctl.cross_validate(IRIS, SHORT, folds=3, runs_dir=tmp_path)
    folds = [nnctl.load_run(f"{result['run']}/fold-{number}") for number in (1, 2, 3)]
    accuracies = [fold.summary["best"]["test_accuracy"] for fold in folds]
    assert result["status"] == "finished"
    assert result["metrics"]["test_accuracy"]["mean"] == pytest.approx(np.mean(accuracies))
    with pytest.raises(UsageError, match="2 folds or more"):
        nnctl.cross_validate(IRIS, folds=1, runs_dir=tmp_path)


def test_every_epoch_is_told(tmp_path: Path) -> None:
    seen: list[EpochResult] = []
    nnctl.train(IRIS, SHORT, runs_dir=tmp_path, name="told", on_epoch=seen.append)
    assert [result.epoch for result in seen] == [1, 2, 3, 4, 5]
    assert (tmp_path / "told" / "summary.json").exists()


def test_a_config_may_be_loaded_first(tmp_path: Path) -> None:
    config = nnctl.load_config(IRIS, SHORT)
    run = nnctl.train(config, runs_dir=tmp_path)
    assert nnctl.load_run("iris", tmp_path).path == run.path
    assert nnctl.load_run(runs_dir=tmp_path).path == run.path


def test_a_config_may_be_a_mapping(tmp_path: Path) -> None:
    mapping = {
        "name": "mapped",
        "data": {"generator": "moons"},
        "loss": "binary_cross_entropy",
        "training": {"epochs": 2},
    }
    assert nnctl.train(mapping, runs_dir=tmp_path).path == tmp_path / "mapped"


def test_the_names_of_the_api_are_listed() -> None:
    assert dir(nnctl) == [
        "Run", "__version__", "cross_validate", "load_config", "load_run", "train",
    ]  # fmt: skip


def test_several_targets_come_back_in_their_own_units(tmp_path: Path) -> None:
    run = nnctl.train(DEMAND, runs_dir=tmp_path)
    data = np.genfromtxt(ROOT / "datasets" / "demand.csv", delimiter=",", names=True)
    columns = {name: data[name] for name in data.dtype.names or ()}
    features = np.column_stack([columns[n] for n in run.model.preprocessing.feature_names])
    targets = np.column_stack([columns[name] for name in run.model.preprocessing.targets])
    predicted = run.predict(features)
    np.testing.assert_array_equal(run.predict(columns), predicted)
    assert predicted.shape == targets.shape
    ratio = predicted.mean(axis=0) / targets.mean(axis=0)
    np.testing.assert_allclose(ratio, 1.0, atol=0.1)
    with pytest.raises(UsageError, match="for classes"):
        run.predict_proba(features)


def test_a_run_is_shown_by_its_path(tmp_path: Path) -> None:
    run = nnctl.train(IRIS, SHORT, runs_dir=tmp_path)
    assert repr(run) == f"Run('{tmp_path}/iris')"


@pytest.mark.parametrize("source", [None, ROOT / "datasets" / "iris.csv"])
def test_measures_are_those_of_the_command(iris: nnctl.Run, source: Path | None) -> None:
    files = [] if source is None else [str(source)]
    done = subprocess.run(
        [sys.executable, "-m", "nnctl", "evaluate", str(iris.path), *files, "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    report = iris.evaluate(source)
    assert report == json.loads(done.stdout)
    assert report["rows"] == (sum(map(sum, report["confusion"])))
    assert report["data"] == ("test" if source is None else str(source))


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ([[1.0, 2.0]], r"shape \(n_samples, 4\).*received shape \(1, 2\)"),
        ([1.0, 2.0, 3.0, 4.0], r"received shape \(4,\)"),
        (
            [[1.0, 2.0, np.nan, 4.0]],
            r"the inputs: row 0: input `petal_length` has a missing value \(received `nan`\)",
        ),
        (
            [[5.1, 3.5, 1.4, 0.2], [5.1, 1e39, 1.4, 0.2]],
            r"the inputs: row 1: `sepal_width` is too large for float32 once scaled "
            r"\(received 1e\+39\); rescale the column",
        ),
    ],
)
def test_inputs_that_do_not_fit_are_refused(
    iris: nnctl.Run, inputs: list[Any], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        iris.predict(inputs)


def test_errors_are_those_of_the_command(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"training.epochs"):
        nnctl.train(IRIS, ["training.epochs=0"], runs_dir=tmp_path)
    with pytest.raises(RunError, match="no runs"):
        nnctl.load_run(runs_dir=tmp_path)


def test_importing_the_package_imports_no_numpy() -> None:
    program = "import sys, nnctl; print('numpy' in sys.modules, callable(nnctl.train))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False True\n"


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'fit'"):
        nnctl.fit  # noqa: B018
