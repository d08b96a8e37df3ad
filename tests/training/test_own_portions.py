from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from nnctl.data.blocks import Blocks
from nnctl.data.sources import read_source
from nnctl.data.table import Table, table_from_columns
from nnctl.data.wishes import EVERYTHING
from nnctl.training.own_portions import own_portions, written_portions
from tests.training.experiments import config_of

LINES = ["x,y", "0.50,a", "3e0,b", "4.,a", "05,b", "6,a"]


def blocks_of(*sizes: int) -> Table:
    blocks, first = Blocks(1), 0
    for size in sizes:
        blocks.append(np.arange(first, first + size, dtype=np.float64)[None])
        first += size
    return Table(("x",), blocks, {}, "rows", np.arange(first) + 1, has_lines=False)


@pytest.mark.parametrize("rows", [1, 2, 3, 5, 100])
@pytest.mark.parametrize("sizes", [(7,), (3, 0, 4), (2, 2, 2, 1)])
def test_portions_are_all_rows_in_order_and_few_at_once(rows: int, sizes: tuple[int, ...]) -> None:
    portions = [*own_portions(blocks_of(*sizes), rows)]
    assert all(0 < portion.n_rows <= rows for portion in portions)
    assert [*np.concatenate([portion.values("x") for portion in portions])] == [*range(7)]
    assert [*np.concatenate([portion.places for portion in portions])] == [*range(1, 8)]


@pytest.mark.parametrize("rows", [1, 2, 100])
def test_rows_are_read_again_with_their_cells_as_written(tmp_path: Path, rows: int) -> None:
    path = tmp_path / "rows.csv.gz"
    path.write_bytes(gzip.compress("\n".join(LINES).encode()))
    data = config_of(
        tmp_path, {"data": {"source": str(path), "target": "y"}, "loss": "binary_cross_entropy"}
    ).data
    table = read_source(str(path), data, EVERYTHING)
    wanted = table.take(np.array([0, 2, 4]))
    portions = [*written_portions(wanted, data, EVERYTHING, rows)]
    assert all(portion.n_rows <= rows for portion in portions)
    cells = [row for portion in portions for row in portion.written]
    assert cells == [("0.50", "a"), ("4.", "a"), ("6", "a")]
    assert [*np.concatenate([portion.values("x") for portion in portions])] == [0.5, 4, 6]


def test_made_up_rows_are_given_as_they_are(tmp_path: Path) -> None:
    data = config_of(
        tmp_path, {"data": {"generator": "moons"}, "loss": "binary_cross_entropy"}
    ).data
    table = table_from_columns({"x": np.arange(5.0)}, "moons")
    portions = [*written_portions(table, data, EVERYTHING, 2)]
    assert [portion.n_rows for portion in portions] == [2, 2, 1]
    assert all(portion.written == () for portion in portions)
