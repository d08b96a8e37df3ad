"""The results as tables: for the terminal and, as Markdown, for the README."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table

from tests.benchmarks.measuring import AUTO, Measurement
from tests.benchmarks.peers import PEERS
from tests.benchmarks.results import AIMS, Comparison, best_of, compare
from tests.benchmarks.workloads import WORKLOADS


@dataclass(frozen=True)
class Grid:
    """A table of texts; the first column is aligned to the left, the others to the right."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def times(measurements: Sequence[Measurement]) -> Grid:
    """Return the least microseconds of a step, each peer at its best number of threads."""
    peers = peers_of(measurements)
    rows = []
    for workload in workloads_of(measurements):
        cells = [short_number(least_of(best_of(measurements, workload, peer))) for peer in peers]
        rows.append((described(workload), *cells))
    header = ("features-hidden-classes, batch", *(PEERS[peer] for peer in peers))
    return Grid("µs a step, the least of the rounds", header, tuple(rows))


def ratios(measurements: Sequence[Measurement]) -> Grid:
    """Return nnctl's least time over each peer's, with the aim beside it."""
    peers = [peer for peer in peers_of(measurements) if peer in AIMS]
    rows = []
    for workload in workloads_of(measurements):
        found = (compare(measurements, workload, peer) for peer in peers)
        rows.append((workload, *(with_aim(one) for one in found)))
    header = ("nnctl's time (aim)", *(f"/ {PEERS[peer]}" for peer in peers))
    return Grid("nnctl's time over the peer's", header, tuple(rows))


def with_aim(found: Comparison | None) -> str:
    """`1.38 (<= 1.45)`."""
    if found is None:
        return ""
    return f"{found.least:.2f}" + ("" if found.aim is None else f" (<= {found.aim:g})")


def comparisons(measurements: Sequence[Measurement]) -> Grid:
    """Return each ratio in a row of its own, that of the least times and the rounds' median."""
    rows = []
    for workload in workloads_of(measurements):
        for peer in peers_of(measurements):
            found = compare(measurements, workload, peer)
            if found is None or peer not in AIMS:
                continue
            aim = "" if found.aim is None else f"<= {found.aim:g}"
            reached = {True: "yes", False: "NO", None: ""}[found.reached]
            least, median = f"{found.least:.2f}", f"{found.median:.2f}"
            rows.append((workload, PEERS[peer], least, median, aim, reached))
    header = ("workload", "nnctl's time over that of", "least", "median", "aim", "reached")
    return Grid("nnctl beside its peers", header, tuple(rows))


def details(measurements: Sequence[Measurement]) -> Grid:
    """Return the least and the median of every peer at every number of threads."""
    rows = [
        (
            found.workload,
            PEERS[found.contender.peer],
            "auto" if found.contender.threads == AUTO else str(found.contender.threads),
            short_number(min(found.microseconds)),
            short_number(statistics.median(found.microseconds)),
            short_number(max(found.microseconds)),
            f"{WORKLOADS[found.workload].operations / min(found.microseconds) / 1000:.1f}",
        )
        for found in measurements
    ]
    header = ("workload", "peer", "threads", "least µs", "median µs", "most µs", "GFLOP/s")
    return Grid("every number of threads", header, tuple(rows))


def markdown(grid: Grid) -> str:
    """Return the table as Markdown."""
    rule = ("---", *("---:" for _ in grid.header[1:]))
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (grid.header, rule, *grid.rows))


def terminal(grid: Grid) -> Table:
    """Return the table for the terminal."""
    table = Table(title=grid.title, title_justify="left")
    for index, name in enumerate(grid.header):
        table.add_column(name, justify="left" if index == 0 else "right")
    for row in grid.rows:
        table.add_row(*row)
    return table


def workloads_of(measurements: Sequence[Measurement]) -> list[str]:
    """Return the workloads that were measured, in order."""
    return list(dict.fromkeys(found.workload for found in measurements))


def peers_of(measurements: Sequence[Measurement]) -> list[str]:
    """Return the peers that were measured, in the order of `PEERS`."""
    measured = {found.contender.peer for found in measurements}
    return [peer for peer in PEERS if peer in measured]


def described(workload: str) -> str:
    """`xor 2-8-2, 4`."""
    found = WORKLOADS[workload]
    return f"{workload} {found.network}, {found.batch_rows}"


def least_of(measurement: Measurement | None) -> float | None:
    """Return the least time; None for what was not measured."""
    return None if measurement is None else min(measurement.microseconds)


def short_number(value: float | None) -> str:
    """Return a number of microseconds with three digits at most behind the first."""
    if value is None:
        return ""
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"
