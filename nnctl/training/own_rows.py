"""A run's own rows, read again from where its config says: its test rows, or another set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnctl.config import Config, load_config
from nnctl.data.dataset import load_table
from nnctl.data.fingerprint import fingerprint
from nnctl.data.table import Table
from nnctl.errors import DataError, UsageError
from nnctl.runs.checkpoint import Checkpoint, read_checkpoint
from nnctl.runs.directory import RunDirectory

SET_NAMES = ("train", "validation", "test")


@dataclass(frozen=True)
class OwnRows:
    """Some of the rows that a run knows."""

    set_name: str  # train, validation or test
    table: Table
    notices: tuple[str, ...]


def run_config(run: RunDirectory) -> Config:
    """Return the config that the run keeps, with the data's absolute path."""
    return load_config(run.config)


def own_rows(run: RunDirectory, wanted: str | None = None) -> OwnRows:
    """Return the run's rows of the set `wanted`, else its test rows, validation rows or training.

    Raises UsageError for a set that the run does not have, DataError where the data has another
    number of rows than it had. Where only its contents changed, a notice says so.
    """
    if wanted is not None and wanted not in SET_NAMES:
        raise UsageError(f"--split must be one of {', '.join(SET_NAMES)} (received {wanted})")
    last = read_checkpoint(run.last)
    sets = {name: last.arrays[f"split_{name}"] for name in SET_NAMES}
    present = [name for name in reversed(SET_NAMES) if len(sets[name])]
    if wanted is not None and wanted not in present:
        raise UsageError(f"this run has no {wanted} rows; it has {', '.join(present)}")
    set_name = wanted or present[0]
    table = load_table(run_config(run))
    notices = _compare(last, table, sum(len(rows) for rows in sets.values()))
    return OwnRows(set_name, table.take(sets[set_name].astype(np.int64)), notices)


def _compare(last: Checkpoint, table: Table, n_rows: int) -> tuple[str, ...]:
    if table.n_rows != n_rows:
        raise DataError(
            f"{table.source} had {n_rows} rows when the run was trained and has {table.n_rows} "
            "now; restore it, or name the file to use"
        )
    return changes(table, last)


def changes(table: Table, checkpoint: Checkpoint) -> tuple[str, ...]:
    """Return a notice where the table is not the one that the checkpoint's run was trained on."""
    if fingerprint(table) == checkpoint.metadata["data_fingerprint"]:
        return ()
    return (f"{table.source} is not what it was when the run was trained",)
