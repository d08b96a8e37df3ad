"""The INPUT of a command, a file or standard input, as tables of some rows each."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from nnctl.cli import console
from nnctl.data.sources import open_chunks, stream_chunks
from nnctl.data.table import Table
from nnctl.data.wishes import Wishes
from nnctl.training.inference import Model
from nnctl.training.predicting import describe_ignored_columns, rows_at_once


def input_tables(
    model: Model, source: str, wishes: Wishes, *, keep_written: bool = False
) -> Iterator[Table]:
    """Yield the rows of INPUT in portions; say once which of its columns nobody looks at."""
    data, rows = model.config.data, rows_at_once(model)
    if source == "-":
        stream = sys.stdin.buffer
        tables = stream_chunks(
            stream, "<stdin>", data, wishes, rows=rows, keep_written=keep_written
        )
    else:
        tables = open_chunks(source, data, wishes, rows=rows, keep_written=keep_written)
    for number, table in enumerate(tables):
        if number == 0:
            table.require(model.preprocessing.feature_names)
            console.notes(describe_ignored_columns(model, table))
        yield table
