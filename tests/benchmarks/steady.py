"""How steady a step's time is where the machine is busy, or gives the process one core only.

BLAS and other pools split a product over the threads that they believe to be free and wait for
the slowest. Every peer chooses its number of threads itself, as it does for a user.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.benchmarks.measuring import AUTO, Contender, MissingPeerError, PeerProcess
from tests.benchmarks.peers import PEERS
from tests.benchmarks.tabulating import Grid, short_number
from tests.benchmarks.workloads import WORKLOADS, Workload

STEADY_PEERS = ("nnctl", "sklearn", "torch")
# Ends with whoever started it.
BUSY = "import os\nparent = os.getppid()\nwhile os.getppid() == parent: pass"
AIM = 1.5  # times the undisturbed time on one thread
MOST_BATCHES = 2
CORE = 0  # the one that is busy, or the only one that is left
CONDITIONS = (
    "undisturbed",
    "a core busy with other work",
    "pinned to a core from its start",
    "pinned to a core later on",
)


@dataclass(frozen=True)
class Steadiness:
    """What a peer's step takes under each of `CONDITIONS`."""

    workload: str
    peer: str
    undisturbed: float  # µs on one thread
    ratios: tuple[float, ...]  # to that


class Subject:
    """A peer in the processes that its conditions ask for."""

    def __init__(self, peer: str, stack: ExitStack) -> None:
        def start(threads: int, processors: set[int] | None = None) -> PeerProcess:
            process = PeerProcess(Contender(peer, threads), processors=processors)
            stack.callback(process.close)
            return process

        self.peer = peer
        self.one_thread, self.free = start(1), start(AUTO)
        self.pinned, self.pinned_later = start(AUTO, {CORE}), start(AUTO)
        for thread in Path(f"/proc/{self.pinned_later.process.pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), {CORE})

    def measure(self, workload: Workload, epochs: int) -> tuple[float, ...]:
        """Return the microseconds on one thread, and then those of each condition."""
        quiet = [process.measure(workload, epochs) for process in (self.one_thread, self.free)]
        with busy_core():
            disturbed = self.free.measure(workload, epochs)
        pinned = [process.measure(workload, epochs) for process in (self.pinned, self.pinned_later)]
        return (*quiet, disturbed, *pinned)


@contextmanager
def busy_core() -> Iterator[None]:
    """Keep a core busy with another process."""
    process = subprocess.Popen([sys.executable, "-c", BUSY])
    os.sched_setaffinity(process.pid, {CORE})
    try:
        yield
    finally:
        process.kill()
        process.wait()


def measure_steadiness(
    workloads: Sequence[str],
    peers: Sequence[str],
    rounds: int,
    seconds: float,
    say: Callable[[str], None],
) -> Iterator[Steadiness]:
    """Measure each peer under each condition in turn; what is compared are medians."""
    with ExitStack() as stack:
        subjects = list(start_subjects(peers, stack, say))
        for name in workloads:
            for subject in subjects:
                workload = shortened(WORKLOADS[name])
                epochs = subject.one_thread.calibrate(workload, seconds)
                taken = [subject.measure(workload, epochs) for _ in range(rounds)]
                first, *rest = (statistics.median(column) for column in zip(*taken, strict=True))
                ratios = tuple(median / first for median in rest)
                say(f"{name}, {subject.peer}: {', '.join(f'{ratio:.2f}' for ratio in ratios)}")
                yield Steadiness(name, subject.peer, first, ratios)


def shortened(workload: Workload) -> Workload:
    """Return the workload with short epochs: a step may take a hundred times what it should."""
    return replace(workload, batches=min(workload.batches, MOST_BATCHES))


def start_subjects(
    peers: Sequence[str], stack: ExitStack, say: Callable[[str], None]
) -> Iterator[Subject]:
    """Start the processes of each peer that is installed."""
    for peer in peers:
        try:
            yield Subject(peer, stack)
        except MissingPeerError as error:
            say(f"left out: {peer} ({error}); pip install -e '.[bench]'")


def steadiness(found: Sequence[Steadiness]) -> Grid:
    """Return the times of each condition as multiples of the undisturbed one on one thread."""
    rows = [
        (
            one.workload,
            PEERS[one.peer],
            short_number(one.undisturbed),
            *(f"{ratio:.2f}" for ratio in one.ratios),
            f"<= {AIM}" if one.peer == "nnctl" else "",
        )
        for one in found
    ]
    header = ("workload", "peer", "µs, one thread", *CONDITIONS, "aim")
    title = "threads as each peer chooses them: times its undisturbed step on one thread"
    return Grid(title, header, tuple(rows))
