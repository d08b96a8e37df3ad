"""Whether two runs are the same to the byte, and if not, where they part."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nnctl.errors import RunError
from nnctl.runs.checkpoint import Checkpoint, read_checkpoint
from nnctl.runs.directory import RunDirectory
from nnctl.runs.history import read_history
from nnctl.runs.json_file import read_json


@dataclass(frozen=True)
class RowDifference:
    """The first number of metrics.csv that is another one, and how far the numbers part."""

    epoch: int
    column: str
    recorded: float | None  # None: there is no such row
    again: float | None
    epochs_that_differ: int
    largest_relative_difference: float  # of all numbers


@dataclass(frozen=True)
class FileVerdict:
    """A file of a run beside that of the same training done again."""

    file: str
    same: bool
    recorded: str | None  # SHA-256
    again: str | None
    difference: str | None  # in words


def first_difference(
    recorded: Path, again: Path, limit: int | None
) -> tuple[RowDifference | None, int]:
    """Compare two metrics.csv up to epoch `limit`; return the first difference and the epochs.

    Numbers are compared exactly. RunError where the recorded one is damaged.
    """
    before, now = read_history(recorded), read_history(again)
    columns = [*dict.fromkeys((*before, *now))]
    longest = max((len(history.get("epoch", ())) for history in (before, now)), default=0)
    epochs = longest if limit is None else min(longest, limit)
    first: tuple[int, str, float | None, float | None] | None = None
    differing, largest = set[int](), 0.0
    for row in range(epochs):
        for column in columns:
            one, other = cell(before, column, row), cell(now, column, row)
            if not is_same_number(one, other):
                differing.add(row)
                largest = max(largest, relative_difference(one, other))
                first = first or (row + 1, column, one, other)
    if first is None:
        return None, epochs
    return RowDifference(*first, len(differing), largest), epochs


def cell(history: Mapping[str, Sequence[float]], column: str, row: int) -> float | None:
    """Return a number of a history; None where there is none."""
    values = history.get(column, ())
    return values[row] if row < len(values) else None


def is_same_number(one: float | None, other: float | None) -> bool:
    """Whether two cells hold the same; what is not a number is itself."""
    if one is None or other is None:
        return one is other
    return one == other or (math.isnan(one) and math.isnan(other))


def relative_difference(one: float | None, other: float | None) -> float:
    """Return |a - b| / max(|a|, |b|); infinite where that is no number."""
    if one is None or other is None or not (math.isfinite(one) and math.isfinite(other)):
        return math.inf
    return abs(one - other) / max(abs(one), abs(other))


def same_files(run: RunDirectory, again: RunDirectory, *, summed_up: bool) -> list[FileVerdict]:
    """Compare the checkpoints and, where training has come to its end, what sums it up."""
    names = ["last", "best", *(["baselines", "summary"] if summed_up else [])]
    return [compared_file(getattr(run, name), getattr(again, name)) for name in names]


def compared_file(recorded: Path, again: Path) -> FileVerdict:
    """Compare two files by their digests, and say in words how they differ."""
    before, now = digest_of(recorded), digest_of(again)
    difference = None if before == now else "; ".join(how_they_differ(recorded, again))
    return FileVerdict(recorded.name, before == now, before, now, difference)


def digest_of(path: Path) -> str | None:
    """Return the SHA-256 of a file; None where there is none."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None


def how_they_differ(recorded: Path, again: Path) -> Iterator[str]:
    """Yield what differs between two files of a run, a part of a sentence each."""
    if not recorded.exists() or not again.exists():
        yield "it is missing" if not recorded.exists() else "training again gives no such file"
        return
    try:
        if recorded.suffix == ".npz":
            yield from other_contents(read_checkpoint(recorded), read_checkpoint(again))
        else:
            before, now = read_json(recorded), read_json(again)
            keys = [key for key in {**before, **now} if before.get(key) != now.get(key)]
            yield f"another {', '.join(keys)}" if keys else "the same values, written otherwise"
    except RunError as error:
        yield "; ".join(str(problem) for problem in error.problems)


def other_contents(before: Checkpoint, now: Checkpoint) -> Iterator[str]:
    """Yield what differs between two checkpoints."""
    gone, new = before.arrays.keys() - now.arrays.keys(), now.arrays.keys() - before.arrays.keys()
    if gone or new:
        yield f"other arrays ({', '.join(sorted(gone | new))})"
    parted = []
    for name in sorted(before.arrays.keys() & now.arrays.keys()):
        one, other = before.arrays[name], now.arrays[name]
        if one.shape != other.shape or one.dtype != other.dtype or one.tobytes() != other.tobytes():
            parted.append(name)
    if parted:
        yield f"other numbers in {', '.join(parted)}"
    told = [json.dumps(each.metadata, sort_keys=True) for each in (before, now)]
    if told[0] != told[1]:
        keys = {**before.metadata, **now.metadata}
        changed = [key for key in keys if before.metadata.get(key) != now.metadata.get(key)]
        yield f"another {', '.join(changed)}"
    if not (gone or new or parted) and told[0] == told[1]:
        yield "the same contents, written otherwise"
