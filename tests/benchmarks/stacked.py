"""What stacked networks save: `python -m tests.benchmarks.stacked`.

Times a step of the whole training loop, of a network alone and of one among several that train
stacked, in turn and several times. The smallest figure of each counts, by the processor's clock.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from nnctl.config import config_from_dict
from nnctl.data.dataset import load_dataset
from nnctl.training.assembly import assemble
from nnctl.training.build import build_optimizer
from nnctl.training.loop import Trainer
from nnctl.training.seeds import with_seed
from nnctl.training.stack import Stack
from nnctl.training.threads import blas_threads
from tests.benchmarks.peers.nnctl import config_of
from tests.benchmarks.workloads import WORKLOADS, Workload, rows_of

NETWORKS = (2, 4, 8, 16, 32, 64)
MEASURED = (
    WORKLOADS["xor"],
    Workload("one-layer", (2, 32, 2), 32, 50),
    WORKLOADS["moons"],
    Workload("table", (13, 64, 32, 3), 32, 20),
    WORKLOADS["digits"],
    Workload("wider", (64, 256, 128, 10), 64, 20),
    Workload("large", (128, 256, 256, 10), 128, 20),
)
SECONDS, ROUNDS = 0.1, 5  # of a measurement
FOREVER = 10**9


class Contest:
    """The trainers of a workload, alone and stacked."""

    def __init__(self, workload: Workload) -> None:
        self.workload = workload
        with tempfile.TemporaryDirectory() as directory:
            rows = rows_of(workload)
            np.save(Path(directory) / "inputs.npy", rows.inputs)
            np.save(Path(directory) / "labels.npy", rows.labels)
            self.config = config_from_dict(config_of(workload, 1), directory)
            self.dataset = load_dataset(self.config)

    def trainer(self, seed: int) -> Trainer:
        """Return the trainer of a seed, at its beginning."""
        return assemble(with_seed(self.config, seed), self.dataset)[0].trainer

    def alone(self) -> Callable[[], int]:
        """Return what trains an epoch of one network and says how many steps these are."""
        epochs = self.trainer(0).epochs(FOREVER)

        def train() -> int:
            next(epochs)
            return self.workload.batches

        return train

    def stacked(self, n: int) -> Callable[[], int]:
        """Return what trains an epoch of n networks and says how many steps these are."""
        trainers = [self.trainer(seed) for seed in range(n)]
        stack = Stack(trainers, partial(build_optimizer, self.config), [FOREVER] * n)

        def train() -> int:
            stack.train(lambda: True)
            return n * self.workload.batches

        return train


def microseconds(train: Callable[[], int]) -> float:
    """Return what a step takes, of as many epochs as fit into the time."""
    began, steps = time.process_time(), 0
    while (took := time.process_time() - began) < SECONDS:
        steps += train()
    return 1e6 * took / steps


def main() -> None:
    """Print a row a workload: µs a network and step, alone and for each number of networks."""
    print("| network | batch | alone |", *(f"{n} |" for n in NETWORKS))
    print("|---|---|---|", *("---|" for _ in NETWORKS), sep="")
    with blas_threads(1):
        for workload in MEASURED:
            contest = Contest(workload)
            trains = [contest.alone(), *map(contest.stacked, NETWORKS)]
            best = [np.inf] * len(trains)
            for _ in range(ROUNDS):
                best = [min(b, microseconds(t)) for b, t in zip(best, trains, strict=True)]
            cells = [f"{best[0]:.1f} |", *(f"{b:.2f} ({best[0] / b:.1f}x) |" for b in best[1:])]
            print(f"| {workload.network} | {workload.batch_rows} |", *cells, flush=True)


if __name__ == "__main__":
    main()
