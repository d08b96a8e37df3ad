"""How fast networks are trained, beside the peers and beside the matrix products alone.

    python -m tests.benchmarks.engine
    python -m tests.benchmarks.engine --workloads xor mnist --peers products sklearn --rounds 3
    python -m tests.benchmarks.engine --steady

Each peer is one process for each number of threads. All wait, and are measured in turn. It needs
the extra `bench`; a peer that is not installed is left out.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from tests.benchmarks.measuring import (
    SECONDS,
    Measurement,
    contenders,
    measure_workload,
    started,
)
from tests.benchmarks.peers import PEERS
from tests.benchmarks.picture import picture, save
from tests.benchmarks.steady import STEADY_PEERS, measure_steadiness, steadiness
from tests.benchmarks.tabulating import (
    Grid,
    comparisons,
    details,
    markdown,
    ratios,
    terminal,
    times,
)
from tests.benchmarks.worker import CLOCKS
from tests.benchmarks.workloads import WORKLOADS

ROUNDS = 7
THREADS = (1, 2)
WIDTH = 150


def measure(arguments: argparse.Namespace, console: Console) -> list[Measurement]:
    """Measure all workloads, and say which one is being measured."""
    peers = [peer for peer in PEERS if peer == "nnctl" or peer in arguments.peers]
    chosen = contenders(peers, arguments.threads, arguments.clock)
    measurements = []
    with started(chosen, arguments.clock, console.print) as processes:
        for workload in arguments.workloads:
            console.print(f"measuring {workload} ...")
            measurements += measure_workload(
                processes, WORKLOADS[workload], arguments.rounds, arguments.seconds
            )
    return measurements


def parse(words: list[str] | None = None) -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workloads", nargs="+", choices=WORKLOADS, default=list(WORKLOADS))
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=list(PEERS))
    parser.add_argument("--threads", nargs="+", type=int, default=list(THREADS))
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of one measurement")
    parser.add_argument(
        "--clock",
        choices=CLOCKS,
        default="wall",
        help="processor: one thread each, and only the time in which it runs",
    )
    parser.add_argument("--steady", action="store_true", help="on a busy machine, and on one core")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep all that was measured")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables there")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the times there")
    return parser.parse_args(words)


def keep(arguments: argparse.Namespace, found: Sequence[Any], grids: Sequence[Grid]) -> None:
    """Write what was asked for: all that was measured as JSON, and tables as Markdown."""
    if arguments.json is not None:
        document = json.dumps([asdict(one) for one in found], indent=2)
        arguments.json.write_text(document + "\n", encoding="utf-8")
    if arguments.markdown is not None:
        tables = "\n\n".join(markdown(grid) for grid in grids)
        arguments.markdown.write_text(tables + "\n", encoding="utf-8")


def main(words: list[str] | None = None) -> None:
    """Measure, and print tables."""
    arguments = parse(words)
    console, progress = Console(width=WIDTH), Console(stderr=True)
    if arguments.steady:
        peers = [peer for peer in STEADY_PEERS if peer == "nnctl" or peer in arguments.peers]
        found = measure_steadiness(
            arguments.workloads, peers, arguments.rounds, arguments.seconds, progress.print
        )
        steady = list(found)
        console.print(terminal(steadiness(steady)))
        keep(arguments, steady, [steadiness(steady)])
        return
    measurements = measure(arguments, progress)
    grids = [times(measurements), ratios(measurements)]
    for grid in (details(measurements), comparisons(measurements), *grids):
        console.print(terminal(grid))
    keep(arguments, measurements, grids)
    if arguments.plot is not None:
        save(picture(measurements), arguments.plot)


if __name__ == "__main__":
    main(sys.argv[1:])
