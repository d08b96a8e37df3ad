"""How time and memory of a training grow with width, depth, batch and rows.

    python -m tests.benchmarks.growth --plot docs/images/growth.png

One thread, so that no rule about threads bends a curve. Beside what is measured stands what must
grow: the operations of the matrix products, and the numbers that a training has to keep.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from rich.console import Console

from tests.benchmarks.growth_picture import growth_picture
from tests.benchmarks.measuring import Contender, PeerProcess
from tests.benchmarks.picture import save
from tests.benchmarks.tabulating import Grid, markdown, terminal
from tests.benchmarks.workloads import Workload

SECONDS, REPEATS = 0.05, 5
BYTES = 4  # of a float32
VECTORS = 4  # parameters, gradients, and both moments of Adam
VALUES_PER_UNIT = 4  # net input, activation, and the gradients of both


@dataclass(frozen=True)
class Axis:
    """What grows, and the network that stands at each of its values."""

    name: str
    values: tuple[int, ...]
    workload: Callable[[int], Workload]


def epoch_of(sizes: Sequence[int], batch_rows: int, rows: int) -> Workload:
    """Return a workload of about so many rows."""
    return Workload("growth", tuple(sizes), batch_rows, max(2, rows // batch_rows))


AXES = (
    Axis(
        "units a hidden layer",
        (16, 32, 64, 128, 256, 512, 1024, 2048),
        lambda width: epoch_of((64, width, width, 10), 128, 512),
    ),
    Axis(
        "hidden layers",
        (1, 2, 4, 8, 16, 32, 64),
        lambda depth: epoch_of((64, *[128] * depth, 10), 128, 512),
    ),
    Axis(
        "rows a batch",
        (4, 16, 64, 256, 1024, 4096, 16384),
        lambda batch: epoch_of((64, 256, 256, 10), batch, 4 * batch),
    ),
    Axis(
        "rows",
        (512, 2048, 8192, 32768, 131072, 524288),
        lambda rows: epoch_of((32, 64, 2), 256, rows),
    ),
)


@dataclass(frozen=True)
class Point:
    """A training at one value of an axis."""

    axis: str
    value: int
    microseconds: float  # a step
    megabytes: float  # at most at once, beside the rows given
    operations: float  # of a step's products
    kept: float  # bytes


def kept_bytes(workload: Workload) -> int:
    """Return what a training cannot do without: its rows, its parameters, a pass over a batch."""
    parameters = sum((n_inputs + 1) * n_units for n_inputs, n_units in pairwise(workload.sizes))
    of_pass = workload.batch_rows * VALUES_PER_UNIT * sum(workload.sizes[1:])
    batch = workload.batch_rows * workload.sizes[0]
    rows = workload.rows * (workload.sizes[0] + workload.sizes[-1])
    return BYTES * (VECTORS * parameters + of_pass + batch + rows)


def measure_point(process: PeerProcess, axis: Axis, value: int) -> Point:
    """Return the least time of a few, and the memory."""
    workload = axis.workload(value)
    epochs = process.calibrate(workload, SECONDS)
    least = min(process.measure(workload, epochs) for _ in range(REPEATS))
    megabytes = process.weigh(workload) / 1e6
    kept = kept_bytes(workload)
    return Point(axis.name, value, least, megabytes, workload.operations, kept)


def exponent(values: Sequence[float], results: Sequence[float]) -> float:
    """Return k of results ~ values^k, fitted to the logarithms of the upper half of the values."""
    half = min(len(values) // 2, len(values) - 2)
    slope, _ = np.polyfit(np.log(values[half:]), np.log(results[half:]), 1)
    return float(slope)


def exponents(points: Sequence[Point]) -> Grid:
    """Return the fitted exponents of what was measured beside those of what must grow."""
    rows = []
    for axis in dict.fromkeys(point.axis for point in points):
        found = [point for point in points if point.axis == axis]
        values = [float(point.value) for point in found]
        columns = (
            [point.microseconds for point in found],
            [point.operations for point in found],
            [point.megabytes for point in found],
            [point.kept for point in found],
        )
        fitted = (f"{exponent(values, column):.2f}" for column in columns)
        span = f"{values[len(values) // 2]:,.0f} to {values[-1]:,.0f}"
        rows.append((axis, span, *fitted))
    header = ("grows with", "from, to", "time a step", "operations", "memory", "numbers kept")
    return Grid("exponents, over the upper half", header, tuple(rows))


def every_point(points: Sequence[Point]) -> Grid:
    """Return all that was measured."""
    rows = [
        (
            point.axis,
            f"{point.value:,}",
            f"{point.microseconds:,.1f}",
            f"{point.operations / point.microseconds / 1000:.1f}",
            f"{point.megabytes:,.2f}",
            f"{point.kept / 1e6:,.2f}",
        )
        for point in points
    ]
    header = ("axis", "value", "µs a step", "GFLOP/s", "MB at most", "MB of numbers kept")
    return Grid("every point", header, tuple(rows))


def measure(axes: Sequence[Axis], clock: str, most: int | None) -> list[Point]:
    """Measure the axes one after another, each at so many of its values."""
    with closing(PeerProcess(Contender("nnctl", 1), clock)) as process:
        return [
            measure_point(process, axis, value) for axis in axes for value in axis.values[:most]
        ]


def main(words: list[str] | None = None) -> None:
    """Measure, print tables, and draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clock", choices=("wall", "processor"), default="wall")
    parser.add_argument("--points", type=int, help="of each axis; left out, all")
    parser.add_argument("--plot", type=Path, metavar="FILE")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--markdown", type=Path, metavar="FILE")
    arguments = parser.parse_args(words)
    points = measure(AXES, arguments.clock, arguments.points)
    console = Console(width=120)
    for grid in (every_point(points), exponents(points)):
        console.print(terminal(grid))
    if arguments.json is not None:
        document = json.dumps([asdict(point) for point in points], indent=2)
        arguments.json.write_text(document + "\n", encoding="utf-8")
    if arguments.markdown is not None:
        arguments.markdown.write_text(markdown(exponents(points)) + "\n", encoding="utf-8")
    if arguments.plot is not None:
        save(growth_picture([asdict(point) for point in points]), arguments.plot)


if __name__ == "__main__":
    main(sys.argv[1:])
