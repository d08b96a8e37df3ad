"""Runs beside one another: what they reached, and what was different about them.

comparison = compare([RunDirectory(Path("runs/iris")), RunDirectory(Path("runs/iris-2"))])
comparison.document["config"]   # [{"key": "optimizer.learning_rate", "values": [0.01, 0.1]}]
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from nnctl.analysis.compared_runs import ComparedRun, is_number, losses_of, open_runs
from nnctl.analysis.differing import different
from nnctl.analysis.same_rows import beside_the_best, fingerprint_of, path_of, share_rows
from nnctl.errors import UsageError
from nnctl.plots.comparison import Curve, comparison_figure
from nnctl.runs.catalogue import SETS
from nnctl.runs.directory import RunDirectory
from nnctl.training.metrics import DIRECTIONS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SMALLER_OR_LARGER = {"min": min, "max": max}


@dataclass(frozen=True, eq=False)
class RunComparison:
    """Some runs beside one another; `document` is ready for JSON."""

    runs: Sequence[ComparedRun]
    document: Mapping[str, Any]

    def curves(self) -> list[Curve]:
        """Return each run's losses over the epochs."""
        return [
            curve_of(run, loss) for run, loss in zip(self.runs, losses_of(self.runs), strict=True)
        ]


def curve_of(run: ComparedRun, loss: str) -> Curve:
    """Return a run's losses over the epochs."""
    keys = ("epoch", "train_loss", "validation_loss")
    epochs, train, validation = (np.array(run.history.get(key, ()), np.float64) for key in keys)
    return Curve(run.label, epochs, train, validation, run.best_epoch, loss)


def compare(directories: Sequence[RunDirectory]) -> RunComparison:
    """Compare two runs or more, each as far as it has come.

    Raises UsageError for fewer, or for one named twice, RunError for a damaged run.json.
    """
    require_different(directories)
    runs, notes = open_runs(directories)
    shared = {name: share_rows(runs, name) for name in present_sets(runs)}
    judged, unjudged = judge_all(runs, shared)
    document = {
        "runs": [about(run) for run in runs],
        "metrics": [*metrics_of(runs, shared)],
        "same_rows": shared,
        "data": different(facts_of_data(run) for run in runs),
        "config": different(nameless(run.config) for run in runs),
        "environment": different(facts_of_environment(run) for run in runs),
        "beside_the_best": judged,
        "notes": [*notes, *unjudged, *remarks(runs, shared, judged)],
    }
    return RunComparison(runs, document)


def draw_comparison(comparison: RunComparison) -> Figure:
    """Return the figure of all runs' losses, one over another."""
    return comparison_figure(comparison.curves(), f"{len(comparison.runs)} runs")


def require_different(directories: Sequence[RunDirectory]) -> None:
    """Raise UsageError unless these are two runs or more."""
    paths = [run.path.resolve() for run in directories]
    for run, path in zip(directories, paths, strict=True):
        if paths.count(path) > 1:
            raise UsageError(f"a run cannot be compared with itself (received {run.path} twice)")
    if len(paths) < 2:
        raise UsageError("to compare takes two runs or more; `nnctl runs show` shows one")


def about(run: ComparedRun) -> dict[str, Any]:
    """Return what is said of a run alone."""
    summary, model = run.summary or {}, run.model
    return {
        "label": run.label,
        "run": str(run.run.path),
        "status": run.status,
        "started": run.record.get("started"),
        "seconds": number_of(run.record, "seconds"),
        "epochs": run.epochs,
        "best_epoch": run.best_epoch,
        "stopped_early": summary.get("stopped_early"),
        "monitor": summary.get("monitor"),
        "parameters": None if model is None else len(model.network.parameters),
        "seed": number_of(run.record, "seed"),
    }


def number_of(record: Mapping[str, Any], key: str) -> Any:
    """Return a number of run.json; None where it has none."""
    value = record.get(key)
    return value if is_number(value) else None


def present_sets(runs: Sequence[ComparedRun]) -> list[str]:
    """Return the sets of which some run has rows; all, where some run does not say."""
    return [
        name
        for name in SETS
        if any(len(run.split.get(name, ())) for run in runs)
        or any(name_of_set(metric) == name for run in runs for metric in run.values())
    ]


def name_of_set(metric: str) -> str:
    """Return the set of `SET_METRIC`."""
    return metric.partition("_")[0]


def metrics_of(
    runs: Sequence[ComparedRun], shared: Mapping[str, bool | None]
) -> Iterable[dict[str, Any]]:
    """Yield each metric that some run has, its values in the order of the runs, and who is best.

    Nobody is where the rows are not known to be the same, or losses are not of one measure.
    """
    values = [run.values() for run in runs]
    names = dict.fromkeys(name for each in values for name in each if name_of_set(name) in SETS)
    for name in sorted(names, key=lambda name: SETS.index(name_of_set(name))):
        row = [each.get(name) for each in values]
        measure = name.partition("_")[2]
        direction = DIRECTIONS.get(measure)  # another version may have another metric
        comparable = direction is not None and shared.get(name_of_set(name)) is True
        comparable = comparable and weigh_alike(runs)
        if measure == "loss":
            comparable = comparable and has_one_loss(runs, shared)
        best = best_of(runs, row, str(direction)) if comparable else []
        told = {"metric": name, "direction": direction, "values": row, "best": best}
        yield from by_loss(runs, told) if measure == "loss" else [told]


