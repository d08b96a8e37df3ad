"""A run's config as it was written, which is all that a table of many runs needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnctl.config.training_checks import METRICS_OF
from nnctl.config.yaml_source import read_yaml
from nnctl.errors import ConfigError
from nnctl.runs.catalogue import Entry
from nnctl.runs.directory import RunDirectory


def written_config(entry: Entry) -> Any:
    """Return an entry's config as plain values, unchecked; nothing where it cannot be read.

    `task` is added: in the config it is null where the data tells it.
    """
    path = RunDirectory(entry.path).config
    try:
        config = read_yaml(path.read_bytes(), str(path)).value
    except (OSError, ConfigError):
        return {}
    return {"task": task_of(config), **config} if isinstance(config, Mapping) else {}


def task_of(config: Mapping[str, Any]) -> str | None:
    """Return classification or regression, as the metrics in a run's config tell; else None."""
    metrics = config.get("metrics")
    measured = metrics if isinstance(metrics, list) else []
    return next((task for task, known in METRICS_OF.items() for m in measured if m in known), None)
