"""What a page says first and last of a run: how it went, and what it was made with."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from nnctl.analysis.report_parts import Cell, ReportTable, counted, duration
from nnctl.analysis.report_subject import Subject, recorded
from nnctl.training.inference import Model
from nnctl.training.own_rows import SET_NAMES

# Of a training that has not come to its end: what a page says of it.
ENDINGS = {
    "running": "It was still being trained when this page was made, after {epochs}.",
    "killed": "Its process was killed after {epochs}; `nnctl resume` goes on.",
    "interrupted": "It was interrupted after {epochs}; `nnctl resume` goes on.",
    "trained": "It was trained for {epochs}, and not summed up; `nnctl resume` does that.",
    "diverged": "Training diverged: after {epochs}, a number was not finite any more.",
    "failed": "Training failed after {epochs}; `nnctl resume` goes on.",
    "pruned": "Its sweep ended it early, after {epochs}: others promised more.",
}
DIGEST_LENGTH = 16  # digits of a fingerprint that a reader compares


def seeds_of(model: Model) -> str:
    """Return the seed, and the other one of initial weights and shuffles where there is one."""
    of_data, of_training = model.config.seed, model.config.training_seed
    differs = of_data != of_training
    return f"{of_data} of the rows, {of_training} of training" if differs else str(of_data)


def summary_section(subject: Subject, n_findings: int) -> dict[str, Any]:
    """Return what the run is, how it ended and what it reached."""
    case, model = subject.case, subject.model
    rows = [f"{count:,} {name}" for name, count in subject.counts.items() if count]
    facts: list[tuple[str, Cell]] = [
        ("Status", case.status),
        ("Best epoch", f"{model.epoch:,} of {case.epoch:,}"),
        ("Rows", ", ".join(rows)),
        ("Parameters", f"{len(model.network.parameters):,} in {model.network.dtype.name}"),
        ("Seed", seeds_of(model)),
        ("Duration", duration(subject.recorded("seconds"))),
    ]
    fold = subject.recorded("data", "fold")
    if fold is not None:
        facts.append(("Cross-validation", f"fold {fold} of {subject.recorded('data', 'folds')}"))
    return {
        "sentences": [what_it_does(subject), how_it_ended(subject)],
        "facts": facts,
        "findings": n_findings,
        "best": best_table(case.summary, model.epoch),
        "expect": expect_table(case.summary),
        "missed": [bar for bar in expected(case.summary) if not bar["met"]],
        "notes": [*dict.fromkeys((*case.notices, *notices_of_rows(subject)))],
    }


def what_it_does(subject: Subject) -> str:
    """Return a sentence about the network's task."""
    preprocessing, network = subject.model.preprocessing, subject.model.network
    n_hidden = len(network.layers) - 1
    depth = counted(n_hidden, "hidden layer") if n_hidden else "no hidden layer"
    features = counted(len(preprocessing.features), "feature")
    targets = ", ".join(f"`{name}`" for name in preprocessing.targets)
    if preprocessing.task == "classification":
        classes = counted(len(preprocessing.classes), "class", "classes")
        return f"A network with {depth} that tells apart {classes} of {targets} by {features}."
    return f"A network with {depth} that estimates {targets} from {features}."


def how_it_ended(subject: Subject) -> str:
    """Return a sentence about the end of the training."""
    case = subject.case
    epochs, summary = counted(case.epoch, "epoch"), case.summary
    if summary is None:
        if case.status not in ENDINGS:
            return f"Its status is {case.status} after {epochs}."
        return ENDINGS[case.status].format(epochs=epochs)
    monitor = f"`{summary['monitor']}`"
    if summary["stopped_early"]:
        return f"Training stopped early after {epochs}, since {monitor} no longer improved."
    return f"Training went on for {epochs}; the best epoch is told by {monitor}."


def notices_of_rows(subject: Subject) -> list[str]:
    """Return what a reader should know of the run's rows."""
    if not subject.rows:
        told = (
            f"the run's rows cannot be read, and what needs them is left out: {subject.why_no_rows}"
        )
        return [told]
    return [notice for own in subject.rows.values() for notice in own.notices]


def best_table(summary: Mapping[str, Any] | None, epoch: int) -> ReportTable | None:
    """Return each set's loss and metrics, as summary.json has them."""
    if summary is None:
        return None
    best = summary["best"]
    sets = [name for name in SET_NAMES if f"{name}_loss" in best]
    metrics = dict.fromkeys(key.split("_", 1)[1] for key in best)
    rows = [(metric, *(best.get(f"{name}_{metric}") for name in sets)) for metric in metrics]
    return ReportTable(f"Weights of epoch {epoch:,} on each set", ("metric", *sets), rows)


