from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.data.table import Table
from nnctl.errors import DataError, UsageError
from nnctl.training.inference import Model, load_model
from nnctl.training.predicting import name_outputs, predict_table
from tests.data.tables import table_of
from tests.training.experiments import Settings, classification, regression, trained, write_csv

DEEP = [{"units": n, "normalization": "batch"} for n in (9, 6)]


def model_of(directory: Path, settings: Settings) -> Model:
    return load_model(trained(directory, settings).run.best)


def points(count: int, dtype: str = "float64") -> Table:
    """Rows with two features, in the wrong order and among other columns."""
    values = np.random.default_rng(5).normal(size=(count, 2))
    lines = [f"{b!r},note {i},{a!r}" for i, (a, b) in enumerate(values.tolist())]
    return table_of("\n".join(["x2,remark,x1", *lines]))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("loss", ["categorical_cross_entropy", "mean_squared_error"])
def test_predictions_of_a_row_are_the_same_numbers_in_any_company(
    tmp_path: Path, dtype: str, loss: str
) -> None:
    data: Settings = {"generator": "blobs"}
    if loss == "mean_squared_error":
        data["task"] = "regression"
    settings = classification(
        data=data, model={"hidden": DEEP}, loss=loss, compute={"dtype": dtype}
    )
    model, table = model_of(tmp_path, settings), points(300)
    probabilities = loss == "categorical_cross_entropy"
    whole = predict_table(model, table, probabilities=probabilities).columns
    assert len(whole) == (4 if probabilities else 1)
    for part in (range(1), range(299, 300), range(40, 60), range(200, 300)):
        alone = predict_table(model, table.take(np.array(part)), probabilities=probabilities)
        assert alone.columns == {name: [column[i] for i in part] for name, column in whole.items()}


def test_classes_are_predicted_by_name(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "x kind \n 1 low \n 2 low \n 8 high \n 9 high")
    settings = classification(
        data={"source": str(path), "target": "kind"},
        optimizer={"learning_rate": 0.3},
        training={"epochs": 60},
    )
    model = model_of(tmp_path, settings)
    found = predict_table(model, table_of("x\n0\n10"), probabilities=True).columns
    assert [*found] == ["prediction", "probability_high", "probability_low"]
    assert found["prediction"] == ["low", "high"]
    sums = np.add(found["probability_high"], found["probability_low"])
    np.testing.assert_allclose(sums, 1, rtol=1e-6)
    assert [float(p) > 0.5 for p in found["probability_high"]] == [False, True]


@pytest.mark.parametrize("target_scaling", ["standardize", "none"])
def test_numbers_come_back_in_the_units_of_the_target(tmp_path: Path, target_scaling: str) -> None:
    rows = "\n".join(f"{x} {1000 + 50 * x}" for x in range(20))
    path = write_csv(tmp_path, f"x y\n{rows}")
    data = {"source": str(path), "target": "y", "target_scaling": target_scaling}
    optimizer = {"name": "sgd", "learning_rate": 0.4}
    training = {"epochs": 60, "batch_size": "full"}
    settings = regression(path, data=data, optimizer=optimizer, training=training)
    found = predict_table(
        model_of(tmp_path, settings), table_of("x\n0\n30"), probabilities=False
    ).columns
    assert [*found] == ["prediction"]
    assert found["prediction"] == pytest.approx([1000, 2500], abs=0.02)


def test_several_numbers_have_a_column_each(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "x a b \n 1 2 200 \n 2 3 300 \n 3 4 400")
    settings = regression(path, ["a", "b"], training={"epochs": 1})
    model = model_of(tmp_path, settings)
    found = name_outputs(model, np.array([[1.5, 200.0]]), probabilities=False)
    assert found.columns == {"prediction_a": [1.5], "prediction_b": [200.0]}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_number_is_written_as_short_as_its_dtype_allows(tmp_path: Path, dtype: Any) -> None:
    path = write_csv(tmp_path, "x y \n 1 2 \n 2 4")
    settings = regression(path, training={"epochs": 1}, compute={"dtype": dtype})
    outputs = np.array([[0.1], [1 / 3], [1e-30], [16777217.0]], dtype)
    found = name_outputs(model_of(tmp_path, settings), outputs, probabilities=False)
    numbers = found.columns["prediction"]
    assert np.array(numbers, dtype).tolist() == outputs[:, 0].tolist()
    assert repr(numbers[0]) == "0.1"
    if dtype == "float32":
        assert repr(numbers[1]) == "0.33333334"
        assert struct.unpack("f", struct.pack("f", float(numbers[1])))[0] == outputs[1, 0]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"data": {"generator": "sine"}, "loss": "mean_squared_error"},
            "--proba is for classes; this run estimates numbers",
        ),
        (
            {"data": {"generator": "moons"}, "loss": "hinge"},
            "--proba needs probabilities; the outputs of this run are those of identity "
            "(train with a sigmoid or softmax output)",
        ),
        (
            {
                "data": {"generator": "blobs"},
                "model": {"output": {"activation": "sigmoid"}},
                "loss": "mean_squared_error",
            },
            "--proba needs probabilities; the 3 sigmoid outputs of this run are independent and "
            "do not sum to 1 (train with a softmax output)",
        ),
    ],
)
def test_probabilities_are_refused_where_there_are_none(
    tmp_path: Path, settings: Settings, message: str
) -> None:
    model = model_of(tmp_path, {**settings, "training": {"epochs": 1}})
    columns = "x1,x2,x\n1,1,1"
    with pytest.raises(UsageError) as caught:
        predict_table(model, table_of(columns), probabilities=True)
    assert str(caught.value) == message
    assert len(predict_table(model, table_of(columns), probabilities=False).columns) == 1


def test_a_missing_feature_is_refused(tmp_path: Path) -> None:
    model = model_of(tmp_path, classification())
    with pytest.raises(DataError, match="there is no column `x2`"):
        predict_table(model, table_of("x1,label\n1,0"), probabilities=False)
