"""Groups of runs beside one another: do they differ by more than their members do by chance?

comparison = compare_groups([Path("runs/a-seeds/seeds.json"), Path("runs/b-seeds/seeds.json")])
comparison.document["metrics"][0]["differences"]
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnctl.analysis.compared_groups import ComparedGroup, open_groups
from nnctl.analysis.compared_runs import ComparedRun
from nnctl.analysis.comparing import (
    facts_of_data,
    facts_of_environment,
    has_one_loss,
    name_of_set,
    nameless,
    weigh_alike,
)
from nnctl.analysis.differing import different
from nnctl.analysis.group_differences import Difference, difference_of_means, paired_difference
from nnctl.analysis.same_rows import is_same_file, share_rows
from nnctl.plots.groups import Panel, groups_figure
from nnctl.runs.catalogue import SETS
from nnctl.training.metrics import DIRECTIONS
from nnctl.training.spread import SPREAD_AND_RANGE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FOLD = "fold"
SHARED_ROWS = ("train", "test")  # of folds: rows of one's training set are another's test rows


@dataclass(frozen=True, eq=False)
class GroupComparison:
    """Some groups beside one another; `document` is ready for JSON."""

    groups: Sequence[ComparedGroup]
    document: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Beside:
    """A group beside the reference: which members belong together, and whose rows are the same."""

    reference: ComparedGroup
    other: ComparedGroup
    common: tuple[int, ...]  # members that are finished in both
    same_rows: Mapping[str, bool | None]  # of each set; None where it is not known

    @property
    def members_pair_up(self) -> bool:
        """Whether the same members were to be trained on both sides, and some were."""
        return {*self.reference.planned} == {*self.other.planned} and bool(self.common)

    @property
    def has_other_folds(self) -> bool:
        """Whether both are of the same rows, which are only divided otherwise."""
        first, second = self.reference.first, self.other.first
        known = all("test" in run.split for run in (first, second))
        divided = self.reference.part == FOLD and self.same_rows.get("test") is not True
        return divided and known and is_same_file(first, second, "test")

    def measures_alike(self, rows: str) -> bool:
        """Whether both sides were measured on rows by which they can be compared.

        A fold is tested on its own rows, and all of them together on those of the file.
        """
        return self.same_rows.get(rows) is True or (rows == "test" and self.has_other_folds)

    @property
    def runs(self) -> list[ComparedRun]:
        """All that count, of both sides."""
        return [*self.reference.finished.values(), *self.other.finished.values()]

    @property
    def weighs_alike(self) -> bool:
        """Whether rows count alike on both sides."""
        return weigh_alike(self.runs)

    def is_comparable(self, metric: str) -> bool:
        """Whether both sides measured the same thing, and not only something called the same."""
        rows, _, measure = metric.partition("_")
        if measure not in DIRECTIONS or not self.measures_alike(rows) or not self.weighs_alike:
            return False
        return measure != "loss" or has_one_loss(self.runs, self.same_rows)

    def difference(self, metric: str) -> Difference | None:
        """Return how far apart the means of a metric are; None where that says nothing."""
        if not self.is_comparable(metric):
            return None
        values = [values_of(group, metric) for group in (self.reference, self.other)]
        if not all(values) or not all(map(math.isfinite, chain(*(v.values() for v in values)))):
            return None
        overlaps = overlap_of(self.reference), overlap_of(self.other)
        if self.members_pair_up and self.same_rows.get(name_of_set(metric)) is True:
            one, another = ([each[number] for number in self.common] for each in values)
            return paired_difference(one, another, max(overlaps))
        one, another = ([*each.values()] for each in values)
        return difference_of_means(one, another, overlaps)


def compare_groups(files: Sequence[Path]) -> GroupComparison:
    """Compare groups of one kind, each of the others with the first.

    `files` are those that make them groups. Raises RunError for what is damaged, or without a
    finished member.
    """
    groups, notes = open_groups(files)
    pairs = [beside(groups[0], other) for other in groups[1:]]
    firsts = [group.first for group in groups]
    document = {
        "groups": [about(group) for group in groups],
        "reference": groups[0].label,
        "metrics": [*metrics_of(groups, pairs)],
        "same_rows": {pair.other.label: dict(pair.same_rows) for pair in pairs},
        "data": different(facts_of_data(run) for run in firsts),
        "config": different(nameless(group.config) for group in groups),
        "environment": different(facts_of_environment(run) for run in firsts),
        "notes": [*dict.fromkeys(notes), *remarks(groups, pairs)],
    }
    return GroupComparison(groups, document)


def draw_group_comparison(comparison: GroupComparison) -> Figure:
    """Return the figure of what all members reached, with the means of their groups."""
    groups, rows = comparison.groups, telling(comparison.document["metrics"])
    # What cannot be compared is not put on one scale, unless there is nothing else.
    panels = [panel_of(row, groups) for row in rows if row["differences"]]
    panels = panels or [panel_of(row, groups) for row in rows]
    title = f"{len(groups)} groups: each {groups[0].part}, mean and one standard deviation"
    return groups_figure([group.label for group in groups], panels, title)


def panel_of(row: Mapping[str, Any], groups: Sequence[ComparedGroup]) -> Panel:
    """Return a metric as it is drawn, where some can be compared without the others."""
    differences = row["differences"]
    comparable = {groups[0].label, *(each["group"] for each in differences)}
    values = [
        {int(n): v for n, v in each["values"].items()}
        if group.label in comparable or not differences
        else {}
        for group, each in zip(groups, row["groups"], strict=True)
    ]
    paired = bool(differences) and all(each["paired"] for each in differences)
    return Panel(row["metric"], values, paired)


def about(group: ComparedGroup) -> dict[str, Any]:
    """Return what is said of a group alone."""
    return {
        "label": group.label,
        "run": str(group.path),
        "kind": group.kind,
        "status": group.status,
        "members": len(group.planned),
        "finished": len(group.finished),
        "parameters": parameters_of(group.first),
    }


def parameters_of(run: ComparedRun) -> int | None:
    """Return how many numbers a run's network has learnt; None where it cannot be read."""
    return None if run.model is None else len(run.model.network.parameters)


