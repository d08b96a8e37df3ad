"""Runs that train together, and what each is by itself, for the tests of stacked trainings."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nnctl.config import Config
from nnctl.data.dataset import load_dataset
from nnctl.runs.directory import RunDirectory
from nnctl.runs.json_file import read_json
from nnctl.training.experiment import Experiment, create_experiment, start_experiment
from nnctl.training.resuming import reading, resume_experiment
from nnctl.training.seeds import with_seed
from nnctl.training.together import JointTraining
from tests.training.experiments import Settings, config_of
from tests.training.pauses import contents

SEEDS = (3, 4, 5, 6)
EPOCHS = 6
rng = np.random.default_rng(0)
POINTS = rng.normal(size=(53, 3))
LABELS = (POINTS[:, 0] + 0.5 * rng.normal(size=53) > 0.0).astype(int) + (POINTS[:, 1] > 0.8)
ROWS = "x1,x2,x3,y,kind,w\n" + "".join(
    f"{a:.4f},{b:.4f},{c:.4f},{a - b * c:.4f},{'abc'[kind]},{0.5 + kind}\n"
    for (a, b, c), kind in zip(POINTS, LABELS, strict=True)
)
CLASSES: Settings = {
    "name": "stacked",
    "seed": 2,
    "data": {
        "source": "rows.csv",
        "target": "kind",
        "features": ["x1", "x2", "x3"],
        "split": {"validation": 0.3},
    },
    "model": {"hidden": [{"units": 5}, {"units": 4}]},
    "loss": "categorical_cross_entropy",
    "training": {"epochs": EPOCHS, "batch_size": 8},
}
NUMBERS: Settings = {
    **CLASSES,
    "data": {**CLASSES["data"], "target": "y"},
    "loss": "mean_squared_error",
    "metrics": [
        "root_mean_squared_error", "r2", "mean_absolute_error", "mean_squared_error",
    ],
}  # fmt: skip


def classes(**sections: Any) -> Settings:
    return merged(CLASSES, sections)


def merged(settings: Settings, sections: Settings) -> Settings:
    """Return the settings with those of some sections put in."""
    both = {
        name: {**settings[name], **section} if isinstance(section, dict) else section
        for name, section in sections.items()
        if isinstance(settings.get(name), dict)
    }
    return {**settings, **sections, **both}


PATIENT = {"early_stopping": {"patience": 2, "monitor": "validation_accuracy"}}
PLATEAU = {"name": "reduce_on_plateau", "patience": 1, "factor": 0.5}
KINDS: dict[str, Settings] = {
    "classes": CLASSES,
    "numbers": NUMBERS,
    "full batch": classes(training={"batch_size": "full"}),
    "rows in order": classes(training={"shuffle": False, "batch_size": 10}),
    "one row a step": classes(training={"batch_size": 1, "epochs": 2}),
    "float64": classes(compute={"dtype": "float64"}),
    "no validation rows": classes(data={"split": {}}),
    "the full batch's own loss": classes(data={"split": {}}, training={"batch_size": "full"}),
    "the full batch's own loss with penalties": classes(
        data={"split": {}},
        training={"batch_size": "full"},
        regularization={"l1": 0.01, "l2": 0.1},
        optimizer={"name": "sgd", "learning_rate": 0.5},
    ),
    "nothing to choose the best epoch by": merged(
        NUMBERS,
        {
            "data": {"split": {"validation": 0.02}},
            "training": {"early_stopping": {"monitor": "validation_r2", "patience": 4}},
        },
    ),
    "penalties": classes(
        data={"split": {}}, regularization={"l1": 0.01, "l2": 0.1}, optimizer={"name": "adamw"}
    ),
    "dropout": classes(model={"hidden": [{"units": 6, "dropout": 0.4}, {"units": 3}]}),
    "batch normalization": classes(model={"hidden": [{"units": 6, "normalization": "batch"}]}),
    "layer normalization": classes(model={"hidden": [{"units": 6, "normalization": "layer"}]}),
    "class weights": classes(training={"class_weight": "balanced"}),
    "sample weights": classes(data={"sample_weight": "w"}),
    "weighed numbers": merged(NUMBERS, {"data": {"sample_weight": "w"}}),
    "other metrics": classes(metrics=["macro_f1", "accuracy", "roc_auc", "log_loss"]),
    "early stopping": classes(
        training={**PATIENT, "epochs": 60}, optimizer={"name": "sgd", "learning_rate": 0.1}
    ),
    "clipping": classes(training={"gradient_clipping": {"norm": 0.3, "value": 0.2}}),
    "a schedule": classes(
        optimizer={"name": "sgd", "learning_rate": 0.1, "momentum": 0.9, "nesterov": True,
                   "schedule": {"name": "cosine", "epochs": EPOCHS, "warmup_epochs": 2}},
    ),
    "a plateau": classes(optimizer={"name": "rmsprop", "schedule": PLATEAU}),
    "nadam": classes(optimizer={"name": "nadam", "weight_decay": 0.01}),
    "more epochs than snapshots": classes(training={"epochs": 150, "batch_size": "full"}),
}  # fmt: skip


def configs_of(settings: Settings, seeds: Sequence[int] = SEEDS) -> list[Config]:
    config = config_of(Path.cwd(), settings)
    return [with_seed(config, seed) for seed in seeds]


def begun(configs: Sequence[Config], runs: str = "together") -> list[Experiment]:
    """Create the runs; they share their rows."""
    dataset = load_dataset(configs[0])
    return [create_experiment(config, dataset, Path(runs)) for config in configs]


def run_of(number: int, runs: str = "together") -> RunDirectory:
    return RunDirectory(Path(runs, "stacked" if number == 0 else f"stacked-{number + 1}"))


def resumed(count: int) -> list[Experiment]:
    """Go on with the runs that train together."""
    first = resume_experiment(run_of(0))
    read = reading(first.dataset)
    return [first, *(resume_experiment(run_of(number), read=read) for number in range(1, count))]


def trained(experiments: Sequence[Experiment], pause_after: int | None = None) -> JointTraining:
    """Train together; pause when so many results have come."""
    training, ended = JointTraining(experiments), []
    with contextlib.closing(training.epochs()) as epochs:
        for count, _ in enumerate(epochs, 1):
            if count == pause_after:
                training.pause()
    while training.ended:
        index, error = training.ended.popleft()
        if error is None:
            experiments[index].finish()
        ended.append((index, error))
    training.ended.extend(ended)
    return training


def alone(config: Config) -> Experiment:
    """Train a run by itself."""
    experiment = start_experiment(config, Path("alone"))
    for _ in experiment.epochs():
        pass
    experiment.finish()
    return experiment


def assert_as_alone(config: Config, run: RunDirectory) -> None:
    expected = alone(config).run
    assert contents(run) == contents(expected)
    for file in ("config", "summary", "baselines"):
        found, wanted = getattr(run, file), getattr(expected, file)
        if file == "summary":
            names = ({**read_json(path), "name": ""} for path in (found, wanted))
            assert next(names) == next(names)
        else:
            assert found.read_bytes() == wanted.read_bytes()
