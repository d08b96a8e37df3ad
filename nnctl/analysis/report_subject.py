"""The run that a page is about: what is known of it, and its rows, each file read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from nnctl.analysis.case import Case, attempted, open_case
from nnctl.config import Config
from nnctl.data.table import Table
from nnctl.errors import Problem, RunError
from nnctl.runs.checkpoint import Checkpoint
from nnctl.runs.directory import RunDirectory
from nnctl.runs.json_file import read_json
from nnctl.training.inference import Model, models_over_epochs
from nnctl.training.own_portions import own_portions
from nnctl.training.own_rows import (
    SET_NAMES,
    OwnRows,
    checkpoint_with_split,
    key_of_set,
    own_rows,
    table_of_set,
)
from nnctl.training.predicting import rows_at_once


class KeptTables:
    """Reads a run's tables as `table_of_set` does, and each of them once."""

    def __init__(self) -> None:
        self._tables: dict[str, tuple[Table, str]] = {}

    def __call__(self, config: Config, last: Checkpoint, set_name: str) -> tuple[Table, str]:
        """Return the table that holds a set's rows, and the config's key for its file."""
        key = key_of_set(config, set_name)
        if key not in self._tables:
            self._tables[key] = table_of_set(config, last, set_name)
        return self._tables[key]


@dataclass(frozen=True, eq=False)
class Subject:
    """A run, as the sections of a page take it."""

    run: RunDirectory
    record: Mapping[str, Any]  # run.json
    case: Case
    counts: Mapping[str, int]  # how many rows each set has
    rows: Mapping[str, OwnRows]  # of each set; empty where they cannot be read
    why_no_rows: str

    @property
    def model(self) -> Model:
        """The network of the best epoch."""
        return self.case.model

    @cached_property
    def measured(self) -> OwnRows | None:
        """The rows to measure on: those of test, else validation, else training."""
        present = [name for name in reversed(SET_NAMES) if name in self.rows]
        return self.rows[present[0]] if present else None

    @cached_property
    def portions(self) -> list[Table]:
        """The rows to measure on, in tables of a bounded number of rows."""
        own = self.measured
        return [] if own is None else list(own_portions(own.table, rows_at_once(self.model)))

    @cached_property
    def models(self) -> tuple[Model, ...]:
        """The networks over the epochs, as far as they are kept; else that of the best epoch."""
        models, _ = attempted(lambda: models_over_epochs(self.run.last))
        return models or (self.model,)

    def recorded(self, *keys: str) -> Any:
        """Return what run.json says under one key within another; None where it does not."""
        return recorded(self.record, *keys)


def recorded(record: Mapping[str, Any], *keys: str) -> Any:
    """Return what a record says under one key within another; None where it does not."""
    value: Any = record
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def open_subject(run: RunDirectory) -> Subject:
    """Gather what a run's files say, and its rows where they can be read.

    Raises RunError for a run whose checkpoints cannot be used.
    """
    read = KeptTables()
    record = read_json(run.run_json)
    if not run.best.exists():
        remedy = "without it there is no network to report on; restore it, or train again"
        raise RunError(Problem(f"is missing, and {remedy}", str(run.best)))
    case = open_case(run, read)
    last, _ = checkpoint_with_split(run)
    counts = {name: len(last.arrays[f"split_{name}"]) for name in SET_NAMES}
    present = [name for name, count in counts.items() if count]
    rows, why = attempted(lambda: {name: own_rows(run, name, read) for name in present})
    return Subject(run, record, case, counts, rows or {}, why)
