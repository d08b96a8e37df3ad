"""Small seed series and cross-validations for the tests of this room and of the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nnctl.training.cross_validation import start_cross_validation
from nnctl.training.run_group import RunGroup
from nnctl.training.seeds import start_seeds
from tests.training.experiments import Settings, classification, config_of


def moons(**sections: Any) -> Settings:
    """A config of 80 rows, of which 32 are test rows where nothing else is said."""
    settings = classification({"name": "moons", "samples": 80, "noise": 0.2}, name="moons")
    settings["data"]["split"] = {"validation": 0.2, "test": 0.4}
    return settings | sections


def longer(**sections: Any) -> Settings:
    """The same, trained for longer."""
    return moons(training={"epochs": 12}, optimizer={"learning_rate": 0.05}, **sections)


def ended(group: RunGroup) -> Path:
    """Train all members; return the file that makes it a group."""
    for _ in group.results():
        pass
    return group.directory.record


def seeds(directory: Path, settings: Settings, count: int = 3, name: str | None = None) -> Path:
    """Train a seed series."""
    return ended(start_seeds(config_of(directory, settings), count, directory / "runs", name))


def folds(directory: Path, settings: Settings, count: int = 3, name: str | None = None) -> Path:
    """Cross-validate."""
    config = config_of(directory, settings)
    return ended(start_cross_validation(config, count, directory / "runs", name))
