"""What may not fit together in how the network is trained, measured and judged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from nnctl.config.completion import completed_metrics
from nnctl.config.document import Path, dotted
from nnctl.config.findings import Finding, repeated, shown
from nnctl.config.names import suggest_metric
from nnctl.config.pairs import known_task
from nnctl.config.schema.optimizers import Sgd
from nnctl.config.schema.root import SETS, Config
from nnctl.config.schema.schedules import ReduceOnPlateauSchedule
from nnctl.config.schema.training import ClassificationMetric, RegressionMetric

MONITORED_SETS = ("train", "validation")
METRICS_OF: dict[str, tuple[str, ...]] = {
    "classification": get_args(ClassificationMetric),
    "regression": get_args(RegressionMetric),
}
MEASURED = ("loss", *METRICS_OF["classification"], *METRICS_OF["regression"])


def check_nesterov(config: Config) -> Iterator[Finding]:
    """Looking ahead needs a velocity to look along."""
    sgd = config.optimizer
    if isinstance(sgd, Sgd) and sgd.nesterov and (sgd.momentum == 0 or sgd.dampening != 0):
        message = (
            "optimizer.nesterov needs a momentum greater than 0 and a dampening of 0 "
            f"(received momentum {sgd.momentum}, dampening {sgd.dampening})"
        )
        yield Finding(("optimizer", "nesterov"), message)


def check_clipping(config: Config) -> Iterator[Finding]:
    """An empty mapping clips nothing."""
    clipping = config.training.gradient_clipping
    if clipping is not None and clipping.norm is None and clipping.value is None:
        message = "training.gradient_clipping needs `norm` or `value`, or leave it out"
        yield Finding(("training", "gradient_clipping"), message)


def check_class_weight(config: Config) -> Iterator[Finding]:
    """Only classes can be weighed as classes."""
    if config.training.class_weight is not None and known_task(config) == "regression":
        message = "training.class_weight needs classes, and a regression has none; leave it out"
        yield Finding(("training", "class_weight"), message)


def check_metrics(config: Config) -> Iterator[Finding]:
    """Metrics are of the task's own kind, each once."""
    for index, metric in enumerate(config.metrics or ()):
        path: Path = ("metrics", index)
        if problem := _misfit(config, metric):
            yield Finding(path, f"{dotted(path)}: {problem}")

    for index in repeated(config.metrics or ()):
        yield Finding(("metrics", index), f"metrics.{index} stands in the list already")


def check_monitors(config: Config) -> Iterator[Finding]:
    """What is watched must be measured in every epoch."""
    stopping, schedule = config.training.early_stopping, config.optimizer.schedule
    if stopping is not None and stopping.monitor is not None:
        path: Path = ("training", "early_stopping", "monitor")
        yield from _check_monitor(config, path, stopping.monitor)
    if isinstance(schedule, ReduceOnPlateauSchedule) and schedule.monitor is not None:
        path = ("optimizer", "schedule", "monitor")
        yield from _check_monitor(config, path, schedule.monitor)


def check_expectations(config: Config) -> Iterator[Finding]:
    """What is expected must be measurable, and possible."""
    for name, bounds in config.expect.items():
        path: Path = ("expect", name)
        message = _wrong_name(name, SETS) or _missing_rows(config, name)
        if message is None:
            message = _misfit(config, name.partition("_")[2])
        if message:
            yield Finding(path, f"{dotted(path)}: {message}", at_key=True)
        if bounds.min is None and bounds.max is None:
            yield Finding(path, f"{dotted(path)} needs `min` or `max`")
        if bounds.min is not None and bounds.max is not None and bounds.min > bounds.max:
            message = f"{dotted(path)}: nothing lies between a min of {bounds.min}"
            yield Finding((*path, "min"), f"{message} and a max of {bounds.max}")


def _check_monitor(config: Config, path: Path, name: str) -> Iterator[Finding]:
    metrics = completed_metrics(config)
    metric = name.partition("_")[2]
    message = _wrong_name(name, MONITORED_SETS) or _missing_rows(config, name)
    if message is None:
        message = _misfit(config, metric)
    if message is None and metrics is not None and metric not in ("loss", *metrics):
        message = f"{metric} is not measured in this training; add it to `metrics`"
    if message:
        yield Finding(path, f"{dotted(path)}: {message}")


def _wrong_name(name: str, sets: tuple[str, ...]) -> str | None:
    rows, _, metric = name.partition("_")
    if rows in sets and metric in MEASURED:
        return None
    suggestion = suggest_metric(name, sets, MEASURED)
    advice = f"; did you mean `{suggestion}`?" if suggestion else ""
    choices = ", ".join(f"{rows}_" for rows in sets)
    return (
        f"expected one of {choices} followed by `loss` or a metric (received {shown(name)}){advice}"
    )


def _missing_rows(config: Config, name: str) -> str | None:
    rows = name.partition("_")[0]
    has_rows = {"validation": config.data.has_validation, "test": config.data.has_test}
    if has_rows.get(rows, True):
        return None
    return f"there are no {rows} rows; write `split: {{{rows}: 0.2}}` in `data`"


def _misfit(config: Config, metric: str) -> str | None:
    """Say why a metric does not fit the task, as far as the config tells it."""
    task = known_task(config)
    if task is None or metric == "loss" or metric in METRICS_OF[task]:
        return None
    return f"{metric} is no metric for {task}; those are {', '.join(METRICS_OF[task])}"
