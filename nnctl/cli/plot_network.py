"""`nnctl plot-...` of a network itself: its weights, its nodes and edges, what each unit sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from nnctl.cli.picturing import OpenedRun, draws, open_network, option

if TYPE_CHECKING:
    from nnctl.analysis.pictures import Picture

SHAPE = option(
    "shape",
    Annotated[
        str | None,
        typer.Option(
            "--shape",
            metavar="HEIGHTxWIDTH",
            help="The pixels that the inputs are, such as 8x8, or none; else their names tell.",
            show_default=False,
        ),
    ],
    None,
)


@draws(open_network, SHAPE)
def plot_weights(network: OpenedRun, shape: str | None) -> Picture:
    """Draw weights as images, or as matrices.

    Images are of what each unit of the first layer looks for, where the inputs are pixels.
    """
    from nnctl.analysis.weights import draw_weights

    return draw_weights(network.model, network.title, shape)


@draws(open_network)
def plot_network(network: OpenedRun) -> Picture:
    """Draw a small network as nodes and edges.

    Weights are the colour and width of edges, and where they are few, written on them.
    """
    from nnctl.analysis.diagram import draw_network

    return draw_network(network.model, network.title)


FEATURES = option(
    "features",
    Annotated[
        str | None,
        typer.Option(
            "--features",
            metavar="A,B",
            help="Two features; the others stay at their median.",
            show_default=False,
        ),
    ],
    None,
)


@draws(open_network, FEATURES)
def plot_units(network: OpenedRun, features: str | None) -> Picture:
    """Draw what each unit sees of two features.

    Its activation is the colour, and the line its boundary: where its net input is zero.
    """
    from nnctl.analysis.units import draw_units

    chosen = None if features is None else [name.strip() for name in features.split(",")]
    return draw_units(network.run, network.model, network.title, chosen)
