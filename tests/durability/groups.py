"""Runs that belong together, struck, resumed as a whole, and compared with ones never struck."""

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

ALIKE = (*PROMISED, *FOLLOWING, "summary.json")
SHORT = ("--quiet", "--set", "training.epochs=2")


@dataclass(frozen=True)
class Group:
    """What a command makes of a config: a directory of runs, and a file about all of them."""

    words: Sequence[str]  # before the config, and behind it
    options: Sequence[str]
    name: str
    record: str
    members: Sequence[str]

    @property
    def directory(self) -> Path:
        return RUNS / self.name

    @property
    def resume(self) -> Sequence[str]:
        return ("resume", str(self.directory), "--quiet")

    def first(self, config: Path) -> Sequence[str]:
        return (*self.words, str(config), *self.options, *SHORT)


FOLDS = Group(
    ("cross-validate",),
    ("--folds", "3"),
    "run-cv",
    "cross_validation.json",
    ("fold-1", "fold-2", "fold-3"),
)
SEEDS = Group(
    ("train",),
    ("--seeds", "3", "--no-plots"),
    "run-seeds",
    "seeds.json",
    ("seed-8", "seed-9", "seed-10"),
)


@dataclass(frozen=True)
class GroupSeries:
    """Trials of one such group, that differ in a number."""

    group: Group
    name: str
    config: Path
    faults: Callable[[int], Sequence[Fault]]
    every: int

    def outcomes(self, root: Path) -> Iterator[tuple[str, Outcome]]:
        """Yield every trial's name and how it went; they end where no fault strikes."""
        trial = GroupTrial(self.group, self.group.first(self.config))
        expected = trial.uninterrupted(root / f"{self.name}-uninterrupted")
        for number in count(1, self.every):
            directory = root / f"{self.name}-{number}"
            outcome = trial.attempt(expected, self.faults(number), directory)
            if outcome.struck == 0 and not outcome.problems:
                break
            yield f"{self.name} {number}", outcome


@dataclass(frozen=True)
class GroupTrial:
    """A group, and the command by which it is begun."""

    group: Group
    first: Sequence[str]

    def uninterrupted(self, directory: Path) -> Mapping[str, str]:
        """Return the digests of all that a group leaves that nothing struck."""
        directory.mkdir()
        ended = children.run(self.first, directory)
        assert ended.code == 0, ended.said
        document = json.loads((directory / self.group.directory / self.group.record).read_text())
        assert document["status"] == "finished"
        assert [result["run"] for result in document["results"]] == [*self.group.members]
        return self.digests(directory)

    def attempt(
        self, expected: Mapping[str, str], faults: Iterable[Fault], directory: Path
    ) -> Outcome:
        """Let the faults strike one command after another, then let a command end."""
        directory.mkdir()
        struck, problems = 0, list[str]()
        for fault in faults:
            ended = children.run(self.command(directory), directory, fault)
            struck += bool(ended.struck)
            if ended.code not in FAULTS[fault.name].endings or "Traceback" in ended.said:
                problems.append(f"{fault}: ended with {ended.code}: {ended.said[-MOST_SAID:]!r}")
        if not problems:
            problems += self.final_problems(expected, directory)
        if not problems:
            shutil.rmtree(directory)
        return Outcome(struck, tuple(problems))

    def command(self, directory: Path) -> Sequence[str]:
        """Return what a user would do now."""
        begun = (directory / self.group.directory / self.group.record).exists()
        return self.group.resume if begun else self.first

    def final_problems(self, expected: Mapping[str, str], directory: Path) -> Iterator[str]:
        """Let a command end, and yield what is wrong then."""
        ended = children.run(self.command(directory), directory)
        if ended.code != 0:
            yield f"at the end: ended with {ended.code} and said {ended.said[-MOST_SAID:]!r}"
            return
        names = sorted(path.name for path in (directory / RUNS).iterdir() if visible(path))
        if names != [self.group.name]:
            yield f"at the end: there stand {', '.join(names)}"
        found = self.digests(directory)
        yield from (
            f"at the end: {name} has other bytes"
            for name in expected
            if found[name] != expected[name]
        )
        for member in self.members(directory):
            yield from (f"at the end: {member.name}: {what}" for what in leftovers(member))

    def digests(self, directory: Path) -> dict[str, str]:
        """Return the digest of each file that must come out alike, "" where one is missing."""
        of_all = digest(directory / self.group.directory / self.group.record)
        members = self.members(directory)
        of_members = {f"{path.name}/{n}": digest(path / n) for path in members for n in ALIKE}
        return {self.group.record: of_all, **of_members}

    def members(self, directory: Path) -> list[Path]:
        """Return where the members stand."""
        return [directory / self.group.directory / name for name in self.group.members]
