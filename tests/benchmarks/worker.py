"""A process that trains one peer when it is told to, and says how long it took.

    python -m tests.benchmarks.worker PEER THREADS CLOCK

A line of JSON comes in, one goes out. THREADS 0 leaves the number to the peer.
"""

from __future__ import annotations

import gc
import json
import sys
import time
import tracemalloc
from collections.abc import Callable
from importlib import import_module
from typing import Any

from tests.benchmarks.peers import Training
from tests.benchmarks.workloads import WORKLOADS, Workload, rows_of

WARM_UP_SECONDS = 0.02
MOST_EPOCHS = 10**6
PARTS = 20
LONGEST_SECONDS = 2.0
# The second one stands still while other work has the processor.
CLOCKS = {"wall": time.perf_counter, "processor": time.process_time}


class Worker:
    """One peer at one number of threads."""

    def __init__(self, peer: str, threads: int, clock: str) -> None:
        self.prepare = import_module(f"tests.benchmarks.peers.{peer}").prepare
        self.threads, self.clock = threads or None, CLOCKS[clock]

    def trained(self, workload: Workload) -> Training:
        """Return a training from fresh weights that has been through all that happens once."""
        train: Training = self.prepare(workload, self.threads)
        train(1)
        epochs, took = 1, 0.0
        while took < WARM_UP_SECONDS:
            took = self.seconds(train, epochs)
            epochs = min(2 * epochs, MOST_EPOCHS)
        return train

    def calibrate(self, workload: Workload, wanted: float) -> int:
        """Return how many epochs take so many seconds."""
        train, epochs = self.trained(workload), 1
        while (took := self.seconds(train, epochs)) < wanted / 4 and epochs < MOST_EPOCHS:
            epochs *= 2
        return max(1, min(MOST_EPOCHS, round(epochs * wanted / took)))

    def measure(self, workload: Workload, epochs: int) -> float:
        """Return the seconds that a step takes; of a part, where all would take far too long.

        A peer whose threads wait for each other may be a hundred times slower than calibrated.
        """
        train, part = self.trained(workload), max(1, epochs // PARTS)
        gc.collect()
        took, rest = self.seconds(train, part), epochs - part
        if rest > 0 and took * epochs / part < LONGEST_SECONDS:
            took, part = took + self.seconds(train, rest), epochs
        return took / (part * workload.batches)

    def seconds(self, train: Training, epochs: int) -> float:
        """Return how long the epochs take."""
        began = self.clock()
        train(epochs)
        return self.clock() - began

    def weigh(self, workload: Workload, epochs: int) -> int:
        """Return the most bytes at once of what is allocated for a training, the rows given."""
        rows_of(workload)  # made once, and no part of it
        tracemalloc.start()
        self.prepare(workload, self.threads)(epochs)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak


def answer(worker: Worker, request: dict[str, Any]) -> float:
    """Do what a line asks for."""
    actions: dict[str, Callable[[Workload, Any], float]] = {
        "calibrate": worker.calibrate,
        "measure": worker.measure,
        "weigh": worker.weigh,
    }
    workload = Workload(**{**request["workload"], "sizes": tuple(request["workload"]["sizes"])})
    return actions[request["do"]](workload, request["amount"])


def main() -> None:
    """Answer one line after another."""
    peer, threads, clock = sys.argv[1:]
    try:
        worker = Worker(peer, int(threads), clock)
        worker.trained(WORKLOADS["xor"])
    except ImportError as error:
        print(json.dumps({"missing": str(error)}), flush=True)
        return
    print(json.dumps({"ready": peer}), flush=True)
    for line in sys.stdin:
        print(json.dumps({"answer": answer(worker, json.loads(line))}), flush=True)


if __name__ == "__main__":
    main()
