"""All that a page says of a seed series or a cross-validation: its members, and what they share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nnctl.analysis.compared_groups import PLANNED, ComparedGroup, open_groups
from nnctl.analysis.comparing import name_of_set
from nnctl.analysis.comparing_groups import FOLD, is_of_a_set, values_of
from nnctl.analysis.pictures import Picture
from nnctl.analysis.report import MOST_CHARACTERS
from nnctl.analysis.report_encoding import encoded
from nnctl.analysis.report_parts import Cell, ReportPicture, ReportTable, counted
from nnctl.analysis.report_subject import recorded
from nnctl.analysis.report_summary import bounds_of, environment_section
from nnctl.errors import printable
from nnctl.plots.band import band_figure
from nnctl.plots.groups import Panel, groups_figure
from nnctl.runs.catalogue import SETS
from nnctl.runs.directory import find_group
from nnctl.runs.json_file import read_json
from nnctl.training.spread import SPREAD_AND_RANGE, mean

SECTIONS = (
    ("summary", "Summary"),
    ("members", "Members"),
    ("history", "History"),
    ("config", "Config"),
    ("environment", "Environment"),
)
# What the members of a group share, and what its spread therefore says.
MEANINGS = {
    "seed": "All seeds have the same rows in the same sets, and differ in initial weights, shuffles"
    " and dropout: the spread is what these do, and another split may move all of them alike.",
    FOLD: "Each fold in turn is the test set of a network that is trained on the others. The spread"
    " says how much folds differ. It is no error of the mean: the folds share training rows.",
}
STATISTICS = {
    "mean": "mean",
    "sample_standard_deviation": "standard deviation (n - 1)",
    "minimum": "minimum",
    "maximum": "maximum",
}


def reported_group(reference: str | None, runs_dir: Path) -> Path | None:
    """Return the file that makes the named directory a group with a page; None for all else."""
    file = None if reference is None else find_group(reference, runs_dir)
    return file if file is not None and file.name in PLANNED else None


def group_document(file: Path) -> dict[str, Any]:
    """Return what `report_group.html.j2` shows of a group, `file` being what makes it one.

    The same group gives the same document. Raises RunError for one that is damaged, or of which
    nothing is finished.
    """
    ((group,), notes) = open_groups([file])
    bars = recorded(read_json(file), "expect")
    return {
        "name": group.label,
        "sections": [{"id": name, "title": title} for name, title in SECTIONS],
        "summary": {
            "sentences": [what_it_is(group), MEANINGS[group.part]],
            "notes": [*dict.fromkeys(notes), *unfinished(group)],
            "spread": spread_table(group),
            "expect": expect_table(bars),
            "baselines": baselines_table(group),
            "picture": picture_of_members(group),
        },
        "members": {"table": members_table(group), "example": str(group.first.run.path)},
        "history": picture_of_history(group),
        "config": config_section(group),
        "environment": environment_section(group.first.record),
    }


def what_it_is(group: ComparedGroup) -> str:
    """Return a sentence about how many members there are, and what they reached."""
    finished = counted(len(group.finished), group.part)
    of_all = "" if not group.unfinished else f" of {len(group.planned)}"
    name = result_of(group)
    if name is None:
        return f"A {group.kind} of {finished}{of_all}."
    value = mean([*values_of(group, name).values()])
    return f"A {group.kind} of {finished}{of_all}: `{name}` is {value:.4g} on average."


def result_of(group: ComparedGroup) -> str | None:
    """Return the metric that says most: of the rows seen least, before their loss."""
    names = telling_metrics(group)
    return next((name for name in names if not name.endswith("_loss")), next(iter(names), None))


def telling_metrics(group: ComparedGroup) -> list[str]:
    """Return the metrics of the rows that say most: of the test set, where there is one."""
    names = metrics_of(group)
    return [name for name in names if name_of_set(name) == name_of_set(names[0])]


def metrics_of(group: ComparedGroup) -> list[str]:
    """Return all metrics of the finished members, those of the rows seen least first."""
    values = [run.values() for run in group.finished.values()]
    names = dict.fromkeys(name for each in values for name in each if is_of_a_set(name))
    return sorted(names, key=lambda name: SETS.index(name_of_set(name)))


def unfinished(group: ComparedGroup) -> Iterator[str]:
    """Yield which members do not count, and why."""
    for number, status in group.unfinished.items():
        yield f"{group.part} {number} is not counted: {status}"


def spread_table(group: ComparedGroup) -> ReportTable:
    """Return what is said of each metric over the finished members."""
    rows: list[Sequence[Cell]] = []
    for name in metrics_of(group):
        values = [*values_of(group, name).values()]
        rows.append([name, *(SPREAD_AND_RANGE[key](values) for key in STATISTICS)])
    caption = f"Over {counted(len(group.finished), group.part)}, with the best weights of each"
    return ReportTable(caption, ("metric", *STATISTICS.values()), rows)


def expect_table(bars: Any) -> ReportTable | None:
    """Return what was expected of the mean, what it is, and whether that is enough."""
    known = [bar for bar in bars if isinstance(bar, Mapping)] if isinstance(bars, list) else []
    rows = [
        (bar["metric"], bounds_of(bar), bar["value"], "met" if bar["met"] else "missed")
        for bar in known
        if {"metric", "min", "max", "value", "met"} <= bar.keys()
    ]
    columns = ("metric", "expected of the mean", "reached", "verdict")
    return ReportTable("What the config expects", columns, rows) if rows else None


def baselines_table(group: ComparedGroup) -> ReportTable | None:
    """Return the means of the networks beside those of simpler models, on the same rows."""
    of_members = [recorded(run.summary or {}, "baselines") for run in group.finished.values()]
    known = [each for each in of_members if isinstance(each, Mapping) and each]
    names = [*known[0]] if len(known) == len(of_members) else []
    rows: list[Sequence[Cell]] = []
    for metric in telling_metrics(group):
        simpler = [[recorded(each, name, metric) for each in known] for name in names]
        if all(isinstance(value, (int, float)) for values in simpler for value in values):
            means = (mean([float(value) for value in values]) for values in simpler)
            rows.append([metric, mean([*values_of(group, metric).values()]), *means])
    columns = ("metric", "network", *names)
    return ReportTable("Means beside simpler models", columns, rows) if names and rows else None


def members_table(group: ComparedGroup) -> ReportTable:
    """Return a line for each member: its directory, how it went, and what it reached."""
    metrics, finished = telling_metrics(group), group.finished
    rows: list[Sequence[Cell]] = []
    for number in group.planned:
        run = group.members.get(number)
        name = f"{group.part}-{number}"
        if run is None:
            rows.append([name, "not begun", None, None, *(None for _ in metrics)])
            continue
        values = run.values() if number in finished else {}
        reached = (values.get(name) for name in metrics)
        rows.append([name, run.status, run.epochs, run.best_epoch, *reached])
    columns = (group.part, "status", "epochs", "best epoch", *metrics)
    return ReportTable("The runs, in the order of their training", columns, rows)


def picture_of_members(group: ComparedGroup) -> ReportPicture | None:
    """Return the picture of what each member reached; None where there is nothing to draw."""
    names = telling_metrics(group)
    if not names:
        return None
    panels = [Panel(name, [values_of(group, name)], False) for name in names]
    name = counted(len(group.finished), group.part)
    figure = groups_figure([name], panels, f"{group.label}: each {group.part}")
    title = f"What each {group.part} reached, their mean and one standard deviation to each side"
    return encoded("members", title, Picture(figure), title)


def picture_of_history(group: ComparedGroup) -> ReportPicture | None:
    """Return the histories of all finished members as one picture; None where there is none."""
    histories = [run.history for run in group.finished.values() if run.epochs]
    if not histories:
        return None
    title = f"The epochs of {counted(len(histories), group.part)}, their mean and its band"
    figure = band_figure(histories, f"{group.label}: {len(histories)} {group.part}s", group.part)
    return encoded("history", title, Picture(figure), title)


def config_section(group: ComparedGroup) -> dict[str, Any]:
    """Return the config that all members share."""
    try:
        text = (group.path / "config.yaml").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return {"text": "", "notes": [f"config.yaml cannot be read ({printable(error)})"]}
    notes = []
    if len(text) > MOST_CHARACTERS:
        notes.append(f"shown are the first {MOST_CHARACTERS:,} of {len(text):,} characters")
    return {"text": text[:MOST_CHARACTERS], "notes": notes}
