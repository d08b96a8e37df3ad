"""A data set is the same wherever its rows are kept, and they are never in memory twice."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.config import Config, config_from_dict
from nnctl.data.blocks import Blocks
from nnctl.data.dataset import Rows, load_dataset, rows_from_table
from nnctl.data.loading import Tables
from nnctl.data.table import Table, table_from_columns
from nnctl.errors import DataError


def config_of(**data: Any) -> Config:
    """A regression of `y`, whose file is not read."""
    data = {"source": "f.csv", "target": "y", **data}
    tree = {"data": data, "loss": "mean_squared_error", "compute": {"dtype": "float64"}}
    return config_from_dict(tree, Path("/"))


def mixed_table(n_rows: int, n_numbers: int = 3) -> Table:
    """Numbers, categories with gaps, and a target, in one block in memory."""
    rng = np.random.default_rng(5)
    numbers = {f"x{column}": rng.normal(size=n_rows) for column in range(n_numbers)}
    islands = [("a", "b", "c")[code] for code in rng.integers(0, 3, n_rows)]
    return table_from_columns({**numbers, "island": islands, "y": rng.normal(size=n_rows)}, "made")


def in_blocks(table: Table, rows: int, bytes_in_memory: int) -> Table:
    """The same table in blocks of some rows, on the disk where they are too many."""
    blocks = Blocks(len(table.names), bytes_in_memory)
    (whole,) = table.blocks
    for start in range(0, table.n_rows, rows):
        blocks.append(whole[:, start : start + rows].copy())
    return replace(table, blocks=blocks)


def bytes_of(rows: Rows | None) -> tuple[bytes, bytes] | None:
    return None if rows is None else (rows.inputs.tobytes(), rows.targets.tobytes())


@pytest.mark.parametrize("block_rows", [1, 7, 64])
@pytest.mark.parametrize("bytes_in_memory", [0, 10**9])
def test_where_the_rows_are_kept_makes_no_difference(block_rows: int, bytes_in_memory: int) -> None:
    config = config_of(split={"validation": 0.2, "test": 0.1})
    whole = mixed_table(50)
    parts = in_blocks(whole, block_rows, bytes_in_memory)
    first, second = (load_dataset(config, tables=Tables(table)) for table in (whole, parts))
    for name in ("train", "validation", "test"):
        assert bytes_of(getattr(first, name)) == bytes_of(getattr(second, name))
    assert first.fingerprints == second.fingerprints
    rows = rows_from_table(parts, first.preprocessing, "float64")
    for name in ("train", "validation", "test"):
        positions = getattr(first.split, name)
        expected = (rows.inputs[positions].tobytes(), rows.targets[positions].tobytes())
        assert bytes_of(getattr(second, name)) == expected


def test_a_bad_cell_in_a_later_block_has_its_own_place() -> None:
    table = in_blocks(mixed_table(20), 6, 0)
    preprocessing = load_dataset(config_of(), tables=Tables(table)).preprocessing
    columns = {name: table.values(name).copy() for name in ("x0", "x1", "x2", "y")}
    columns["x1"][15] = np.nan
    islands = [table.text("island", row) for row in range(20)]
    broken = in_blocks(table_from_columns({**columns, "island": islands}, "made"), 6, 0)
    with pytest.raises(DataError, match=r"^made: row 16: input `x1` has a missing value"):
        rows_from_table(broken, preprocessing, "float64")


def test_at_no_time_are_all_rows_in_memory_twice() -> None:
    table = in_blocks(mixed_table(20_000, n_numbers=40), 500, 0)
    config = config_of(split={"test": 0.3})
    tracemalloc.start()
    try:
        dataset = load_dataset(config, tables=Tables(table))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert dataset.test is not None
    arrays = dataset.train.inputs.nbytes + dataset.test.inputs.nbytes
    assert arrays == 20_000 * 43 * 8
    assert peak < 1.25 * arrays
