"""Small trainings for the tests of this room and of its neighbours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from nnctl.config import Config, config_from_dict
from nnctl.nn.arrays import FloatArray
from nnctl.training.experiment import Experiment, start_experiment

Settings = dict[str, Any]

UNCHANGED = {"name": "sgd", "learning_rate": 1e-300}  # steps that no weight notices
FLOAT64 = {"dtype": "float64"}


def write_csv(directory: Path, text: str, name: str = "rows.csv") -> Path:
    """Write a CSV given as cells between blanks, a row a line."""
    lines = [",".join(line.split()) for line in text.strip().splitlines()]
    path = directory / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def config_of(directory: Path, settings: Settings) -> Config:
    return config_from_dict(settings, directory)


def started(directory: Path, settings: Settings) -> Experiment:
    """A run at epoch 0 under `directory`/runs."""
    return start_experiment(config_of(directory, settings), directory / "runs")


def trained(directory: Path, settings: Settings) -> Experiment:
    """A run after its last epoch; `finish` is left to the test."""
    experiment = started(directory, settings)
    for _ in experiment.epochs():
        pass
    return experiment


def parameters(experiment: Experiment, layer: int = 0) -> dict[str, FloatArray]:
    """A layer's weights and biases as they are now."""
    return experiment.assembly.trainer.network.views(layer)


def column(experiment: Experiment, name: str) -> list[float]:
    """One column of the history."""
    return [row[name] for row in experiment.history]


def values(weights: Any, biases: Any = None) -> Settings:
    """The initializer with these very numbers."""
    chosen = {"name": "values", "weights": np.asarray(weights).tolist()}
    return chosen if biases is None else {**chosen, "biases": np.asarray(biases).tolist()}


def regression(path: Path, targets: Any = "y", **sections: Any) -> Settings:
    """A linear model of a file's rows as they are, in float64, by plain gradient descent."""
    return {
        "data": {
            "source": str(path),
            "target": targets,
            "task": "regression",
            "scaling": "none",
            "target_scaling": "none",
        },
        "loss": "mean_squared_error",
        "metrics": [],
        "compute": FLOAT64,
        **sections,
    }


def classification(generator: Any = "moons", **sections: Any) -> Settings:
    """Two classes and a small network."""
    return {
        "data": {"generator": generator},
        "model": {"hidden": [{"units": 4, "activation": "tanh"}]},
        "loss": "binary_cross_entropy",
        "training": {"epochs": 2},
        **sections,
    }
