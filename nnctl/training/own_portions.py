"""A run's own rows a portion at a time, and as they are written where that is to be repeated."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nnctl.config.schema.data import DataConfig
from nnctl.data.sources import open_chunks
from nnctl.data.table import Table
from nnctl.data.wishes import Wishes


def own_portions(table: Table, rows: int) -> Iterator[Table]:
    """Yield the rows of a table in tables of at most `rows` rows."""
    for portion in table.portions():
        for start in range(0, portion.n_rows, rows):
            yield portion.take(np.arange(start, min(start + rows, portion.n_rows)))


def written_portions(table: Table, data: DataConfig, wishes: Wishes, rows: int) -> Iterator[Table]:
    """Yield the rows of `table` from its file again, this time with all of their cells as written.

    `data` is the run's own section, with its paths. What a generator made stands in no file.
    """
    if data.generator is not None:
        yield from own_portions(table, rows)
        return
    labels = data.labels_beside(table.source)
    for chunk in open_chunks(
        table.source, data, wishes, labels=labels, rows=rows, keep_written=True
    ):
        wanted = np.flatnonzero(np.isin(chunk.places, table.places))
        if len(wanted):
            yield chunk.take(wanted)
