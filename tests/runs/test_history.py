from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnctl.errors import RunError, StorageError
from nnctl.runs.history import HistoryWriter, Row, history_csv, read_history
from tests.runs.limits import file_size_limit

COLUMNS = ["epoch", "train_loss", "validation_loss"]
ROWS: list[Row] = [
    {"epoch": 1, "train_loss": 0.1, "validation_loss": 1e-300},
    {"epoch": 2, "train_loss": 1 / 3},
    {"epoch": 3, "train_loss": math.nan, "validation_loss": math.inf},
]
TEXT = "epoch,train_loss,validation_loss\n1,0.1,1e-300\n2,0.3333333333333333,\n3,nan,inf\n"


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_the_whole_text_has_a_header_and_a_row_an_epoch() -> None:
    assert history_csv(COLUMNS, ROWS) == TEXT


def test_rows_written_one_by_one_give_the_same_file_as_the_whole(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    with HistoryWriter(path, COLUMNS) as history:
        for row in ROWS:
            history.write(row)
    assert path.read_text() == history_csv(COLUMNS, ROWS)


def test_each_row_stands_in_the_file_as_soon_as_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    with HistoryWriter(path, COLUMNS) as history:
        assert path.read_text() == history_csv(COLUMNS, [])
        for count, row in enumerate(ROWS, start=1):
            history.write(row)
            assert path.read_text() == history_csv(COLUMNS, ROWS[:count])


def test_a_history_goes_on_where_it_stopped(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text(history_csv(COLUMNS, ROWS[:1]))
    with HistoryWriter(path, COLUMNS) as history:
        for row in ROWS[1:]:
            history.write(row)
    assert path.read_text() == TEXT


@settings(deadline=None)
@given(
    values=st.lists(
        st.floats() | st.floats(width=32).map(np.float32) | st.integers(-9, 9) | st.none()
    )
)
def test_numbers_come_back_exactly(
    tmp_path_factory: pytest.TempPathFactory, values: list[float | None]
) -> None:
    path = tmp_path_factory.getbasetemp() / "metrics.csv"
    path.write_text(history_csv(["epoch", "a"], [{"epoch": 0, "a": value} for value in values]))
    expected = [math.nan if value is None else float(value) for value in values]
    np.testing.assert_array_equal(read_history(path)["a"], expected, strict=True)


def test_integers_of_numpy_are_written_as_integers() -> None:
    assert history_csv(["epoch"], [{"epoch": np.int64(3)}]) == "epoch\n3\n"


def test_an_unknown_column_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    with (
        HistoryWriter(path, COLUMNS) as history,
        pytest.raises(ValueError, match="the history has no columns"),
    ):
        history.write({"epoch": 1, "trian_loss": 0.5})
    assert path.read_text() == history_csv(COLUMNS, [])


@pytest.mark.parametrize(
    "content",
    ["epoch,other\n1,2\n", "epoch,train_loss,validation_loss\n1,0.", "\n"],
    ids=["other columns", "half a row", "no header"],
)
def test_nothing_is_appended_to_a_file_that_is_not_this_history(
    tmp_path: Path, content: str
) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text(content)
    with pytest.raises(RunError, match="does not hold the history of this run"):
        HistoryWriter(path, COLUMNS)
    assert path.read_text() == content


def test_a_row_that_does_not_fit_on_the_disk_leaves_the_rows_before_it(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    with HistoryWriter(path, COLUMNS) as history:
        history.write(ROWS[0])
        before = path.read_text()
        with (
            file_size_limit(len(before) + 5),
            pytest.raises(StorageError, match=r"metrics\.csv: cannot be written \(File too large"),
        ):
            history.write(ROWS[1])
        assert path.read_text() == before
        history.write(ROWS[1])
    assert path.read_text() == history_csv(COLUMNS, ROWS[:2])


def test_a_history_that_cannot_be_opened_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be written"):
        HistoryWriter(tmp_path / "missing" / "metrics.csv", COLUMNS)


def test_the_writer_closes_its_file(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    before = open_files()
    with HistoryWriter(path, COLUMNS):
        assert open_files() == before + 1
    with pytest.raises(RunError):
        HistoryWriter(path, ["other"])
    assert open_files() == before


def test_columns_come_back_in_order_and_an_empty_cell_is_nan(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text(TEXT)
    history = read_history(path)
    assert list(history) == COLUMNS
    np.testing.assert_array_equal(history["epoch"], [1, 2, 3])
    np.testing.assert_array_equal(history["train_loss"], [0.1, 1 / 3, math.nan])
    np.testing.assert_array_equal(history["validation_loss"], [1e-300, math.nan, math.inf])


@pytest.mark.parametrize("length", range(len(TEXT) - len("3,nan,inf\n"), len(TEXT)))
def test_a_last_row_cut_off_by_a_power_failure_is_left_out(tmp_path: Path, length: int) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text(TEXT[:length])
    assert read_history(path)["epoch"] == [1.0, 2.0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", ": is damaged: it has no header"),
        (b"epoch,loss", ": is damaged: it has no header"),
        (b"epoch,loss\n1,2\n3\n", r":3: is damaged: expected 2 cells \(received 1\)"),
        (b"epoch,loss\n1,2,3\n", r":2: is damaged: expected 2 cells \(received 3\)"),
        (b"epoch,loss\n1,low\n", ":2: is damaged: could not convert string to float: 'low'"),
        (b'epoch,loss\n1,"2\n', ":2: is damaged: unexpected end of data"),
        (b"epoch,loss\n1,\xff\n", ": is damaged: it is not UTF-8"),
        (b"epoch,loss\n1,\0\n", ":2: is damaged"),
    ],
)
def test_a_damaged_history_is_a_run_error_with_its_line(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "metrics.csv"
    path.write_bytes(content)
    with pytest.raises(RunError, match=r"metrics\.csv" + message):
        read_history(path)


def test_a_missing_history_is_a_run_error(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="there is no such history"):
        read_history(tmp_path / "metrics.csv")


def test_a_directory_cannot_be_read_as_a_history(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be read"):
        read_history(tmp_path)
