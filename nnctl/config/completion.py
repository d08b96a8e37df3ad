"""What a config leaves open and what follows from the rest of it, filled in."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from nnctl.config.pairs import OUTPUT_ACTIVATIONS, known_task
from nnctl.config.schema.activations import Activation
from nnctl.config.schema.data import LABEL, DataConfig
from nnctl.config.schema.model import OutputConfig
from nnctl.config.schema.root import Config
from nnctl.config.schema.schedules import (
    CosineSchedule,
    OneCycleSchedule,
    ReduceOnPlateauSchedule,
    ScheduleConfig,
)
from nnctl.config.schema.training import EarlyStoppingConfig

DEFAULT_METRICS: dict[str, tuple[str, ...]] = {
    "classification": ("accuracy",),
    "regression": ("root_mean_squared_error", "r2"),
}
_ACTIVATION: TypeAdapter[Any] = TypeAdapter(Activation)


def completed(config: Config) -> Config:
    """Return the config with all filled in that follows from the rest of it."""
    return config.model_copy(
        update={
            "data": _data(config.data),
            "model": config.model.model_copy(update={"output": _output(config)}),
            "optimizer": config.optimizer.model_copy(update={"schedule": _schedule(config)}),
            "training": config.training.model_copy(
                update={"early_stopping": _early_stopping(config)}
            ),
            "metrics": completed_metrics(config),
        }
    )


def completed_metrics(config: Config) -> tuple[str, ...] | None:
    """Return the metrics, by the task where none are given; None while that is not known."""
    if config.metrics is not None:
        return config.metrics
    task = known_task(config)
    return None if task is None else DEFAULT_METRICS[task]


def default_monitor(config: Config) -> str:
    """Return what is watched where nothing is said: rows not trained on, if there are any.

    Of a perceptron it is the first of its metrics: its criterion is 0 for a wrong row on the very
    boundary, and so for all rows of a network of zeros.
    """
    set_name = "validation" if config.data.has_validation else "train"
    metrics = completed_metrics(config) if config.loss.name == "perceptron" else None
    return f"{set_name}_{metrics[0] if metrics else 'loss'}"


def _data(data: DataConfig) -> DataConfig:
    target = data.target if data.labels is None else LABEL
    columns = {
        name: column.model_copy(update={"kind": column.said_kind})
        for name, column in data.columns.items()
    }
    return data.model_copy(update={"target": target, "columns": columns})


def _output(config: Config) -> OutputConfig:
    output = config.model.output
    if output.activation is not None:
        return output
    activation = _ACTIVATION.validate_python(OUTPUT_ACTIVATIONS[config.loss.name][0])
    return output.model_copy(update={"activation": activation})


def _early_stopping(config: Config) -> EarlyStoppingConfig | None:
    stopping = config.training.early_stopping
    if stopping is None or stopping.monitor is not None:
        return stopping
    return stopping.model_copy(update={"monitor": default_monitor(config)})


def _schedule(config: Config) -> ScheduleConfig:
    schedule = config.optimizer.schedule
    if isinstance(schedule, CosineSchedule | OneCycleSchedule) and schedule.epochs is None:
        epochs = max(1, config.training.epochs - schedule.warmup_epochs)
        return schedule.model_copy(update={"epochs": epochs})
    if isinstance(schedule, ReduceOnPlateauSchedule) and schedule.monitor is None:
        return schedule.model_copy(update={"monitor": default_monitor(config)})
    return schedule
