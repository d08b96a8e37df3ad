"""A run's own rows, read again from where its config says: its test rows, or another set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnctl.config import Config, load_config
from nnctl.data.fingerprint import changes, fingerprint
from nnctl.data.loading import load_main_table, load_own_table
from nnctl.data.table import Table
from nnctl.errors import DataError, Problem, RunError, UsageError
from nnctl.runs.checkpoint import Checkpoint, read_checkpoint
from nnctl.runs.directory import RunDirectory

SET_NAMES = ("train", "validation", "test")

# From a run's config, its checkpoint and a set's name to the set's table and its key in the config.
TableReader = Callable[[Config, Checkpoint, str], tuple[Table, str]]


@dataclass(frozen=True)
class OwnRows:
    """Some of the rows that a run knows."""

    set_name: str  # train, validation or test
    table: Table
    notices: tuple[str, ...]


def run_config(run: RunDirectory) -> Config:
    """Return the config that the run keeps, with the data's absolute path; RunError if it is gone.

    A checkpoint knows the rest of it, and of its files the names alone.
    """
    if not run.config.exists():
        message = "is missing, and nothing else says where the run's data is; restore it, or train"
        raise RunError(Problem(f"{message} again", file=str(run.config)))
    return load_config(run.config)


def own_rows(
    run: RunDirectory, wanted: str | None = None, read: TableReader | None = None
) -> OwnRows:
    """Return the run's rows of the set `wanted`, else its test rows, validation rows or training.

    `read` opens the set's file; unless it is said, `table_of_set`. Raises UsageError for a set that
    the run does not have, DataError where the data has another number of rows than it had. Where
    only its contents changed, a notice says so.
    """
    if wanted is not None and wanted not in SET_NAMES:
        raise UsageError(f"--split must be one of {', '.join(SET_NAMES)} (received {wanted})")
    last, notices = checkpoint_with_split(run)
    sets = {name: last.arrays[f"split_{name}"] for name in SET_NAMES}
    present = [name for name in reversed(SET_NAMES) if len(sets[name])]
    if wanted is not None and wanted not in present:
        raise UsageError(f"this run has no {wanted} rows; it has {', '.join(present)}")
    set_name = wanted or present[0]
    table, key = (read or table_of_set)(run_config(run), last, set_name)
    rows_before = known_data(last, key)["rows"]
    if table.n_rows != rows_before:
        raise DataError(
            f"{table.source} had {rows_before:,} rows when the run was trained and has "
            f"{table.n_rows:,} now; restore it"
        )
    rows = table.take(sets[set_name].astype(np.int64))
    return OwnRows(set_name, rows, (*notices, *notice_changes(last, table, key)))


def checkpoint_with_split(run: RunDirectory) -> tuple[Checkpoint, tuple[str, ...]]:
    """Return the last checkpoint, or the one before it where the last is damaged, and what to say.

    The split is the same in both of them. best.npz, which is enough to predict, does not hold it.
    """
    try:
        return read_checkpoint(run.last), ()
    except RunError as error:
        try:
            checkpoint = read_checkpoint(run.previous)
        except RunError as another:
            message = "without either of them nothing says which of its rows are in which set; give"
            remedy = Problem(f"{message} the rows as INPUT", file=str(run.path))
            raise RunError([*error.problems, *another.problems, remedy]) from another
        return checkpoint, (f"{error}; which rows are in which set is read in {run.previous}",)


def table_of_set(config: Config, last: Checkpoint, set_name: str) -> tuple[Table, str]:
    """Return the table that holds a set's rows, and the config's key for its file.

    No other file is opened: of the columns of a set's own file the checkpoint knows the kinds.
    """
    key = key_of_set(config, set_name)
    if key == "source":
        return load_main_table(config)[0], key
    table, _ = load_own_table(config, set_name, known_data(last, key)["columns"])
    assert table is not None
    return table, key


def key_of_set(config: Config, set_name: str) -> str:
    """Return the config's key for the file that holds a set's rows."""
    key = f"{set_name}_source"
    own = set_name != "train" and getattr(config.data, key) is not None
    return key if own else "source"


def known_data(checkpoint: Checkpoint, key: str) -> dict[str, Any]:
    """Return the fingerprint that a checkpoint keeps of a file; RunError where it keeps none."""
    try:
        known = checkpoint.metadata["data"][key]
        if {*known} == {"rows", "columns", "sha256"} and isinstance(known["columns"], dict):
            return dict(known)
    except (KeyError, TypeError):
        pass
    raise RunError(f"the checkpoint does not say what its `data.{key}` was; train again")


def notice_changes(checkpoint: Checkpoint, table: Table, key: str = "source") -> tuple[str, ...]:
    """Return a notice where the table is not the one that the checkpoint's run was trained on."""
    differences = [*changes(known_data(checkpoint, key), fingerprint(table))]
    if not differences:
        return ()
    return (f"{table.source} has changed since the run was trained: {', '.join(differences)}",)
