"""Tables for tests, made of columns as a reader would make them, but without one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from nnctl.data.arrays import FloatArray
from nnctl.data.table import Table, in_one_block

Cells = Sequence[float | str | None]  # either numbers or text; None is missing


def built(columns: Mapping[str, Cells]) -> Table:
    """Return a table as of the file `f.csv`, a row a line below its header; gaps are `NA`."""
    texts = {
        name: tuple(dict.fromkeys(cell for cell in cells if isinstance(cell, str)))
        for name, cells in columns.items()
        if any(isinstance(cell, str) for cell in cells)
    }
    block = np.array([codes_of(cells, texts.get(name, ())) for name, cells in columns.items()])
    return Table(
        names=tuple(columns),
        blocks=in_one_block(block),
        texts=texts,
        source="f.csv",
        places=np.arange(2, 2 + block.shape[1]),
        header=tuple(columns),
        gaps={name: "NA" for name, cells in columns.items() if None in cells},
    )


def codes_of(cells: Cells, texts: tuple[str, ...]) -> FloatArray:
    """Return numbers, or positions in the texts (n_cells,); NaN where missing."""
    return np.array(
        [
            np.nan if cell is None else float(texts.index(cell) if isinstance(cell, str) else cell)
            for cell in cells
        ]
    )
