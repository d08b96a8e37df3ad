"""What a page says of the results: the history, the test beside the baselines, the diagnosis."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from nnctl.analysis.case import attempted
from nnctl.analysis.findings import Diagnosis, Finding
from nnctl.analysis.report_parts import NO_ROWS, Cell, ReportTable, counted, cut
from nnctl.analysis.report_subject import Subject
from nnctl.training.baselines import load_baselines
from nnctl.training.own_rows import SET_NAMES
from nnctl.training.reporting import Report, evaluate_tables

MOST_CLASSES = 100
MOST_FINDINGS = 20
MOST_CLASSES_IN_CONFUSION = 12
BASELINES = {"classification": "majority class", "regression": "mean"}
SCORES = ("precision", "recall", "f1", "support")


def history_section(subject: Subject) -> dict[str, Any]:
    """Return the first, the best and the last epoch of the history."""
    case, best = subject.case, subject.model.epoch
    notes = []
    if case.halvings:
        times = counted(case.halvings, "time")
        notes = [f"training diverged, and the learning rate was halved {times}"]
    if not case.epoch:
        return {"table": None, "notes": notes}
    marked = {"first": 1, "best": best, "last": case.epoch}
    places = {
        f"epoch {epoch:,}, {name}": epoch - 1
        for name, epoch in marked.items()
        if 0 < epoch <= case.epoch
    }
    rows: list[tuple[Cell, ...]] = [
        (column, *(float(values[place]) for place in places.values()))
        for column, values in case.history.items()
        if column != "epoch"
    ]
    table = ReportTable("Three of the epochs", ("", *places), rows)
    return {"table": table, "notes": notes}


def test_section(subject: Subject) -> dict[str, Any]:
    """Return what `nnctl evaluate` measures, or what summary.json kept where no rows are there."""
    report, why = attempted(lambda: evaluated(subject))
    if report is None:
        section = summed_up(subject)
        section["notes"] = [why or NO_ROWS]
        return section
    assert subject.measured is not None
    measures, set_name = report.measures, subject.measured.set_name
    measures_table = beside_baselines(
        f"{counted(measures['rows'], 'row')} of the {set_name} set, weights of epoch "
        f"{subject.model.epoch:,}",
        {name: value for name, value in measures.items() if isinstance(value, float)},
        measures.get("baselines", {}),
        subject.model.preprocessing.task,
    )
    classes = subject.model.preprocessing.classes
    scores, fewer = class_scores(measures)
    return {
        "set": set_name,
        "measures": measures_table,
        "classes": scores,
        "confusion": confusion_table(measures.get("confusion"), classes),
        "matrix": measures.get("confusion"),
        "notes": [*report.notes, *fewer],
    }


def evaluated(subject: Subject) -> Report | None:
    """Measure the network and its baselines on the run's rows; None where they cannot be read."""
    if subject.measured is None:
        return None
    baselines = load_baselines(subject.run.baselines, subject.model)
    return evaluate_tables(subject.model, subject.portions, baselines)


def summed_up(subject: Subject) -> dict[str, Any]:
    """Return what summary.json says of the set that training saw least."""
    summary = subject.case.summary
    section: dict[str, Any] = {"set": None, "measures": None, "classes": None, "confusion": None}
    if summary is None:
        return section | {"matrix": None}
    set_name = next(name for name in reversed(SET_NAMES) if f"{name}_loss" in summary["best"])
    network = of_set(summary["best"], set_name)
    baselines = {name: of_set(values, set_name) for name, values in summary["baselines"].items()}
    task, confusion = subject.model.preprocessing.task, summary["confusion"] or {}
    caption = f"The {set_name} set, as it was measured at the end of the training"
    matrix = confusion.get("matrix")
    return section | {
        "set": set_name,
        "measures": beside_baselines(caption, network, baselines, task),
        "confusion": confusion_table(matrix, tuple(confusion.get("classes", ()))),
        "matrix": matrix,
    }


def of_set(values: Mapping[str, Any], set_name: str) -> dict[str, Any]:
    """Return a set's measures by the metrics' names."""
    start = f"{set_name}_"
    return {
        name.removeprefix(start): value for name, value in values.items() if name.startswith(start)
    }


def beside_baselines(
    caption: str,
    network: Mapping[str, Cell],
    baselines: Mapping[str, Mapping[str, Cell]],
    task: str,
) -> ReportTable:
    """Return the network's measures, and beside them those of simpler models."""
    names = [BASELINES[task] if name == "constant" else name for name in baselines]
    rows = [
        (metric, value, *(values.get(metric) for values in baselines.values()))
        for metric, value in network.items()
    ]
    return ReportTable(caption, ("metric", "network", *names), rows)


def class_scores(measures: Mapping[str, Any]) -> tuple[ReportTable | None, tuple[str, ...]]:
    """Return precision, recall, f1 and support of each class; None for a regression."""
    if "classes" not in measures:
        return None, ()
    rows = [(scores["name"], *(scores[key] for key in SCORES)) for scores in measures["classes"]]
    table = ReportTable("Each class", ("class", *SCORES), rows)
    return cut(table, MOST_CLASSES, "`nnctl evaluate --json` has all")


def confusion_table(matrix: Any, classes: tuple[str, ...]) -> ReportTable | None:
    """Return which classes were taken for which, where a table of that can still be read."""
    if not matrix or len(classes) > MOST_CLASSES_IN_CONFUSION:
        return None
    rows = [(name, *counts) for name, counts in zip(classes, matrix, strict=True)]
    caption = "Confusion: true classes in rows, predicted ones in columns"
    return ReportTable(caption, ("true \\ predicted", *classes), rows, square=True)


def diagnosis_section(diagnosis: Diagnosis, why_no_rows: str) -> dict[str, Any]:
    """Return what is wrong, with evidence and remedy; what is in order; what nobody can tell."""
    unknown = [
        (rule.name, NO_ROWS if answer.reason == why_no_rows else answer.reason)
        for rule, answer in diagnosis.unknown
    ]
    return {
        "findings": [
            {
                "rule": rule.name,
                "what": finding.what,
                "evidence": finding.evidence,
                "remedy": finding.remedy,
                "tries": tries(finding),
                "reference": rule.reference,
            }
            for rule, finding in diagnosis.findings[:MOST_FINDINGS]
        ],
        "further": max(0, len(diagnosis.findings) - MOST_FINDINGS),
        "healthy": [(rule.name, look.seen) for rule, look in diagnosis.in_order],
        "unknown": unknown,
    }


def tries(finding: Finding) -> list[str]:
    """Return the options of `nnctl train` that are worth a try, one line for each."""
    return [
        " ".join(f"--set {shlex.quote(setting)}" for setting in settings)
        for settings in finding.settings
    ]
