"""Runs that were built to show what may be wrong with one, and healthy ones; trained once each."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nnctl.analysis.findings import Settings as Alternative
from nnctl.config.loading import overridden
from nnctl.errors import DivergenceError
from nnctl.runs.directory import RunDirectory
from nnctl.training.experiment import start_experiment
from tests.training.experiments import Settings, config_of

BINARY = {"loss": "binary_cross_entropy"}
NUMBERS = {"loss": "mean_squared_error"}


@dataclass(frozen=True)
class Illness:
    """A run with something wrong: which rules say so, and what makes the first of them silent."""

    settings: Settings
    rules: tuple[str, ...]  # all that find something; the first is what the run was built for
    layers: tuple[str | None, ...] = (None,)  # of which the first rule speaks
    cure: Alternative = ()  # what the first rule offers, and with which it is silent


def moons(samples: int = 400) -> Settings:
    generator = {"name": "moons", "samples": samples, "noise": 0.2}
    return {"data": {"generator": generator, "split": {"validation": 0.2, "test": 0.2}}, **BINARY}


def spirals() -> Settings:
    generator = {"name": "spirals", "samples": 400}
    return {"data": {"generator": generator, "split": {"validation": 0.2}}, **BINARY}


def rows(name: str, **keys: Any) -> Settings:
    return {"data": {"source": f"{name}.csv", "target": "y", **keys}}


def layers(units: int, activation: str, depth: int = 1, **keys: Any) -> Settings:
    layer = {"units": units, "activation": activation, **keys}
    return {"model": {"hidden": [layer] * depth}}


def steps(name: str, learning_rate: float, epochs: int, **keys: Any) -> Settings:
    return {
        "optimizer": {"name": name, "learning_rate": learning_rate},
        "training": {"epochs": epochs, **keys},
    }


ILLNESSES: dict[str, Illness] = {
    "six layers of sigmoids": Illness(
        {**moons(), **layers(16, "sigmoid", 6), **steps("sgd", 0.1, 40)},
        ("vanishing gradients", "underfitting", "baselines"),
        ("hidden 1",),
        tuple(f"model.hidden.{i}.activation=relu" for i in range(6)),
    ),
    "ten layers of sigmoids by adam": Illness(
        {**moons(), **layers(16, "sigmoid", 10), **steps("adam", 0.001, 40)},
        ("vanishing gradients", "underfitting", "baselines"),
        ("hidden 1",),
        tuple(f"model.hidden.{i}.normalization=layer" for i in range(10)),
    ),
    "large weights in many layers": Illness(
        {
            **moons(),
            **layers(64, "relu", 6, initializer={"name": "random_normal", "scale": 0.5}),
            **steps("sgd", 1e-7, 20),
        },
        ("exploding gradients", "underfitting", "baselines"),
        ("output",),
        ("training.gradient_clipping={norm: 1}",),
    ),
    "biases that turn all units off": Illness(
        {
            **moons(),
            **layers(16, "relu", 2, bias_initializer={"name": "constant", "value": -5}),
            **steps("adam", 0.01, 20),
        },
        ("dead units", "underfitting", "baselines"),
        ("hidden 1", "hidden 2"),
        tuple(f"model.hidden.{i}.bias_initializer=zeros" for i in range(2)),
    ),
    "steps that kill": Illness(
        {**moons(), **layers(16, "relu", 2), **steps("adam", 3.0, 20)},
        ("dead units", "underfitting", "baselines"),
        ("hidden 2",),
        ("model.hidden.1.activation=leaky_relu",),
    ),
    "a dead output": Illness(
        {
            **rows("line"),
            **NUMBERS,
            "model": {
                "output": {
                    "activation": "relu",
                    "bias_initializer": {"name": "constant", "value": -9},
                }
            },
            **steps("sgd", 0.01, 10),
        },
        ("dead units", "underfitting", "baselines"),
        ("output",),
        ("model.output.bias_initializer=zeros",),
    ),
    "weights that saturate": Illness(
        {
            **moons(),
            **layers(16, "tanh", 2, initializer={"name": "random_normal", "scale": 20}),
            **steps("adam", 0.01, 20),
        },
        ("saturated units", "vanishing gradients", "baselines"),
        ("hidden 1", "hidden 2"),
        tuple(f"model.hidden.{i}.initializer=null" for i in range(2)),
    ),
    "large inputs": Illness(
        {
            **rows("large", scaling="none"),
            **layers(16, "tanh"),
            **NUMBERS,
            **steps("adam", 0.01, 30),
        },
        ("unscaled inputs", "saturated units", "vanishing gradients", "underfitting", "baselines"),
        cure=("data.scaling=standardize",),
    ),
    "large inputs, in one column's own words": Illness(
        {
            **rows("large", columns={"b": {"scaling": "none"}}),
            **layers(16, "relu"),
            **NUMBERS,
            **steps("sgd", 0.01, 20),
        },
        ("unscaled inputs", "learning rate too high", "exploding gradients"),
        cure=("data.columns.b.scaling=standardize",),
    ),
    "steps that jump": Illness(
        {**moons(), **layers(16, "tanh"), **steps("sgd", 15, 40)},
        ("learning rate too high", "saturated units"),
        cure=("optimizer.learning_rate=1.5",),
    ),
    "steps that diverge": Illness(
        {**rows("large"), **layers(16, "relu"), **NUMBERS, **steps("sgd", 50, 20)},
        ("learning rate too high",),
        cure=("training.gradient_clipping={norm: 1}",),
    ),
    "steps that diverge until halved": Illness(
        {
            **rows("line"),
            **NUMBERS,
            **steps("sgd", 4.0, 20, on_divergence="halve_learning_rate"),
        },
        ("learning rate too high",),
    ),
    "steps that move far": Illness(
        {**moons(1200), **layers(16, "tanh"), **steps("adam", 0.3, 60)},
        ("learning rate too high",),
        cure=("optimizer.learning_rate=0.03",),
    ),
    "tiny steps": Illness(
        {**moons(), **layers(16, "tanh"), **steps("adam", 1e-6, 40)},
        ("learning rate too low", "underfitting", "baselines"),
        cure=("optimizer.learning_rate=0.0003",),
    ),
    "few rows and many weights": Illness(
        {
            **rows("few", split={"validation": 0.4}),
            **BINARY,
            **layers(64, "relu", 2),
            **steps("adam", 0.01, 60),
        },
        ("overfitting", "baselines"),
        cure=("training.early_stopping={patience: 10}",),
    ),
    "too few units, held down": Illness(
        {
            **spirals(),
            **layers(2, "tanh"),
            **steps("adam", 0.01, 60),
            "regularization": {"l2": 0.1},
        },
        ("underfitting",),
        cure=("regularization.l2=0",),
    ),
    "an end too soon": Illness(
        {**spirals(), **layers(32, "relu", 2), **steps("adam", 0.006, 24)},
        ("underfitting",),
        cure=("training.epochs=48",),
    ),
    "few epochs": Illness(
        {**spirals(), **layers(32, "relu", 2), **steps("adam", 1e-4, 12)},
        ("underfitting", "baselines"),
        cure=("training.epochs=120",),
    ),
    "a perceptron of what no line divides": Illness(
        {
            **rows("xor", scaling="none"),
            "model": {"output": {"activation": "step"}},
            "loss": "perceptron",
            **steps("sgd", 0.1, 30, batch_size=1),
        },
        ("underfitting", "baselines"),
    ),
    "a rare class": Illness(
        {
            **rows("rare", split={"validation": 0.2, "test": 0.3}),
            **BINARY,
            **layers(8, "tanh"),
            **steps("adam", 0.01, 30),
        },
        ("class imbalance", "baselines"),
        cure=("training.class_weight=balanced", "metrics=[accuracy, balanced_accuracy, macro_f1]"),
    ),
    "what a line can do": Illness(
        {
            "data": {"generator": {"name": "blobs", "samples": 400}, "split": {"test": 0.4}},
            "loss": "categorical_cross_entropy",
            **layers(8, "tanh"),
            **steps("adam", 0.01, 30),
        },
        ("baselines",),
        cure=("model.hidden=[]",),
    ),
}
HEALTHY: dict[str, Settings] = {
    "relu by adam": {**moons(2000), **layers(16, "relu", 2), **steps("adam", 0.005, 40)},
    "tanh by adam": {**moons(2000), **layers(16, "tanh", 2), **steps("adam", 0.01, 40)},
    "many normalized layers": {
        **moons(2000),
        **layers(16, "relu", 6, normalization="batch"),
        **steps("adam", 0.005, 40),
    },
    "relu by gradient descent": {**moons(2000), **layers(16, "relu", 2), **steps("sgd", 0.1, 40)},
    "dropout": {**moons(2000), **layers(32, "relu", 2, dropout=0.2), **steps("adam", 0.01, 40)},
    "numbers": {
        "data": {
            "generator": {"name": "sine", "samples": 500, "noise": 0.1},
            "split": {"validation": 0.2},
        },
        **NUMBERS,
        **layers(32, "tanh"),
        **steps("adam", 0.02, 100),
    },
    "sigmoids and a squared error": {
        **moons(1000),
        "model": {
            "hidden": [{"units": 16, "activation": "sigmoid"}],
            "output": {"activation": "sigmoid"},
        },
        **NUMBERS,
        **steps("adam", 0.05, 60),
    },
    "a perceptron": {
        **rows("and", scaling="none"),
        "model": {"output": {"activation": "step"}},
        "loss": "perceptron",
        **steps("sgd", 0.1, 30, batch_size=1),
    },
    "a line": {**rows("line"), **NUMBERS, **steps("sgd", 0.1, 60)},
}


def _table(header: str, *columns: Any) -> str:
    lines = [",".join(map(str, row)) for row in zip(*columns, strict=True)]
    return "\n".join([header, *lines]) + "\n"


def _rare() -> str:
    rng = np.random.default_rng(0)
    points = rng.normal(size=(600, 2))
    rare = rng.random(600) < 0.06
    points[rare] += 1.2
    names = np.where(rare, "yes", "no")
    return _table("a,b,y", *points.T.round(3), names)


def _large() -> str:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=300), rng.normal(9000, 4000, 300)
    return _table("a,b,y", a.round(3), b.round(1), (2 * a + b / 4000).round(3))


def _few() -> str:
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(60, 10))
    labels = (inputs[:, 0] + rng.normal(size=60) > 0).astype(int)
    return _table("a,b,c,d,e,f,g,h,i,j,y", *inputs.T.round(3), labels)


def _line() -> str:
    rng = np.random.default_rng(0)
    x = rng.normal(size=100)
    return _table("x,y", x.round(3), (2 * x + 1 + 0.1 * rng.normal(size=100)).round(3))


FILES: dict[str, Callable[[], str]] = {
    "rare": _rare,
    "large": _large,
    "few": _few,
    "line": _line,
    "xor": lambda: _table("a,b,y", (0, 0, 1, 1), (0, 1, 0, 1), (0, 1, 1, 0)),
    "and": lambda: _table("a,b,y", (0, 0, 1, 1), (0, 1, 0, 1), (0, 0, 0, 1)),
}


def write_files(directory: Path) -> None:
    """Write the tables that the runs are trained on."""
    for name, table in FILES.items():
        (directory / f"{name}.csv").write_text(table(), encoding="utf-8")


def trained_run(directory: Path, settings: Settings, *overrides: str) -> RunDirectory:
    """Train a run on the files in the directory, to its end or until it diverges."""
    config = overridden(config_of(directory, {"name": "it", **settings}), overrides)
    experiment = start_experiment(config, directory / "runs")
    with contextlib.suppress(DivergenceError):
        for _ in experiment.epochs():
            pass
        experiment.finish()
    return experiment.run
