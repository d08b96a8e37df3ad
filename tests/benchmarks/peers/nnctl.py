"""nnctl itself: the training loop of `nnctl train`, without the disk and the screen.

It shuffles, gathers, and keeps account of loss and accuracy in every epoch.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from nnctl.config import config_from_dict
from nnctl.data.dataset import load_dataset
from nnctl.training.assembly import Assembly, assemble
from nnctl.training.threads import blas_threads
from tests.benchmarks.peers import Training
from tests.benchmarks.workloads import LEARNING_RATE, Rows, Workload, rows_of


def prepare(workload: Workload, threads: int | None) -> Training:
    """Return what trains so many epochs; `threads` None leaves them to nnctl's own rule."""
    assembly = assemble_training(workload, rows_of(workload), threads)
    # As long as nothing else is prepared in this process.
    blas_threads(assembly.threads).__enter__()
    trainer = assembly.trainer

    def train(epochs: int) -> None:
        for _ in trainer.epochs(trainer.epoch + epochs):
            pass

    return train


def assemble_training(workload: Workload, rows: Rows, threads: int | None = None) -> Assembly:
    """Return the trainer of a config for these rows, as `nnctl train` builds it."""
    with tempfile.TemporaryDirectory() as directory:
        np.save(Path(directory) / "inputs.npy", rows.inputs)
        np.save(Path(directory) / "labels.npy", rows.labels)
        config = config_from_dict(config_of(workload, threads), directory)
        assembly, _ = assemble(config, load_dataset(config))
    return assembly


def config_of(workload: Workload, threads: int | None) -> dict[str, Any]:
    """Return the config of the workload."""
    return {
        "name": workload.name,
        "data": {
            "source": "inputs.npy",
            "labels": "labels.npy",
            "target": "label",
            "scaling": "none",
        },
        "model": {
            "hidden": [{"units": units, "activation": "relu"} for units in workload.sizes[1:-1]],
            "output": {"activation": "softmax"},
        },
        "loss": "categorical_cross_entropy",
        "optimizer": {"name": "adam", "learning_rate": LEARNING_RATE},
        "training": {"epochs": 1, "batch_size": workload.batch_rows},
        "compute": {"threads": threads or "auto"},
    }
