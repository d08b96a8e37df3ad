"""What travels between a sweep and workers on other machines: tables, and whole runs, as bytes.

Nothing is read by its path on the other side, so that no directory needs to be shared.
"""

from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Mapping
from dataclasses import fields, replace

from nnctl.data.blocks import Blocks
from nnctl.data.loading import Tables
from nnctl.data.table import Table
from nnctl.runs.atomic import (
    TEMPORARY_NAME,
    storage_error,
    sync_directory,
    temporary_path,
)
from nnctl.runs.directory import RunDirectory

Files = Mapping[str, bytes]  # path in the run -> what it holds


def packed(tables: Tables) -> bytes:
    """Return tables as bytes: about 8 a cell that was read."""
    parts = {}
    for each in fields(tables):
        value = getattr(tables, each.name)
        if isinstance(value, Table):  # its rows may stand in a file of this machine
            empty = replace(value, blocks=Blocks(value.blocks.n_columns))
            value = (empty, [*value.blocks])
        parts[each.name] = value
    return pickle.dumps(parts, protocol=pickle.HIGHEST_PROTOCOL)


def unpacked(data: bytes) -> Tables:
    """Return what `packed` was given. Only for bytes from a sweep that is trusted with code."""
    parts = pickle.loads(data)
    for name, value in parts.items():
        if name != "notices" and value is not None:
            table, blocks = value
            for block in blocks:
                table.blocks.append(block)
            parts[name] = table
    return Tables(**parts)


def files_of(run: RunDirectory) -> Files:
    """Return all files of a run; none where there is none."""
    return {
        str(path.relative_to(run.path)): path.read_bytes()
        for path in sorted(run.path.rglob("*"))
        if path.is_file() and not TEMPORARY_NAME.fullmatch(path.name)
    }


def lay(run: RunDirectory, files: Files) -> None:
    """Let the run be these files, whole or as it was; StorageError (7) where it cannot be.

    Of no files there is no run. A process that is killed in between leaves the run that was, the
    one to be, or none, which is then trained again.
    """
    if not files:
        return
    new = temporary_path(run.path)
    old = temporary_path(run.path.with_name(f"{run.name}-old"))
    try:
        for path in (new, old):
            shutil.rmtree(path, ignore_errors=True)
        fill(RunDirectory(new), files)
        if run.path.exists():
            run.path.rename(old)
        new.rename(run.path)
        sync_directory(run.path.parent)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise storage_error(error, run.path, "written") from error
    finally:
        shutil.rmtree(new, ignore_errors=True)


def fill(run: RunDirectory, files: Files) -> None:
    """Write the files of a run that nobody looks for yet."""
    for directory in (run.path, run.checkpoints, run.plots):
        directory.mkdir()
    for name, data in files.items():
        path = run.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    for directory in (run.checkpoints, run.plots, run.path):
        sync_directory(directory)
