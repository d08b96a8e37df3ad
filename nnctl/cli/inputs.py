"""The INPUT of a command, a file or standard input, as tables of some rows each."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nnctl.cli import console
from nnctl.cli.options import character
from nnctl.cli.wording import in_options
from nnctl.config import config_from_dict
from nnctl.config.schema.data import DataConfig
from nnctl.data.sources import open_chunks, stream_chunks
from nnctl.data.table import Table
from nnctl.data.wishes import Wishes
from nnctl.errors import NnctlError, UsageError
from nnctl.runs.directory import RunDirectory
from nnctl.training.inference import Model
from nnctl.training.predicting import describe_ignored_columns, rows_at_once

STDIN, STDIN_NAME = "-", "<stdin>"
OPTIONS = {
    "delimiter": "--delimiter",
    "encoding": "--encoding",
    "decimal": "--decimal",
    "header": "--header/--no-header",
    "missing_values": "--missing-value",
    "labels": "--labels",
}


@dataclass(frozen=True)
class Reading:
    """What the options say of how INPUT is written; None: it is as the run's own data."""

    delimiter: str | None = None
    encoding: str | None = None
    decimal: str | None = None
    header: bool | None = None
    missing_values: Sequence[str] | None = None  # beside those of the run
    labels: str | None = None

    def require_input(self, source: str | None, split: str | None = None) -> None:
        """Raise UsageError for options without what they could be of: INPUT, or the run's rows."""
        said = [OPTIONS[key] for key, value in vars(self).items() if value not in (None, [])]
        if source is None and said:
            raise UsageError(f"INPUT is written as {', '.join(said)} says; name one")
        if source == STDIN and self.labels is not None:
            raise UsageError("--labels goes beside a file; name it instead of standard input")
        if source is not None and split is not None:
            raise UsageError("--split chooses among the run's own rows; leave it or INPUT out")

    def laid_over(self, data: DataConfig) -> DataConfig:
        """Return how to read INPUT; ConfigError for what cannot be.

        Where numbers are written in another way than in the run's data, cells are parted in another
        way, too: the delimiter is recognised unless it is said.
        """
        same_numbers = self.decimal in (None, data.decimal)
        own = {
            "delimiter": data.delimiter if same_numbers else None,
            "encoding": data.encoding,
            "decimal": data.decimal,
            "quote": data.quote,
            "header": data.header,
        }
        options = {
            "delimiter": character(self.delimiter),
            "encoding": self.encoding,
            "decimal": self.decimal,
            "header": self.header,
        }
        said = {key: value for key, value in options.items() if value is not None}
        missing = [*dict.fromkeys((*data.missing_values, *(self.missing_values or ())))]
        section = {"source": "INPUT", "target": "any", "missing_values": missing, **own, **said}
        settings = {"data": section, "loss": "mean_squared_error"}
        return config_from_dict(settings, Path.cwd()).data


def input_tables(
    run: RunDirectory,
    model: Model,
    source: str,
    reading: Reading,
    wishes: Wishes,
    *,
    keep_written: bool = False,
) -> Iterator[Table]:
    """Yield the rows of INPUT in portions; say once which of its columns nobody looks at.

    Raises DataError where it has not all columns that are wished for; weights it need not have.
    """
    needed = [name for name, wish in wishes.named.items() if wish and wish.role != "sample weight"]
    try:
        tables = opened_input(model, source, reading, wishes, keep_written=keep_written)
        for number, table in enumerate(tables):
            if number == 0:
                table.require(needed, f"is this the right run? ({run.path})")
                console.notes(describe_ignored_columns(model, table))
            yield table
    except NnctlError as error:
        raise in_options(error) from error


def opened_input(
    model: Model, source: str, reading: Reading, wishes: Wishes, *, keep_written: bool
) -> Iterator[Table]:
    """Return the rows of a file or of standard input, in portions."""
    data, rows = reading.laid_over(model.config.data), rows_at_once(model)
    if source == STDIN:
        stream = sys.stdin.buffer
        return stream_chunks(stream, STDIN_NAME, data, wishes, rows=rows, keep_written=keep_written)
    return open_chunks(
        source, data, wishes, labels=reading.labels, rows=rows, keep_written=keep_written
    )
