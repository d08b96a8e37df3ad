"""What the measurements say: each peer at its best, and nnctl's share of the peers' times."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from tests.benchmarks.measuring import Measurement

# nnctl's time for a step over the peer's, at most.
AIMS = {
    "products": {
        "xor": 6.0,
        "moons": 4.5,
        "digits": 2.2,
        "mnist": 1.45,
        "tabular": 1.35,
        "wide": 1.15,
    },
    "sklearn": {
        "xor": 0.15,
        "moons": 0.2,
        "digits": 0.2,
        "mnist": 0.5,
        "tabular": 0.5,
        "wide": 0.6,
    },
    "torch": {
        "xor": 0.15,
        "moons": 0.2,
        "digits": 0.2,
        "mnist": 0.7,
        "tabular": 0.7,
        "wide": 0.7,
    },
    "jax": {"mnist": 1.1, "tabular": 1.1, "wide": 1.25},
}


@dataclass(frozen=True)
class Comparison:
    """nnctl beside a peer on a workload."""

    workload: str
    peer: str
    least: float  # nnctl's least time over the peer's
    median: float  # the median of the rounds' ratios
    aim: float | None

    @property
    def reached(self) -> bool | None:
        """Whether the ratio of the least times is within the aim; None without one."""
        return None if self.aim is None else self.least <= self.aim


def best_of(measurements: Sequence[Measurement], workload: str, peer: str) -> Measurement | None:
    """Return the peer at the number of threads with which it is fastest; None if it is missing."""
    found = [m for m in measurements if (m.workload, m.contender.peer) == (workload, peer)]
    return min(found, key=lambda m: min(m.microseconds), default=None)


def compare(measurements: Sequence[Measurement], workload: str, peer: str) -> Comparison | None:
    """Return nnctl beside the peer; None where one of them was not measured.

    The least time is what the machine can do, and other work on it only adds to that. The median
    of ratios is of rounds, in which both were measured one soon after the other.
    """
    mine, theirs = best_of(measurements, workload, "nnctl"), best_of(measurements, workload, peer)
    if mine is None or theirs is None:
        return None
    ratios = [a / b for a, b in zip(mine.microseconds, theirs.microseconds, strict=True)]
    least = min(mine.microseconds) / min(theirs.microseconds)
    aim = AIMS.get(peer, {}).get(workload)
    return Comparison(workload, peer, least, statistics.median(ratios), aim)
