"""What a run's directory holds: which files, how large, and what each of them is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nnctl.runs.atomic import TEMPORARY_NAME, storage_error
from nnctl.runs.directory import GROUPS, RUN_JSON

# Where a file stands in a run -> what it is. Of a directory: what all of its files are.
OWN_FILES = {
    "config.yaml": "the config with every default filled in; `nnctl train` takes it",
    "run.json": "status, command, versions, machine, times",
    "metrics.csv": "loss and metrics, a row an epoch",
    "summary.json": "final, best and test metrics",
    "checkpoints/best.npz": "the network of the best epoch: enough to predict",
    "checkpoints/last.npz": "all of the training's state: enough to go on",
    "checkpoints/previous.npz": "the checkpoint before the last",
    "checkpoints/baselines.npz": "the models that the network is compared with",
    "plots": "pictures",
    "report.html": "the report as one page",
}
# What stands in a directory of runs beside these.
OWN_FILES_OF_GROUPS = (
    *GROUPS, "base.yaml", "best.yaml", "config.yaml", "plots", "report.html",
    "results.csv", "study.journal", "sweep.yaml",
)  # fmt: skip


@dataclass(frozen=True)
class RunFile:
    """A file in a run's directory; `what` is None where nnctl did not write it."""

    file: str  # relative to the run
    bytes: int
    what: str | None


def files_of(path: Path) -> list[RunFile]:
    """Return all files of a run in the order of `OWN_FILES`, others last; links are not followed.

    Raises StorageError (7) where the directory cannot be read.
    """
    found = [RunFile(name, size, meaning_of(name)) for name, size in sizes(path)]
    order = [*OWN_FILES]

    def place(file: RunFile) -> tuple[int, str]:
        known = [index for index, own in enumerate(order) if is_at(file.file, own)]
        return (known[0] if known else len(order)), file.file

    return sorted(found, key=place)


def is_at(name: str, own: str) -> bool:
    """Whether a file is the one called so, or in the directory called so."""
    return name == own or name.startswith(f"{own}/")


def meaning_of(name: str) -> str | None:
    """Return what a file of a run is; None for one that nnctl did not write."""
    for own, what in OWN_FILES.items():
        if is_at(name, own):
            return what
    is_left_behind = TEMPORARY_NAME.fullmatch(Path(name).name) is not None
    return "half-written, left by a process that was killed" if is_left_behind else None


def foreign_files(path: Path) -> list[str]:
    """Return the files below a run, or a directory of runs, that nnctl did not write."""
    if (path / RUN_JSON).is_file():
        return [file.file for file in files_of(path) if file.what is None]
    found = []
    for name, _ in sizes(path):
        top, _, rest = name.partition("/")
        of_member = rest and (path / top / RUN_JSON).is_file()
        known = meaning_of(rest) if of_member else meaning_of_group_file(name)
        found += [] if known else [name]
    return found


def meaning_of_group_file(name: str) -> str | None:
    """Return what a file beside the runs of a directory is; None where nnctl did not write it."""
    if any(is_at(name, own) for own in OWN_FILES_OF_GROUPS):
        return "of all its runs"
    return meaning_of(name) if name.startswith(".") else None


def sizes(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the path of each file below a directory, relative to it, and its bytes.

    Two names of one file are two files here, each of its whole size. A link is a file of its own.
    """

    def fail(error: OSError) -> None:
        raise storage_error(error, Path(error.filename or path), "read") from error

    for directory, directories, names in os.walk(path, onerror=fail):
        links = [name for name in directories if (Path(directory) / name).is_symlink()]
        for name in sorted([*names, *links]):
            file = Path(directory) / name
            yield str(file.relative_to(path)), size_of(file)


def size_of(file: Path) -> int:
    """Return a file's bytes; none of one that went away meanwhile."""
    try:
        return file.lstat().st_size
    except FileNotFoundError:
        return 0


def bytes_on_disk(path: Path) -> int:
    """Return the bytes of all files below a directory, counting a file with two names once."""
    seen: dict[tuple[int, int], int] = {}
    for name, size in sizes(path):
        try:
            status = (path / name).lstat()
        except FileNotFoundError:
            continue
        seen[status.st_dev, status.st_ino] = size
    return sum(seen.values())
