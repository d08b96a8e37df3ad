from __future__ import annotations

import csv
import io
import json
import os
import threading
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.data.arrays import FloatArray
from nnctl.data.table import Table, table_from_columns
from nnctl.errors import DataError, StorageError
from nnctl.training.predicting import ClassColumn, Column, Predictions
from nnctl.training.prediction_formats import FORMATS, SUFFIXES
from tests.runs.limits import file_size_limit

STRANGE = (
    "plain",
    "a,b",
    'say "hi"',
    "two\nlines",
    "[red]",
    "\x1b[31m",
    "$$",
    "=1+1",
    "né 二",
    " ",
)
HEADER = ("first, of all", "=sum", "né")


def numbers(*values: float, dtype: str = "float32") -> FloatArray:
    return np.array(values, dtype)


def classes(*labels: int, names: tuple[str, ...] = STRANGE) -> ClassColumn:
    return ClassColumn(np.array(labels), names)


def rows_like(count: int, written: Iterable[tuple[str, ...]] = ()) -> Table:
    table = table_from_columns({"x": np.arange(count) / 2}, "rows.csv")
    return replace(table, header=HEADER, written=tuple(written)) if written else table


def part(table: Table | None = None, /, **columns: Column) -> Predictions:
    lengths = [len(c.labels if isinstance(c, ClassColumn) else c) for c in columns.values()]
    return Predictions(columns, table or rows_like(lengths[0]))


def written(form: str, *parts: Predictions, with_input: bool = False) -> bytes:
    stream = io.BytesIO()
    FORMATS[form](iter(parts), stream, with_input=with_input)
    return stream.getvalue()


def records(data: bytes) -> list[list[str]]:
    return [*csv.reader(io.StringIO(data.decode(), newline=""))]


@pytest.fixture
def two_parts() -> list[Predictions]:
    return [
        part(
            rows_like(2, [("1,5", "-2", "a\nb"), ("", '"', "+3")]),
            prediction=classes(1, 0),
            probability_a=numbers(0.1, 1e-7),
        ),
        part(rows_like(1, [("x", "@", "é")]), prediction=classes(8), probability_a=numbers(1)),
    ]


def test_the_formats_that_suffixes_stand_for_are_there() -> None:
    assert {*SUFFIXES.values()} == {*FORMATS}


def test_csv_has_one_header_and_a_line_a_row(two_parts: list[Predictions]) -> None:
    assert written("csv", *two_parts).decode() == (
        'prediction,probability_a\n"a,b",0.1\nplain,1e-07\nné 二,1.0\n'
    )


def test_csv_repeats_the_input_as_written_and_never_alters_a_cell(
    two_parts: list[Predictions],
) -> None:
    data = written("csv", *two_parts, with_input=True)
    assert data.decode() == (
        '"first, of all",=sum,né,prediction,probability_a\n'
        '"1,5",-2,"a\nb","a,b",0.1\n'
        ',"""",+3,plain,1e-07\n'
        "x,@,é,né 二,1.0\n"
    )
    assert [row[:3] for row in records(data)[1:]] == [
        [*row] for predictions in two_parts for row in predictions.table.written
    ]


def test_json_lines_hold_an_object_a_row(two_parts: list[Predictions]) -> None:
    assert written("jsonl", *two_parts).decode() == (
        '{"prediction": "a,b", "probability_a": 0.1}\n'
        '{"prediction": "plain", "probability_a": 1e-07}\n'
        '{"prediction": "né 二", "probability_a": 1.0}\n'
    )
    lines = written("jsonl", *two_parts, with_input=True).decode().split("\n")
    assert lines[0] == (
        '{"first, of all": "1,5", "=sum": "-2", "né": "a\\nb", '
        '"prediction": "a,b", "probability_a": 0.1}'
    )
    assert lines[3:] == [""]


def test_strange_names_come_back_from_every_format() -> None:
    everything = range(len(STRANGE))
    predictions = part(
        prediction=classes(*everything), **{name: numbers(*everything) for name in STRANGE[1:]}
    )
    header, *rows = records(written("csv", predictions))
    assert header == ["prediction", *STRANGE[1:]]
    assert [row[0] for row in rows] == [*STRANGE]
    lines = [json.loads(line) for line in written("jsonl", predictions).decode().splitlines()]
    assert [[*line] for line in lines] == [header] * len(STRANGE)
    assert [line["prediction"] for line in lines] == [*STRANGE]
    assert np.load(io.BytesIO(written("npy", part(a=classes(*everything))))).tolist() == [*STRANGE]


