"""What ranks cost and bring: `mpiexec -n 2 python -m mpi4py -m tests.benchmarks.ranks`.

Measures the sum over all ranks of vectors of several lengths, a step that rank 0 takes alone with
the whole batch and with its part of it, and the step that all take together.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from nnctl.config import Config, config_from_dict
from nnctl.data.dataset import load_dataset
from nnctl.scale.mpi import Ranks, all_ranks, leave
from nnctl.scale.mpi_steps import SharedSteps
from nnctl.training.assembly import assemble
from nnctl.training.steps import Steps
from nnctl.training.threads import blas_threads

LENGTHS = (1, 1_000, 10_000, 100_000, 1_000_000)
SECONDS, IN_A_ROW, REPEATS = 1.5, 1e-3, (20, 1000)  # of a measurement
FEATURES, CLASSES, EPOCH = 256, 10, 4096


@dataclass(frozen=True)
class Workload:
    """A network's hidden layers, and the rows of a batch."""

    hidden: tuple[int, ...]
    batch: int

    def config(self, batch: int) -> Config:
        layers = [{"units": units} for units in self.hidden]
        generator = {"name": "gaussian_quantiles", "features": FEATURES, "classes": CLASSES}
        document: dict[str, Any] = {
            "data": {"generator": {**generator, "samples": EPOCH}},
            "model": {"hidden": layers},
            "loss": "categorical_cross_entropy",
            "optimizer": {"name": "sgd", "learning_rate": 1e-6},
            "training": {"batch_size": batch, "epochs": 1},
        }
        return config_from_dict(document, Path.cwd())

    def steps(self, batch: int) -> Steps:
        """Return the steps of a process that has batches of so many rows."""
        config = self.config(batch)
        return assemble(config, load_dataset(config))[0].trainer.steps


WORKLOADS = [
    Workload(hidden, batch)
    for hidden in ((32,), (256, 256), (1024, 1024))
    for batch in (32, 256, 2048)
]


def seconds(action: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Return how long an action takes."""
    began = clock()
    action()
    return clock() - began


def fastest(ranks: Ranks, action: Callable[[], object]) -> float:
    """Return the shortest time of an action in µs, taken by all ranks several times in a row.

    Of a single one, a rank that begins last would not see how long the others waited.
    """
    in_a_row, repeats = ranks.comm.bcast(repeats_of(action))
    times = []
    for _ in range(repeats):
        ranks.comm.Barrier()
        times.append(seconds(lambda: [action() for _ in range(in_a_row)]) / in_a_row)
    return float(min(times) * 1e6)


def fastest_alone(ranks: Ranks, action: Callable[[], object]) -> float:
    """Return the shortest CPU time of an action in µs, while the other ranks sleep."""
    if not ranks.leads:
        ranks.hear()
        return 0.0
    in_a_row, repeats = repeats_of(action)
    shortest = min(seconds(action, time.process_time) for _ in range(in_a_row * repeats))
    ranks.tell(None)
    return shortest * 1e6


def repeats_of(action: Callable[[], object]) -> tuple[int, int]:
    """Return how many actions to time together, and how often; it takes one to see."""
    once = seconds(action)
    in_a_row = int(np.clip(IN_A_ROW / once, 1, 50))
    return in_a_row, int(np.clip(SECONDS / once / in_a_row, *REPEATS))


def step(steps: Steps) -> Callable[[], None]:
    """Return what takes the first step of an epoch: pass forward and back, and update."""
    rows = np.arange(steps.batch_rows)
    outputs = steps.outputs[: steps.batch_rows]

    def take() -> None:
        steps.propagate(0, rows, 0, outputs)
        steps.optimizer.step(steps.workspace.gradients, 1e-6)

    return take


def write_sums(ranks: Ranks) -> None:
    """Write what it takes to add up vectors over the ranks."""
    rows = ["| numbers | µs |", "| ---: | ---: |"]
    for length in LENGTHS:
        vector = np.zeros(length, np.float32)
        rows.append(f"| {length:,} | {fastest(ranks, partial(ranks.add, vector)):,.0f} |")
    if ranks.leads:
        print("\n".join(rows) + "\n", flush=True)


def write_steps(ranks: Ranks) -> None:
    """Write what a step takes: alone, as the model says and as the ranks take it."""
    heading = ["hidden", "parameters", "batch", "alone", "its part", "sum", "model", "measured"]
    if ranks.leads:
        print(f"| {' | '.join(heading)} |\n|{' ---: |' * len(heading)}")
    for workload in WORKLOADS:
        whole = workload.steps(workload.batch)
        alone = fastest_alone(ranks, step(whole))
        part = fastest_alone(ranks, step(workload.steps(workload.batch // ranks.size)))
        parameters = len(whole.network.parameters)
        vector = np.zeros(parameters + 3, np.float32)
        added = fastest(ranks, partial(ranks.add, vector))
        parts = (whole.network, whole.loss, whole.optimizer, whole.train, whole.settings)
        together = fastest(ranks, step(SharedSteps(*parts, ranks)))
        if ranks.leads:
            times = [f"{each:,.0f}" for each in (alone, part, added)]
            speeds = [f"{alone / each:.2f}" for each in (part + added, together)]
            hidden = "-".join(map(str, workload.hidden))
            cells = [hidden, f"{parameters:,}", str(workload.batch), *times, *speeds]
            print(f"| {' | '.join(cells)} |", flush=True)


def main() -> None:
    """Write both tables, in float32 with one BLAS thread a rank."""
    ranks = all_ranks()
    with blas_threads(1), np.errstate(all="ignore"):
        write_sums(ranks)
        write_steps(ranks)
    leave()


if __name__ == "__main__":
    main()
