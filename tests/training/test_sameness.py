from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from nnctl.runs.checkpoint import Array, Checkpoint, save_checkpoint
from nnctl.training.sameness import RowDifference, compared_file, first_difference

HEADER = "epoch,train_loss,train_accuracy\n"


def differ(
    tmp_path: Path, before: str, now: str, limit: int | None = None
) -> tuple[RowDifference | None, int]:
    paths = tmp_path / "before.csv", tmp_path / "now.csv"
    for path, rows in zip(paths, (before, now), strict=True):
        path.write_text(HEADER + rows)
    return first_difference(*paths, limit)


@pytest.mark.parametrize("rows", ["", "1,0.5,0.9\n2,0.25,\n"])
def test_the_same_histories_have_no_difference(tmp_path: Path, rows: str) -> None:
    assert differ(tmp_path, rows, rows) == (None, rows.count("\n"))


def test_the_first_epoch_and_column_are_named_with_both_values(tmp_path: Path) -> None:
    before = "1,0.5,0.9\n2,0.25,0.8\n3,0.125,0.8\n4,0.1,0.8\n"
    now = "1,0.5,0.9\n2,0.25,0.4\n3,0.5,0.4\n4,0.1,0.8\n"
    difference, epochs = differ(tmp_path, before, now)
    assert epochs == 4
    assert difference == RowDifference(2, "train_accuracy", 0.8, 0.4, 2, 0.75)


def test_one_bit_is_a_difference(tmp_path: Path) -> None:
    near = math.nextafter(0.5, 1)
    difference, _ = differ(tmp_path, "1,0.5,\n", f"1,{near!r},\n")
    assert difference is not None
    assert (difference.recorded, difference.again) == (0.5, near)
    assert 0 < difference.largest_relative_difference < 1e-15


def test_a_row_that_only_one_has_is_a_difference(tmp_path: Path) -> None:
    difference, epochs = differ(tmp_path, "1,0.5,\n2,0.4,\n", "1,0.5,\n")
    assert difference == RowDifference(2, "epoch", 2.0, None, 1, math.inf)
    assert epochs == 2


def test_rows_behind_the_limit_do_not_count(tmp_path: Path) -> None:
    assert differ(tmp_path, "1,0.5,\n2,0.4,\n", "1,0.5,\n2,0.3,\n3,0.2,\n", 1) == (None, 1)


def verdict(tmp_path: Path, *checkpoints: Checkpoint) -> tuple[bool, str | None]:
    paths = tmp_path / "last.npz", tmp_path / "again.npz"
    for path, checkpoint in zip(paths, checkpoints, strict=False):
        save_checkpoint(path, checkpoint)
    found = compared_file(*paths)
    assert (found.recorded == found.again) is found.same
    return found.same, found.difference


def checkpoint(epoch: int = 1, **arrays: Array) -> Checkpoint:
    return Checkpoint({"epoch": epoch}, {"parameters": np.ones(3), **arrays})


@pytest.mark.parametrize(
    ("now", "difference"),
    [
        (checkpoint(), None),
        (checkpoint(2), "another epoch"),
        (checkpoint(more=np.zeros(2)), "other arrays (more)"),
        (checkpoint(parameters=np.zeros(3)), "other numbers in parameters"),
        (checkpoint(parameters=np.ones(3, np.float32)), "other numbers in parameters"),
        (checkpoint(2, parameters=np.zeros(4)), "other numbers in parameters; another epoch"),
    ],
)
def test_checkpoints_are_told_apart_by_what_is_in_them(
    tmp_path: Path, now: Checkpoint, difference: str | None
) -> None:
    assert verdict(tmp_path, checkpoint(), now) == (difference is None, difference)


def test_a_file_that_is_missing_is_a_difference(tmp_path: Path) -> None:
    assert verdict(tmp_path, checkpoint()) == (False, "training again gives no such file")
    (tmp_path / "last.npz").rename(tmp_path / "again.npz")
    assert compared_file(tmp_path / "last.npz", tmp_path / "again.npz").difference == (
        "it is missing"
    )


def test_a_checkpoint_that_is_damaged_is_a_difference(tmp_path: Path) -> None:
    verdict(tmp_path, checkpoint(), checkpoint())
    path = tmp_path / "last.npz"
    path.write_bytes(path.read_bytes()[:-9])
    difference = compared_file(path, tmp_path / "again.npz").difference
    assert "is damaged" in str(difference)


def test_summaries_are_told_apart_by_their_keys(tmp_path: Path) -> None:
    paths = tmp_path / "summary.json", tmp_path / "again.json"
    for path, text in zip(paths, ('{"a": 1, "b": 2}', '{"a": 1, "b": 3, "c": 4}'), strict=True):
        path.write_text(text)
    assert compared_file(*paths).difference == "another b, c"
    paths[1].write_text('{"b": 2, "a": 1}')
    assert compared_file(*paths).difference == "the same values, written otherwise"