def test_a_class_alone_on_its_line_is_quoted_like_any_cell() -> None:
    predictions = part(prediction=classes(0, 1, 2, names=("", "a", '"')))
    assert written("csv", predictions) == b'prediction\n""\na\n""""\n'


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_not_finite_is_null_in_json_alone(dtype: str) -> None:
    values = numbers(1.5, float("nan"), float("inf"), -float("inf"), dtype=dtype)
    lines = written("jsonl", part(prediction=values)).decode().splitlines()
    assert [json.loads(line)["prediction"] for line in lines] == [1.5, None, None, None]
    assert written("csv", part(prediction=values)) == b"prediction\n1.5\nnan\ninf\n-inf\n"
    only = written("jsonl", part(prediction=values[1:2]))
    assert only == b'{"prediction": null}\n'


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"prediction": 1}, np.arange(5)),
        ({"prediction_a": 1, "prediction_b": 10}, np.outer(np.arange(5), [1, 10])),
    ],
)
def test_npy_holds_numbers_in_the_dtype_of_the_run(
    dtype: str, columns: dict[str, int], expected: Any
) -> None:
    parts = [
        part(**{name: np.arange(a, b).astype(dtype) * by for name, by in columns.items()})
        for a, b in ((0, 2), (2, 5))
    ]
    array = np.load(io.BytesIO(written("npy", *parts)), allow_pickle=False)
    assert (array.dtype, array.shape) == (dtype, expected.shape)
    np.testing.assert_array_equal(array, expected)


def test_npy_holds_the_names_of_classes_or_else_their_probabilities() -> None:
    prediction = classes(1, 1, 0, names=("no", "maybe"))
    names = np.load(io.BytesIO(written("npy", part(prediction=prediction))), allow_pickle=False)
    assert (names.dtype, names.tolist()) == ("<U5", ["maybe", "maybe", "no"])
    shares = {"probability_no": numbers(0.25, 0.5, 1), "probability_maybe": numbers(0.75, 0.5, 0)}
    array = np.load(io.BytesIO(written("npy", part(prediction=prediction, **shares))))
    assert array.tolist() == [[0.25, 0.75], [0.5, 0.5], [1, 0]]


def test_npy_may_begin_in_the_middle_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "two.npy"
    with path.open("wb") as file:
        for start in (0, 7):
            FORMATS["npy"]([part(prediction=numbers(start))] * 3, file, with_input=False)
    with path.open("rb") as file:
        assert [np.load(file).tolist() for _ in range(2)] == [[0] * 3, [7] * 3]


def test_npy_goes_into_a_pipe_once_the_number_of_rows_is_known() -> None:
    reading, writing = os.pipe()
    received: list[bytes] = []

    def read() -> None:
        with os.fdopen(reading, "rb") as file:
            received.append(file.read())

    reader = threading.Thread(target=read)
    reader.start()
    with os.fdopen(writing, "wb") as pipe:
        FORMATS["npy"]([part(prediction=numbers(*range(1000)))] * 200, pipe, with_input=False)
    reader.join(timeout=10)
    assert np.load(io.BytesIO(received[0])).tolist() == [*range(1000)] * 200


def test_a_full_disk_below_a_pipe_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    _, writing = os.pipe()
    with (
        os.fdopen(writing, "wb") as pipe,
        file_size_limit(1000),
        pytest.raises(StorageError, match="cannot be written"),
    ):
        FORMATS["npy"]([part(prediction=numbers(*range(1000)))] * 2, pipe, with_input=False)
    assert [*tmp_path.iterdir()] == []


def test_each_portion_is_written_before_the_next_is_asked_for() -> None:
    for form in ("csv", "jsonl"):
        stream = io.BytesIO()
        sizes: list[int] = []

        def portions(stream: io.BytesIO = stream, sizes: list[int] = sizes) -> Any:
            for _ in range(3):
                sizes.append(len(stream.getvalue()))
                yield part(prediction=numbers(1, 2))

        FORMATS[form](portions(), stream, with_input=False)
        assert 0 == sizes[0] < sizes[1] < sizes[2] < len(stream.getvalue())


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_prediction_never_hides_a_column_of_its_name(form: str) -> None:
    with pytest.raises(DataError) as caught:
        written(form, part(x=numbers(1)), with_input=True)
    assert str(caught.value) == (
        "rows.csv: has a column `x` already; rename it, or leave --with-input out"
    )


def test_rows_that_were_never_written_are_written_short() -> None:
    table = table_from_columns(
        {"x": np.array([0.5, 3.0, np.nan]), "label": ["0", "b", "0"]}, "moons"
    )
    predictions = part(table, prediction=numbers(1, 2, 3))
    assert written("csv", predictions, with_input=True) == (
        b"x,label,prediction\n0.5,0,1.0\n3,b,2.0\n,0,3.0\n"
    )


@pytest.mark.parametrize("form", FORMATS)
def test_no_rows_are_no_bytes(form: str) -> None:
    assert written(form) == b""
