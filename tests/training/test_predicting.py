from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnctl.data.csv_reader import CsvFormat, read_csv
from nnctl.data.table import Table
from nnctl.errors import DataError, UsageError
from nnctl.training.inference import Model, load_model
from nnctl.training.predicting import Column, name_outputs, predict_stream, predict_table
from nnctl.training.prediction_formats import FORMATS
from tests.data.tables import table_of
from tests.mixed import ROWS, mixed_csv, mixed_settings
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
        assert listed(alone.columns) == {
            name: [column[i] for i in part] for name, column in listed(whole).items()
        }


@pytest.fixture(scope="module", params=["float32", "float64"])
def mixed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Model:
    directory = tmp_path_factory.mktemp("mixed")
    return model_of(directory, mixed_settings(directory, compute={"dtype": request.param}))


def predicted(model: Model, form: str, rows: Sequence[Sequence[str]], chunk: int | None) -> bytes:
    """Return what `nnctl predict --proba` would write, with that many rows in memory at once."""
    tables = read_csv(
        io.BytesIO(mixed_csv(rows).encode()),
        "rows.csv",
        CsvFormat(),
        model.preprocessing.wishes(),
        rows=chunk,
    )
    stream = io.BytesIO()
    told: list[str] = []
    predictions = predict_stream(model, tables, told.extend, probabilities=True)
    FORMATS[form](predictions, stream, with_input=False)
    return stream.getvalue()


@given(
    form=st.sampled_from(["csv", "jsonl"]),
    drawn=st.lists(st.integers(0, 59), min_size=1, max_size=40),
    chunk=st.integers(1, 41),
)
@settings(max_examples=25)
def test_a_row_has_the_same_bytes_alone_in_any_chunk_and_in_the_file(
    mixed: Model, form: str, drawn: list[int], chunk: int
) -> None:
    masses = np.random.default_rng(1).normal(4000, 300, size=60)
    rows = [(repr(mass), *ROWS[i % len(ROWS)][1:]) for i, mass in enumerate(masses.tolist())]
    lines = predicted(mixed, form, rows, None).splitlines()
    header = lines[:1] if form == "csv" else []
    body = lines[len(header) :]
    assert len({*body}) == len(body) == 60
    some = predicted(mixed, form, [rows[i] for i in drawn], chunk)
    assert some == b"\n".join([*header, *(body[i] for i in drawn), b""])


def test_notes_come_once_a_column_however_many_chunks(mixed: Model) -> None:
    rows = [("3500", *ROWS[0][1:]), ("-9000", *ROWS[0][1:]), ("50000", *ROWS[0][1:4], "9", "wild")]
    tables = [table_of(mixed_csv([row])) for row in rows]
    told: list[str] = []
    for _ in predict_stream(mixed, tables, told.extend, probabilities=False):
        pass
    assert told == [
        "`mass` is -9000 in line 2, far outside the 3250 to 4675 of the training rows",
        "`bill` is 9 in line 2, far outside the 34.1 to 40.3 of the training rows",
    ]


def listed(columns: dict[str, Column]) -> dict[str, list[Any]]:
    return {name: column.tolist() for name, column in columns.items()}


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
    assert found["prediction"].tolist() == ["low", "high"]
    high, low = (np.array(found[f"probability_{name}"].tolist()) for name in ("high", "low"))
    np.testing.assert_allclose(high + low, 1, rtol=1e-6)
    assert (high > 0.5).tolist() == [False, True]


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
    assert found["prediction"].tolist() == pytest.approx([1000, 2500], abs=0.02)


def test_several_numbers_have_a_column_each(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "x a b \n 1 2 200 \n 2 3 300 \n 3 4 400")
    settings = regression(path, ["a", "b"], training={"epochs": 1})
    model = model_of(tmp_path, settings)
    found = name_outputs(model, np.array([[1.5, 200.0]]), probabilities=False)
    assert listed(found) == {"prediction_a": [1.5], "prediction_b": [200.0]}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numbers_are_in_the_dtype_of_the_run(tmp_path: Path, dtype: Any) -> None:
    path = write_csv(tmp_path, "x y \n 1 2 \n 2 4")
    settings = regression(path, training={"epochs": 1}, compute={"dtype": dtype})
    outputs = np.array([[0.1], [1 / 3], [1e-30], [16777217.0]], dtype)
    column = name_outputs(model_of(tmp_path, settings), outputs, probabilities=False)["prediction"]
    assert isinstance(column, np.ndarray)
    assert column.dtype == dtype
    assert column.tolist() == outputs[:, 0].tolist()


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
