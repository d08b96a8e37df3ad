"""The trainings that are struck: short ones, with state wherever a training can have some."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

CONFIG = "run.yaml"

# Dropout, moments, running statistics, and a schedule and a patience that watch: all of it must
# come back. The patience is used up before the last epoch.
SETTINGS = """\
seed: 8
data: {source: rows.csv, target: label, split: {validation: 0.3, test: 0.2}}
model:
  hidden: [{units: 3, activation: tanh, normalization: batch, dropout: 0.25}]
loss: binary_cross_entropy
optimizer:
  name: adam
  learning_rate: 0.2
  schedule: {name: reduce_on_plateau, patience: 1, factor: 0.5}
regularization: {l2: 0.001}
training: {epochs: 6, batch_size: 8, early_stopping: {patience: 2}}
"""

OPTIMIZERS = {
    "sgd": "learning_rate: 0.1, momentum: 0.9, nesterov: true",
    "rmsprop": "learning_rate: 0.05, momentum: 0.5",
    "adagrad": "learning_rate: 0.2",
    "adadelta": "learning_rate: 1",
    "adam": "learning_rate: 0.1, amsgrad: true",
    "adamw": "learning_rate: 0.1",
    "nadam": "learning_rate: 0.1",
    "adamax": "learning_rate: 0.1",
}
SCHEDULES = {
    "constant": "",
    "step": "step_size: 2",
    "multistep": "milestones: [1, 3]",
    "exponential": "gamma: 0.8",
    "cosine": "",
    "inverse_scaling": "",
    "one_cycle": "",
    "reduce_on_plateau": "patience: 1, factor: 0.5, warmup_epochs: 2",
}
# What else decides about the bytes of a network, as overrides of SETTINGS.
OTHERS = {
    "the best epoch by the training loss": ("training.early_stopping.monitor=train_loss",),
    "all rows in one step": (
        "training.batch_size=full",
        "training.early_stopping.monitor=train_loss",
        "model.hidden=[{units: 3, activation: tanh}]",
    ),
    "rows one by one": (
        "training.batch_size=1",
        "model.hidden=[{units: 3, dropout: 0.25}]",
        "training.epochs=2",
    ),
    "rows in their order": ("training.shuffle=false",),
    "double precision": ("compute.dtype=float64",),
    "layer normalization": ("model.hidden=[{units: 3, normalization: layer, dropout: 0.5}]",),
    "weighted classes": ("training.class_weight=balanced",),
    "clipped gradients": ("training.gradient_clipping={norm: 0.1}", "regularization.l1=0.001"),
    "batches that are skipped": (
        "training.on_divergence=skip_batch",
        "model.hidden=[{units: 3, normalization: batch}]",
        "loss=mean_squared_error",
        "data={source: ROOT/steep.csv, target: y, scaling: none, target_scaling: none}",
        "optimizer={name: sgd, learning_rate: 1.0e-3, momentum: 0.9}",
        "training.early_stopping=null",
    ),
    "a learning rate that is halved": (
        "model={}",
        "loss=mean_squared_error",
        "data={source: ROOT/many.csv, target: y, split: {validation: 0.3, test: 0.2}}",
        "optimizer={name: sgd, learning_rate: 8}",
        "training={epochs: 2, batch_size: 1, on_divergence: halve_learning_rate}",
    ),
    # It grows until it is too high, and the best weights so far are taken again.
    "a growing learning rate that is halved": (
        "model={hidden: [{units: 2, activation: relu}]}",
        "loss=mean_squared_error",
        "data={source: ROOT/many.csv, target: y, split: {validation: 0.3, test: 0.2}}",
        "optimizer={name: sgd, learning_rate: 8, momentum: 0.5}",
        "optimizer.schedule={name: constant, warmup_epochs: 20}",
        "training={epochs: 8, batch_size: 1, on_divergence: halve_learning_rate}",
    ),
}


def write_training(directory: Path) -> Path:
    """Write config and data; return the config's path."""
    rows = [
        f"{math.sin(7 * n):.3f},{math.cos(3 * n):.3f},{'yes' if n * n % 7 < 3 else 'no'}"
        for n in range(40)
    ]
    write_rows(directory / "rows.csv", "x1,x2,label", rows)
    write_rows(directory / "many.csv", "x,y", [f"{n % 7 - 3},{n % 5}" for n in range(200)])
    # One row's loss is more than a float can hold: the batch it is in gives no finite step.
    steep = [f"{n},{1e30 if n == 5 else n / 7}" for n in range(20)]
    write_rows(directory / "steep.csv", "x,y", steep)
    config = directory / CONFIG
    config.write_text(SETTINGS)
    return config


def write_rows(path: Path, header: str, rows: list[str]) -> None:
    """Write a CSV."""
    path.write_text("\n".join([header, *rows]) + "\n")


def variants(root: Path) -> dict[str, list[str]]:
    """Return what else is trained: its name and the options that make it of SETTINGS."""
    optimizers = {
        f"optimizer {name}": (f"optimizer={{name: {name}, {parameters}}}",)
        for name, parameters in OPTIMIZERS.items()
    }
    schedules = {
        f"schedule {name}": (
            "training.early_stopping=null",
            f"optimizer.schedule={{name: {name}, {parameters}}}",
        )
        for name, parameters in SCHEDULES.items()
    }
    return {
        name: [word for change in changes for word in ("--set", change.replace("ROOT", str(root)))]
        for name, changes in {**optimizers, **schedules, **OTHERS}.items()
    }


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, "" where there is none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""