def expected(summary: Mapping[str, Any] | None) -> Sequence[Mapping[str, Any]]:
    """Return the bars of `expect:`, with what was reached."""
    return () if summary is None else summary["expect"]


def expect_table(summary: Mapping[str, Any] | None) -> ReportTable | None:
    """Return what was expected, what was reached, and whether that is enough."""
    rows = [
        (bar["metric"], bounds_of(bar), bar["value"], "met" if bar["met"] else "missed")
        for bar in expected(summary)
    ]
    columns = ("metric", "expected", "reached", "verdict")
    return ReportTable("What the config expects", columns, rows) if rows else None


def bounds_of(bar: Mapping[str, Any]) -> str:
    """Return `at least 0.9 and at most 0.95`."""
    words = {"min": "at least", "max": "at most"}
    return " and ".join(f"{words[key]} {bar[key]:g}" for key in words if bar[key] is not None)


def environment_section(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what run.json says a run was made with; no path but the command's, no host's name."""
    environment = recorded(record, "environment") or {}
    known = environment if isinstance(environment, Mapping) else {}
    system = str(known.get("platform") or "").partition("-")[0]
    processors = known.get("processors")
    machine = ", ".join(
        filter(
            None,
            [
                " on ".join(filter(None, [system, str(known.get("machine") or "")])),
                counted(processors, "processor") if isinstance(processors, int) else "",
            ],
        )
    )
    facts: list[tuple[str, Cell]] = [
        ("nnctl", known.get("nnctl")),
        ("Python", known.get("python")),
        ("NumPy", known.get("numpy")),
        ("Linear algebra", known.get("blas")),
        ("Machine", machine),
        ("BLAS threads", recorded(record, "threads")),
        ("Git commit", known.get("git_commit")),
        ("Started", moment(recorded(record, "started"))),
        ("Ended", moment(recorded(record, "ended"))),
    ]
    return {
        "facts": facts,
        "command": command_of(recorded(record, "command")),
        "resumed": resumed_table(recorded(record, "resumed")),
        "fingerprints": fingerprints_table(recorded(record, "data", "fingerprints")),
    }


def moment(text: Any) -> str | None:
    """Return a time of run.json as a person reads it.

    >>> moment("2026-11-22T13:35:34.406+00:00")
    '2026-11-22 13:35:34 UTC'
    """
    if not isinstance(text, str):
        return None
    return text.replace("T", " ", 1).partition(".")[0] + " UTC"


def command_of(words: Any) -> str | None:
    """Return a command line as one would write it; of the program its name alone."""
    if not isinstance(words, list) or not words:
        return None
    program, *arguments = map(str, words)
    return shlex.join([PurePath(program).name, *arguments])


def resumed_table(entries: Any) -> ReportTable | None:
    """Return when training went on, and what was changed then."""
    if not isinstance(entries, list) or not entries:
        return None
    rows = [
        (moment(entry.get("at")), entry.get("epoch"), entry.get("batch"), changes_of(entry))
        for entry in entries
        if isinstance(entry, Mapping)
    ]
    return ReportTable("When training went on", ("at", "epoch", "batch", "changes"), rows)


def changes_of(entry: Mapping[str, Any]) -> str:
    """Return which keys of the config a resumption changed."""
    changes = entry.get("changes")
    if not isinstance(changes, Mapping):
        return ""
    return ", ".join(f"{key}: {' → '.join(map(str, pair))}" for key, pair in changes.items())


def fingerprints_table(fingerprints: Any) -> ReportTable | None:
    """Return what tells the data apart from any other."""
    if not isinstance(fingerprints, Mapping):
        return None
    rows = [
        (key, known.get("rows"), len(known["columns"]), digest_of(known))
        for key, known in fingerprints.items()
        if isinstance(known, Mapping) and isinstance(known.get("columns"), Mapping)
    ]
    columns = ("data", "rows", "columns", f"SHA-256, first {DIGEST_LENGTH} digits")
    return ReportTable("Fingerprints of the data", columns, rows) if rows else None


def digest_of(known: Mapping[str, Any]) -> str:
    """Return the beginning of a fingerprint's digest."""
    return str(known.get("sha256", ""))[:DIGEST_LENGTH]
