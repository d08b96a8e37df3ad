"""The times of a step as bars, on a logarithmic axis."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from nnctl.plots.style import PALETTE, new_figure, plot_style
from tests.benchmarks.measuring import Measurement
from tests.benchmarks.peers import PEERS
from tests.benchmarks.results import best_of
from tests.benchmarks.tabulating import least_of, peers_of, short_number, workloads_of
from tests.benchmarks.workloads import WORKLOADS

COLOURS = {
    "products": "#BDBDBD",
    "nnctl": PALETTE[0],
    "sklearn": PALETTE[1],
    "torch": PALETTE[5],
    "jax": PALETTE[2],
}
GROUP = 0.84  # of the room between two workloads
HEAD_ROOM, FOOT_ROOM = 4.0, 0.55


@plot_style()
def picture(measurements: Sequence[Measurement]) -> Figure:
    """Return the least microseconds of a step, a group of bars a workload and a colour a peer."""
    workloads, peers = workloads_of(measurements), peers_of(measurements)
    figure = new_figure(max(5.0, 1.0 + 1.65 * len(workloads)), 4.6)
    axes = figure.add_subplot()
    width = GROUP / len(peers)
    drawn: list[float] = []
    for index, peer in enumerate(peers):
        shift = (index - (len(peers) - 1) / 2) * width
        times = [least_of(best_of(measurements, workload, peer)) for workload in workloads]
        found = [(place + shift, time) for place, time in enumerate(times) if time is not None]
        places, heights = zip(*found, strict=True)
        bars = axes.bar(places, heights, 0.92 * width, color=COLOURS[peer], label=PEERS[peer])
        labels = [short_number(time) for time in heights]
        axes.bar_label(bars, labels, padding=2, fontsize=7, rotation=90)
        drawn += heights
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.set_ylim(FOOT_ROOM * min(drawn), HEAD_ROOM * max(drawn))
    axes.set_xticks(range(len(workloads)), [described(workload) for workload in workloads])
    axes.grid(False, axis="x")
    axes.tick_params(axis="x", length=0)
    axes.set_ylabel("µs a training step")
    axes.set_title("What a training step takes (less is better)")
    axes.legend(loc="upper left", fontsize=9)
    return figure


@plot_style()
def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG."""
    figure.savefig(path)


def described(workload: str) -> str:
    """Return a workload's name over its sizes, for a tick."""
    found = WORKLOADS[workload]
    return f"{found.name}\n{found.network}\nbatch {found.batch_rows}"
