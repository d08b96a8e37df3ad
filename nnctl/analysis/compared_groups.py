"""Groups of runs that are held beside one another: seed series, or cross-validations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnctl.analysis.compared_runs import ComparedRun, open_runs
from nnctl.config import config_to_dict, load_config
from nnctl.errors import NnctlError, Problem, RunError, UsageError
from nnctl.runs.catalogue import entries_at
from nnctl.runs.directory import (
    CROSS_VALIDATION,
    GROUPS,
    SEEDS,
    SWEEP,
    RunDirectory,
    find_group,
    find_run,
    list_runs,
)
from nnctl.runs.json_file import read_json

# The file that makes it a group -> the numbers that its members are to have.
PLANNED: dict[str, Callable[[Mapping[str, Any]], Iterable[int]]] = {
    SEEDS: lambda record: map(int, record["seeds"]),
    CROSS_VALIDATION: lambda record: range(1, int(record["folds"]) + 1),
}


@dataclass(frozen=True, eq=False)
class ComparedGroup:
    """A group as its files describe it."""

    path: Path
    label: str
    kind: str  # what it is called
    part: str  # what its members are called
    status: str
    planned: tuple[int, ...]  # numbers of its members, which may not all stand there
    members: Mapping[int, ComparedRun]
    config: Mapping[str, Any]  # of which each member's is made

    @property
    def finished(self) -> dict[int, ComparedRun]:
        """The members whose training came to its end, and which alone count."""
        return {n: run for n, run in self.members.items() if run.summary is not None}

    @property
    def unfinished(self) -> dict[int, str]:
        """What became of the others."""
        finished = self.finished
        return {
            n: self.members[n].status if n in self.members else "not begun"
            for n in self.planned
            if n not in finished
        }

    @property
    def first(self) -> ComparedRun:
        """A member that speaks for all where they do not differ."""
        return next(iter(self.finished.values()))


def named_groups(references: Sequence[str], runs_dir: Path) -> list[Path] | None:
    """Return the files that make the named directories groups; None where none of them is one.

    Raises UsageError for what cannot be held beside one another, RunError where there is no run.
    """
    files = [None if name == "latest" else find_group(name, runs_dir) for name in references]
    groups = [file for file in files if file is not None]
    if not groups:
        return None
    for file in groups:
        if file.name == SWEEP:
            raise UsageError(Problem(WHY_NO_SWEEP.format(trial=best_trial(file)), str(file.parent)))
    singles = [name for name, file in zip(references, files, strict=True) if file is None]
    if singles:
        run = find_run(singles[0], runs_dir)
        raise UsageError(Problem(why_no_mixture(groups[0], run), str(run.path)))
    require_alike(groups)
    return groups


WHY_NO_SWEEP = (
    "is a sweep, whose trials differ on purpose, so that their mean says nothing; name single "
    "trials, such as {trial}, or train the best config with --seeds and name that"
)


def best_trial(file: Path) -> Path:
    """Return the best trial of a sweep, or any, or where one is to be."""
    best = read_json(file).get("best")
    if isinstance(best, Mapping):
        return file.parent / str(best.get("run"))
    runs = list_runs(file.parent)
    return runs[0].path if runs else file.parent / "trial-001"


def why_no_mixture(group: Path, run: RunDirectory) -> str:
    """Return why a run and a group are not held beside one another, and what to do."""
    whole, part = GROUPS[group.name]
    members = list_runs(group.parent)
    such = f", such as {members[0].path}" if members else ""
    return (
        f"is a run, and {group.parent} a {whole}: one run does not say how much runs differ; name "
        f"a {part} of it{such}, or a {whole} in place of {run.path}"
    )


def require_alike(files: Sequence[Path]) -> None:
    """Raise UsageError unless these are two groups or more, and of one kind."""
    paths = [file.parent.resolve() for file in files]
    for file, path in zip(files, paths, strict=True):
        if paths.count(path) > 1:
            raise UsageError(
                f"a group cannot be compared with itself (received {file.parent} twice)"
            )
    if len(files) < 2:
        raise UsageError("to compare takes two groups or more; `nnctl runs show` shows one")
    first, *others = files
    for other in others:
        if other.name != first.name:
            here, there = GROUPS[first.name].whole, GROUPS[other.name].whole
            message = f"{other.parent} is a {there} and {first.parent} a {here}: what differs among"
            raise UsageError(
                f"{message} the runs of one is held fixed in the other; name groups of one kind"
            )


def open_groups(files: Sequence[Path]) -> tuple[list[ComparedGroup], list[str]]:
    """Return what is known of each group, and a sentence for all that is not.

    Raises RunError where the file about a group is damaged, or none of its members is finished.
    """
    names = Counter(file.parent.absolute().name for file in files)
    groups, notes = [], []
    for file in files:
        name = file.parent.absolute().name
        group, said = open_group(file, name if names[name] == 1 else str(file.parent))
        groups.append(group)
        notes += said
    return groups, notes


def open_group(file: Path, label: str) -> tuple[ComparedGroup, list[str]]:
    """Return what is known of one group, and a sentence for all that is not."""
    path, (whole, part) = file.parent, GROUPS[file.name]
    try:
        planned = tuple(PLANNED[file.name](read_json(file)))
    except (LookupError, TypeError, ValueError) as error:
        message = f"is damaged: it does not say which {part}s there are ({error}); restore it"
        raise RunError(Problem(message, str(file))) from error
    places = {number: RunDirectory(path / f"{part}-{number}") for number in planned}
    present = {number: run for number, run in places.items() if run.run_json.is_file()}
    runs, notes = open_runs([*present.values()])
    status = next(entries_at(path)).status
    members = dict(zip(present, runs, strict=True))
    config, said = config_of_group(path, runs)
    group = ComparedGroup(path, label, whole, part, status, planned, members, config)
    if not group.finished:
        raise RunError(Problem(why_nothing_counts(group), str(path)))
    return group, [*notes, *said]


def config_of_group(path: Path, runs: Sequence[ComparedRun]) -> tuple[Mapping[str, Any], list[str]]:
    """Return the config that all members share, else that of one, and why it is that one's."""
    try:
        return config_to_dict(load_config(path / "config.yaml")), []
    except NnctlError as error:
        return runs[0].config if runs else {}, [str(problem) for problem in error.problems]


def why_nothing_counts(group: ComparedGroup) -> str:
    """Return why a group has no finished member, and what to do."""
    if {*group.unfinished.values()} == {"diverged"}:
        return f"has no {group.part} that is finished: all diverged; train with other settings"
    return f"has no {group.part} yet that is finished; go on with `nnctl resume {group.path}`"
