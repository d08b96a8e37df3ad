"""Peers in processes of their own, measured in turn, and only one of them at a time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.workloads import Workload

ROOT = Path(__file__).parents[2]
SECONDS = 0.3  # that a measurement takes
AUTO = 0  # the number of threads that a peer chooses itself

# What would change how many threads a library starts, or which of its kernels it takes; where a
# machine sets OPENBLAS_CORETYPE it slows current NumPy.
STEERED_BY = ("OPENBLAS_", "GOTO_", "OMP_", "GOMP_", "KMP_", "MKL_", "BLIS_", "NVPL_", "XLA_")
THREADS_ARE_SET_BY = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NPROC")


@dataclass(frozen=True)
class Contender:
    """A peer at a number of threads."""

    peer: str
    threads: int

    def __str__(self) -> str:
        """`torch, 2 threads`."""
        if self.threads == AUTO:
            return f"{self.peer}, its own threads"
        return f"{self.peer}, {self.threads} thread{'s' if self.threads > 1 else ''}"


@dataclass(frozen=True)
class Measurement:
    """What a step of a workload took, in microseconds, one number a round."""

    workload: str
    contender: Contender
    microseconds: tuple[float, ...]


class MissingPeerError(Exception):
    """A library is not installed."""


class PeerProcess:
    """A process that waits on a pipe until it is told to measure."""

    def __init__(
        self, contender: Contender, clock: str = "wall", processors: set[int] | None = None
    ) -> None:
        """`clock` is one of the worker's; `processors` it may use from its beginning, or all."""
        self.contender = contender
        worker = [sys.executable, "-m", "tests.benchmarks.worker"]
        self.process = subprocess.Popen(
            [*pinned_to(processors), *worker, contender.peer, str(contender.threads), clock],
            cwd=ROOT,
            env=environment(contender, os.environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started = self._receive()
        if "missing" in started:
            self.close()
            raise MissingPeerError(started["missing"])

    def calibrate(self, workload: Workload, seconds: float) -> int:
        """Return how many epochs of the workload take so many seconds."""
        return int(self._ask("calibrate", workload, seconds))

    def measure(self, workload: Workload, epochs: int) -> float:
        """Return the microseconds of a step."""
        return float(self._ask("measure", workload, epochs)) * 1e6

    def weigh(self, workload: Workload) -> int:
        """Return the most bytes at once that a training of an epoch takes."""
        return int(self._ask("weigh", workload, 1))

    def close(self) -> None:
        """End the process."""
        self.process.communicate()

    def _ask(self, what: str, workload: Workload, amount: float) -> Any:
        assert self.process.stdin is not None
        request = {"do": what, "workload": asdict(workload), "amount": amount}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self._receive()["answer"]

    def _receive(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"the process of {self.contender} ended before its time")
        received: dict[str, Any] = json.loads(line)
        return received


def pinned_to(processors: set[int] | None) -> list[str]:
    """Return what stands before a command that is held to these processors, as `taskset` does."""
    if processors is None:
        return []
    pin = f"os.sched_setaffinity(0, {processors})"
    return [sys.executable, "-c", f"import os, sys; {pin}; os.execv(sys.argv[1], sys.argv[1:])"]


def environment(contender: Contender, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a contender's process.

    nnctl is told its threads by its config, as its users do, and everyone else by variables.
    """
    kept = {name: text for name, text in inherited.items() if not name.startswith(STEERED_BY)}
    if contender.threads == AUTO or contender.peer == "nnctl":
        return kept
    kept |= dict.fromkeys(THREADS_ARE_SET_BY, str(contender.threads))
    if contender.threads == 1:
        kept["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    return kept


def contenders(
    peers: Sequence[str], threads: Sequence[int], clock: str = "wall"
) -> list[Contender]:
    """Return each peer at each number of threads, and nnctl by its own rule before that.

    The processors' clock counts the seconds of all threads together, so there is but one of them.
    """
    if clock == "processor":
        return [Contender(peer, 1) for peer in peers]
    return [
        Contender(peer, number)
        for peer in peers
        for number in ((AUTO, *threads) if peer == "nnctl" else threads)
    ]


@contextmanager
def started(
    chosen: Sequence[Contender], clock: str, say: Callable[[str], None]
) -> Iterator[list[PeerProcess]]:
    """Start the processes of all whose library is installed; end them at the end."""
    processes, missing = [], set()
    with ExitStack() as stack:
        for contender in chosen:
            if contender.peer in missing:
                continue
            try:
                process = PeerProcess(contender, clock)
            except MissingPeerError as error:
                missing.add(contender.peer)
                say(f"left out: {contender.peer} ({error}); pip install -e '.[bench]'")
                continue
            stack.callback(process.close)
            processes.append(process)
        yield processes


def measure_workload(
    processes: Sequence[PeerProcess], workload: Workload, rounds: int, seconds: float
) -> list[Measurement]:
    """Measure all in turn, round after round, every second round from the last to the first."""
    epochs = [process.calibrate(workload, seconds) for process in processes]
    times: list[list[float]] = [[] for _ in processes]
    for number in range(rounds):
        turn = range(len(processes))
        for index in turn if number % 2 == 0 else reversed(turn):
            times[index].append(processes[index].measure(workload, epochs[index]))
    return [
        Measurement(workload.name, process.contender, tuple(taken))
        for process, taken in zip(processes, times, strict=True)
    ]