def by_loss(runs: Sequence[ComparedRun], told: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    """Yield the values of a loss; of several kinds of loss, which share no scale, each apart."""
    losses = losses_of(runs)
    if len(set(losses)) == 1:
        yield {**told}
        return
    for loss in dict.fromkeys(losses):
        pairs = zip(losses, told["values"], strict=True)
        values = [value if each == loss else None for each, value in pairs]
        yield {**told, "values": values, "loss": loss}


def best_of(
    runs: Sequence[ComparedRun], values: Sequence[float | None], direction: str
) -> list[str]:
    """Return the runs whose value is best; none where all have the same or only one has any."""
    known = [value for value in values if value is not None and math.isfinite(value)]
    if len(known) < 2 or len(set(known)) == 1:
        return []
    best = SMALLER_OR_LARGER[direction](known)
    return [run.label for run, value in zip(runs, values, strict=True) if value == best]


def weigh_alike(runs: Sequence[ComparedRun]) -> bool:
    """Whether rows count alike in all metrics: with the same weights, or without."""
    weights = [run.config.get("data", {}).get("sample_weight") for run in runs]
    return all(each == weights[0] for each in weights)


def has_one_loss(runs: Sequence[ComparedRun], shared: Mapping[str, bool | None]) -> bool:
    """Whether all losses are of one measure: the same loss, weights of classes and rows.

    A regression's is that of scaled targets, whose scale is that of the training rows.
    """
    measures = [
        (
            run.config.get("loss"),
            run.config.get("training", {}).get("class_weight"),
            run.config.get("data", {}).get("sample_weight"),
            run.config.get("data", {}).get("target_scaling"),
        )
        for run in runs
    ]
    classes = all(run.model is not None and run.model.preprocessing.classes for run in runs)
    return all(each == measures[0] for each in measures) and (
        classes or shared.get("train") is True
    )


def facts_of_data(run: ComparedRun) -> dict[str, Any]:
    """Return what is known of a run's data."""
    data = run.record.get("data", {})
    fingerprint = fingerprint_of(run, "train")
    return {
        "source": path_of(run, "train") or "generator",
        "sha256": fingerprint.get("sha256"),
        "rows": fingerprint.get("rows"),
        "columns": ", ".join(fingerprint.get("columns", ())) or None,
        **{f"{name}_rows": data.get(f"{name}_rows") for name in reversed(SETS)},
        "fold": data.get("fold"),
    }


def nameless(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a run's config without its name, which it has to be told by."""
    return {key: value for key, value in config.items() if key != "name"}


def facts_of_environment(run: ComparedRun) -> dict[str, Any]:
    """Return what a run was made with."""
    made_with = run.record.get("environment", {})
    return {**made_with, "threads": run.record.get("threads"), "ranks": ranks_of(run.record)}


def ranks_of(record: Mapping[str, Any]) -> Any:
    """Return how many processes trained a run; where it went on with others, in words.

    >>> ranks_of({}), ranks_of({"ranks": 2, "resumed": [{"ranks": 2}, {}]})
    (1, '2, then 1')
    """
    resumed = record.get("resumed")
    parts = [record, *(resumed if isinstance(resumed, list) else [])]
    counts = [part.get("ranks", 1) for part in parts if isinstance(part, Mapping)]
    first, *others = (count for count, _ in groupby(counts))
    return ", then ".join(map(str, (first, *others))) if others else first


def judge_all(
    runs: Sequence[ComparedRun], shared: Mapping[str, bool | None]
) -> tuple[dict[str, Any] | None, list[str]]:
    """Hold the runs against the best one on the rows that none of them was trained on."""
    for name in ("test", "validation"):
        if name in shared:
            return beside_the_best(runs, name) if shared[name] else (None, [])
    return None, []


def remarks(
    runs: Sequence[ComparedRun], shared: Mapping[str, bool | None], judged: Mapping[str, Any] | None
) -> Iterable[str]:
    """Yield what a person should know before believing a difference."""
    for run in runs:
        if run.summary is None:
            reached = f"as far as epoch {run.epochs}" if run.epochs else "before its first epoch"
            yield f"{run.label} {ENDINGS.get(run.status, run.status)}: it is compared {reached}"
    for name, same in shared.items():
        if same is False:
            yield f"the {name} rows differ between the runs: {name} metrics cannot be compared"
        elif same is None:
            yield f"whether the {name} rows are the same is not known"
    if judged is not None and len(judged["others"]) > 1:
        yield "the best of several on some rows looks a little better than it is"


ENDINGS = {
    "running": "is being trained",
    "killed": "was killed",
    "interrupted": "was interrupted",
    "trained": "was not summed up",
    "diverged": "diverged",
    "failed": "failed",
    "pruned": "was ended early by its sweep",
    "finished": "is finished, but its summary cannot be read",
}
