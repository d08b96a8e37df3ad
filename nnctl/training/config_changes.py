"""What differs between the config that a run was trained with and another one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnctl.config import Config, config_from_dict
from nnctl.config.schema.data import PATH_KEYS
from nnctl.training.inference import portable_config

Changes = dict[str, tuple[Any, Any]]  # dotted key -> (before, now)
MOST_DIFFERENCES = 6


def edits(trained: Mapping[str, Any], written: Config) -> Changes:
    """Return what a config says otherwise than a checkpoint's: (trained, written)."""
    now = portable_config(written)
    return differences(trained, now) and differences(completed(trained, written), now)


def departures(config: Config, trained: Mapping[str, Any]) -> Changes:
    """Return what a checkpoint's config has otherwise than it should have: (wanted, trained)."""
    wanted = portable_config(config)
    if wanted["metrics"] is None:
        wanted["metrics"] = trained["metrics"]  # they follow from the data
    return differences(wanted, trained) and differences(wanted, completed(trained, config))


def completed(trained: Mapping[str, Any], config: Config) -> dict[str, Any]:
    """Return a checkpoint's config with the keys that the nnctl which wrote it did not know."""
    return portable_config(config_of_checkpoint(trained, config))


def config_of_checkpoint(trained: Mapping[str, Any], written: Config) -> Config:
    """Return the checkpoint's config, with the paths of the one that stands in the run."""
    paths = {key: getattr(written.data, key) for key in PATH_KEYS}
    data = {**trained["data"], **{key: path for key, path in paths.items() if path is not None}}
    return config_from_dict({**trained, "data": data}, Path.cwd())


def differences(before: Any, now: Any, path: str = "") -> dict[str, tuple[Any, Any]]:
    """Return what differs between two configs: dotted key -> (before, now)."""
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        found: dict[str, tuple[Any, Any]] = {}
        for key in {**before, **now}:
            below = f"{path}.{key}" if path else str(key)
            found |= differences(before.get(key), now.get(key), below)
        return found
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        return differences(dict(enumerate(before)), dict(enumerate(now)), path)
    return {} if before == now else {path: (before, now)}


def told(changed: Mapping[str, tuple[Any, Any]]) -> str:
    """Return differences as part of a sentence: `seed (1, now 2)`."""
    parts = [f"{key} ({before}, now {now})" for key, (before, now) in changed.items()]
    rest = len(parts) - MOST_DIFFERENCES
    return ", ".join(parts[:MOST_DIFFERENCES]) + (f" and {rest} more" if rest > 0 else "")
