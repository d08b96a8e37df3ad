"""A cross-validation that is struck, resumed as a whole, and compared with one never struck."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from tests.durability import children
from tests.durability.checking import FOLLOWING, PROMISED, RUNS, leftovers, visible
from tests.durability.children import MOST_SAID
from tests.durability.faults import FAULTS, Fault
from tests.durability.trainings import digest
from tests.durability.trial import Outcome

FOLDS = 3
NAME = "run-cv"
DIRECTORY = RUNS / NAME
RECORD = "cross_validation.json"
ALIKE = (*PROMISED, *FOLLOWING, "summary.json")
FIRST = ("--folds", str(FOLDS), "--quiet", "--set", "training.epochs=2")
RESUME = ("resume", str(DIRECTORY), "--quiet")


@dataclass(frozen=True)
class FoldSeries:
    """Trials of one cross-validation, that differ in a number."""

    name: str
    config: Path
    faults: Callable[[int], Sequence[Fault]]
    every: int

    def outcomes(self, root: Path) -> Iterator[tuple[str, Outcome]]:
        """Yield every trial's name and how it went; they end where no fault strikes."""
        first = ("cross-validate", str(self.config), *FIRST)
        expected = uninterrupted(first, root / f"{self.name}-uninterrupted")
        for number in count(1, self.every):
            outcome = attempt(first, expected, self.faults(number), root / f"{self.name}-{number}")
            if outcome.struck == 0 and not outcome.problems:
                break
            yield f"{self.name} {number}", outcome


def uninterrupted(first: Sequence[str], directory: Path) -> Mapping[str, str]:
    """Return the digests of all that a cross-validation leaves that nothing struck."""
    directory.mkdir()
    ended = children.run(first, directory)
    assert ended.code == 0, ended.said
    document = json.loads((directory / DIRECTORY / RECORD).read_text())
    assert document["status"] == "finished"
    assert len(document["results"]) == FOLDS
    return digests(directory)


def attempt(
    first: Sequence[str], expected: Mapping[str, str], faults: Iterable[Fault], directory: Path
) -> Outcome:
    """Let the faults strike one command after another, then let a command end."""
    directory.mkdir()
    struck, problems = 0, list[str]()
    for fault in faults:
        ended = children.run(command(first, directory), directory, fault)
        struck += bool(ended.struck)
        if ended.code not in FAULTS[fault.name].endings or "Traceback" in ended.said:
            problems.append(f"{fault}: ended with {ended.code}: {ended.said[-MOST_SAID:]!r}")
    if not problems:
        problems += final_problems(first, expected, directory)
    if not problems:
        shutil.rmtree(directory)
    return Outcome(struck, tuple(problems))


def command(first: Sequence[str], directory: Path) -> Sequence[str]:
    """Return what a user would do now."""
    return RESUME if (directory / DIRECTORY / RECORD).exists() else first


def final_problems(
    first: Sequence[str], expected: Mapping[str, str], directory: Path
) -> Iterator[str]:
    """Let a command end, and yield what is wrong then."""
    ended = children.run(command(first, directory), directory)
    if ended.code != 0:
        yield f"at the end: ended with {ended.code} and said {ended.said[-MOST_SAID:]!r}"
        return
    names = sorted(path.name for path in (directory / RUNS).iterdir() if visible(path))
    if names != [NAME]:
        yield f"at the end: there stand {', '.join(names)}"
    found = digests(directory)
    yield from (
        f"at the end: {name} has other bytes" for name in expected if found[name] != expected[name]
    )
    for fold in folds(directory):
        yield from (f"at the end: {fold.name}: {what}" for what in leftovers(fold))


def digests(directory: Path) -> dict[str, str]:
    """Return the digest of each file that must come out alike, "" where one is missing."""
    of_folds = {f"{fold.name}/{n}": digest(fold / n) for fold in folds(directory) for n in ALIKE}
    return {RECORD: digest(directory / DIRECTORY / RECORD), **of_folds}


def folds(directory: Path) -> list[Path]:
    """Return where the folds stand."""
    return [directory / DIRECTORY / f"fold-{number}" for number in range(1, FOLDS + 1)]