def beside(reference: ComparedGroup, other: ComparedGroup) -> Beside:
    """Hold a group beside the reference."""
    here, there = reference.finished, other.finished
    common = tuple(number for number in here if number in there)
    # All seeds have the same rows in the same sets; each fold has its own.
    couples = [(here[number], there[number]) for number in common]
    if reference.part != FOLD:
        couples = [(reference.first, other.first)]
    sets = [name for name in SETS if any(len(run.split.get(name, ())) for run in chain(*couples))]
    same = {name: all_agree(share_rows(couple, name) for couple in couples) for name in sets}
    return Beside(reference, other, common, same)


def all_agree(answers: Iterable[bool | None]) -> bool | None:
    """Whether all are True; None where that is not known."""
    known = [*answers]
    if False in known:
        return False
    return None if None in known or not known else True


def values_of(group: ComparedGroup, metric: str) -> dict[int, float]:
    """Return what each finished member reached; NaN where that is not finite or not known."""
    values = {number: run.values().get(metric) for number, run in group.finished.items()}
    if all(value is None for value in values.values()):
        return {}
    return {number: math.nan if value is None else value for number, value in values.items()}


def overlap_of(group: ComparedGroup) -> float:
    """Return the test rows over the training rows of folds, whose training rows are shared."""
    if group.part != FOLD:
        return 0.0
    counts = [
        [len(run.split.get(name, ())) for name in SHARED_ROWS] for run in group.finished.values()
    ]
    train, test = (sum(each) for each in zip(*counts, strict=True))
    return test / train if train else 0.0


def metrics_of(
    groups: Sequence[ComparedGroup], pairs: Sequence[Beside]
) -> Iterator[dict[str, Any]]:
    """Yield each metric that some group has: what it is in each, and the differences."""
    runs = [run for group in groups for run in group.finished.values()]
    names = dict.fromkeys(name for run in runs for name in run.values() if is_of_a_set(name))
    for name in sorted(names, key=lambda name: SETS.index(name_of_set(name))):
        differences = [(pair.other.label, pair.difference(name)) for pair in pairs]
        yield {
            "metric": name,
            "direction": DIRECTIONS.get(name.partition("_")[2]),
            "groups": [spread_of(values_of(group, name)) for group in groups],
            "differences": [told(label, each) for label, each in differences if each is not None],
        }


def is_of_a_set(metric: str) -> bool:
    """Whether a metric is measured on rows of one of the sets."""
    return name_of_set(metric) in SETS


def spread_of(values: Mapping[int, float]) -> dict[str, Any]:
    """Return what a group's values are together, and each of them by its member's number."""
    return {
        "n": len(values),
        **{
            key: statistic([*values.values()]) if values else None
            for key, statistic in SPREAD_AND_RANGE.items()
        },
        "values": {str(number): value for number, value in values.items()},
    }


def told(label: str, difference: Difference) -> dict[str, Any]:
    """Return a difference for JSON."""
    return {
        "group": label,
        "difference": difference.value,
        "standard_error": difference.standard_error,
        "paired": difference.pairs is not None,
        "pairs": difference.pairs,
        "degrees_of_freedom": difference.degrees_of_freedom,
        "told_apart": difference.told_apart,
        "clear_from": difference.clear_from,
    }


def telling(metrics: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the metrics of the rows that say most: of the test set, where there is one."""
    first = name_of_set(metrics[0]["metric"]) if metrics else ""
    return [row for row in metrics if name_of_set(row["metric"]) == first]


def remarks(groups: Sequence[ComparedGroup], pairs: Sequence[Beside]) -> Iterator[str]:
    """Yield what a person should know before believing a difference."""
    for group in groups:
        if group.unfinished:
            statuses = (f"{group.part} {n} ({how})" for n, how in group.unfinished.items())
            yield f"{group.label}: not counted: {', '.join(statuses)}"
    for pair in pairs:
        yield from remarks_on(pair)


def remarks_on(pair: Beside) -> Iterator[str]:
    """Yield what is to be known of one group beside the reference."""
    names = f"{pair.reference.label} and {pair.other.label}"
    for rows, same in pair.same_rows.items():
        if same is None:
            yield f"whether the {rows} rows of {names} are the same is not known"
        elif not pair.measures_alike(rows):
            yield f"the {rows} rows of {names} differ: {rows} metrics cannot be compared"
    if not pair.weighs_alike:
        yield f"the rows of {names} have other weights: no metrics can be compared"
        return
    alike = [rows for rows in pair.same_rows if pair.measures_alike(rows)]
    if alike and not any(pair.is_comparable(f"{rows}_loss") for rows in alike):
        yield f"the losses of {names} are not measured alike, and cannot be compared"
    if pair.has_other_folds:
        yield f"{names} have other folds of the same rows: their means are compared, and no pairs"
    dropped = {*pair.reference.finished} ^ {*pair.other.finished}
    if pair.members_pair_up and dropped:
        some, part = ", ".join(map(str, sorted(dropped))), pair.reference.part
        told = f"{part} {some} is" if len(dropped) == 1 else f"{part}s {some} are each"
        yield f"{names}: {told} finished in one alone; differences are those of the pairs"
