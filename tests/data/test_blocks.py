"""Blocks of rows are the same numbers in memory and on the disk, and leave nothing behind."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnctl.data.arrays import FloatArray
from nnctl.data.blocks import NUMBER, Blocks, no_room
from nnctl.errors import StorageError
from tests.runs.limits import file_size_limit

SIZES = st.lists(st.integers(0, 5), max_size=6)  # rows of each block
LIMITS = st.sampled_from([0, 1, 40, 100, 10**6])  # bytes in memory


def counted(n_columns: int, sizes: Sequence[int]) -> list[FloatArray]:
    """Blocks of different numbers, with a gap and both zeros among them."""
    whole = np.arange(n_columns * sum(sizes), dtype=np.float64).reshape(n_columns, -1)
    whole[whole == 1] = -0.0
    whole[whole % 7 == 3] = np.nan
    return np.split(whole, np.cumsum(sizes)[:-1], axis=1) if sizes else []


def filled(parts: Sequence[FloatArray], n_columns: int, limit: int) -> Blocks:
    blocks = Blocks(n_columns, limit)
    for part in parts:
        blocks.append(part)
    return blocks


def is_on_disk(blocks: Blocks) -> bool:
    return blocks._file is not None


@settings(deadline=None)
@given(st.integers(1, 4), SIZES, LIMITS)
def test_what_was_appended_comes_back_whatever_fits_into_memory(
    n_columns: int, sizes: list[int], limit: int
) -> None:
    parts = counted(n_columns, sizes)
    blocks = filled(parts, n_columns, limit)
    assert is_on_disk(blocks) == (n_columns * sum(sizes) * NUMBER.itemsize > limit)
    assert blocks.n_rows == sum(sizes)
    assert [block.tobytes() for block in blocks] == [part.tobytes() for part in parts]
    whole = np.concatenate([np.empty((n_columns, 0)), *parts], axis=1)
    for position in range(n_columns):
        assert blocks.column(position).tobytes() == whole[position].tobytes()


@settings(deadline=None)
@given(SIZES, SIZES)
def test_rows_are_appended_after_some_were_read(first: list[int], then: list[int]) -> None:
    parts = counted(2, [*first, *then])
    blocks = filled(parts[: len(first)], 2, limit=40)
    readers = [iter(blocks), iter(blocks)]
    for reader, _ in zip(readers, first, strict=False):
        next(reader)
    blocks.column(0)
    for part in parts[len(first) :]:
        blocks.append(part)
    assert [block.tobytes() for block in blocks] == [part.tobytes() for part in parts]


def test_two_readers_of_one_file_do_not_disturb_each_other() -> None:
    parts = counted(3, [2, 3, 4])
    blocks = filled(parts, 3, limit=0)
    for one, other, part in zip(blocks, blocks, parts, strict=True):
        assert one.tobytes() == part.tobytes()
        assert blocks.column(2)[:2].tobytes() == parts[0][2].tobytes()
        assert other.tobytes() == part.tobytes()


def test_numbers_of_any_type_and_order_are_kept_as_float64() -> None:
    block = np.array([[1, 2, 3], [4, 5, 6]], dtype=">i2", order="F")
    for limit in (0, 10**6):
        blocks = filled([block, block[:, ::-1]], 2, limit)
        assert blocks.column(1).dtype == NUMBER
        assert blocks.column(1).tolist() == [4, 5, 6, 6, 5, 4]


def test_rows_beyond_the_limit_leave_memory() -> None:
    block = np.zeros((4, 100))
    assert not is_on_disk(filled([block] * 3, 4, 3 * block.nbytes))
    assert is_on_disk(filled([block] * 3, 4, 3 * block.nbytes - 1))


def test_nothing_is_left_in_the_directory_for_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    blocks = filled(counted(2, [5, 5]), 2, limit=0)
    assert is_on_disk(blocks)
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("limit", [0, 3000])
def test_a_full_disk_is_told_with_its_directory(limit: int) -> None:
    block = np.zeros((2, 100))
    with file_size_limit(4000), pytest.raises(StorageError) as caught:
        filled([block] * 4, 2, limit)
    assert str(caught.value) == (
        f"{tempfile.gettempdir()}: the rows do not fit into the directory for temporary files "
        "(File too large); free some space there, or set TMPDIR to another directory"
    )


def test_a_directory_that_is_not_there_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(StorageError) as caught:
        filled([np.zeros((1, 1))], 1, limit=0)
    assert str(caught.value).startswith(f"{tmp_path / 'gone'}: the rows do not fit")


def test_an_error_of_the_disk_ends_with_the_code_for_storage() -> None:
    assert no_room(OSError(28, "No space left on device")).exit_code == 7
