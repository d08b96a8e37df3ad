"""One trial: commands struck by faults one after another, and at the end one that nothing strikes.

The first command trains, or resumes a run that has ended; each that follows resumes, or trains
again where no run has come to stand.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.durability import children
from tests.durability.checking import RUNS, Reference, beside, half_built, leftovers, said, standing
from tests.durability.children import MOST_SAID, QUIETLY, Ending
from tests.durability.faults import FAULTS, Fault

RESUME = ("resume", *QUIETLY)
KILLS = frozenset({"kill", "kill-in-write"})
ERRORS = frozenset({"EIO", "ENOSPC", "file-size-limit"})
# What may fail without anyone's being told: that previous.npz becomes a second name of a file, for
# in the place of that its bytes are written.
DISPENSABLE = re.compile(r"^$|^link |previous\.npz")


@dataclass(frozen=True)
class Training:
    """What is trained, and how it comes out where nothing strikes."""

    first: Sequence[str]  # the command
    ends: Sequence[Reference]  # one of them must come out
    again: Sequence[str] = RESUME  # the commands that follow
    begun: Path | None = None  # a run to begin with
    in_order: frozenset[str] = KILLS | ERRORS  # faults that leave checkpoints as they were saved

    def command(self, directory: Path, number: int) -> Sequence[str]:
        """Return what a user would do now, after so many commands."""
        return self.again if number and standing(directory) else self.first


@dataclass(frozen=True)
class Outcome:
    """How a trial went."""

    struck: int  # how many of the faults came about
    problems: tuple[str, ...]
    remark: str = ""


def attempt(training: Training, faults: Iterable[Fault], directory: Path) -> Outcome:
    """Let the faults strike until one does not come about, then let a command end.

    Where that comes out wrong, the directory is kept.
    """
    begin(training, directory)
    struck, problems, in_order = 0, list[str](), True
    number = 0
    for number, fault in enumerate(faults, 1):
        before = beside(directory)
        ended = children.run(training.command(directory, number - 1), directory, fault)
        in_order = in_order and fault.name in training.in_order
        problems += complaints(training, directory, fault, ended, before, in_order)
        struck += bool(ended.struck)
        if problems or not ended.struck:
            break
    if not problems:
        ended = children.run(training.command(directory, number), directory)
        problems += final_complaints(training.ends, directory, ended)
    if not problems:
        shutil.rmtree(directory)
    return Outcome(struck, tuple(problems))


def begin(training: Training, directory: Path) -> None:
    """Make the directory anew, with the run in it that there is before the first command."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    if training.begun is not None:
        shutil.copytree(training.begun, directory / RUNS / training.begun.name)


def complaints(
    training: Training,
    directory: Path,
    fault: Fault,
    ended: Ending,
    before: Sequence[Path],
    in_order: bool,
) -> Iterator[str]:
    """Yield what is wrong after a fault."""
    if ended.code not in FAULTS[fault.name].endings or "Traceback" in ended.said:
        yield f"{fault}: ended with {ended.code} and said {ended.said[-MOST_SAID:]!r}"
    unnoticed = fault.name in training.in_order & ERRORS and ended.code == 0
    if unnoticed and not DISPENSABLE.search(ended.struck):
        yield f"{fault}: {ended.struck} failed, and nobody was told"
    problems = disorder(training, directory, ended, before, in_order=in_order)
    yield from (f"after {fault} ({ended.struck}): {problem}" for problem in problems)


def disorder(
    training: Training, directory: Path, ended: Ending, before: Sequence[Path], *, in_order: bool
) -> Iterator[str]:
    """Yield what may not be so, whatever has happened to a command."""
    yield from half_built(directory, ended, before)
    runs = standing(directory)
    if len(runs) > 1:
        yield f"{len(runs)} runs stand there"
    for run in runs:
        found = [list(end.disorder(run, in_order=in_order)) for end in training.ends]
        yield from fewest(found)


def final_complaints(ends: Sequence[Reference], directory: Path, ended: Ending) -> Iterator[str]:
    """Yield what is wrong at the end."""
    runs = standing(directory)
    if ended.code != 0 or len(runs) != 1:
        words = ended.said[-MOST_SAID:]
        yield f"at the end: {len(runs)} runs, ended with {ended.code} and said {words!r}"
        return
    if said(runs[0]) != "finished":
        yield f"at the end: the run is {said(runs[0])}"
    problems = fewest(list(end.differences(runs[0])) for end in ends)
    if "is finished" not in ended.said:  # and nothing was to be done
        problems += leftovers(runs[0])
    yield from (f"at the end: {problem}" for problem in problems)


def fewest(lists: Iterable[list[str]]) -> list[str]:
    """Return the shortest list."""
    return min(lists, key=len)
