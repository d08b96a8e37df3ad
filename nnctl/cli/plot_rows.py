"""`nnctl plot-...` over labelled rows: how well a network tells, knows and estimates them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from nnctl.cli.picturing import OpenedRows, draws, open_rows, option

if TYPE_CHECKING:
    from nnctl.analysis.pictures import Picture


@draws(open_rows)
def plot_roc(rows: OpenedRows) -> Picture:
    """Draw ROC and precision-recall curves.

    With the areas under them: of two classes for the second, of more for each against the rest.
    """
    from nnctl.analysis.ranking import draw_ranking

    return draw_ranking(rows.model, rows.tables, rows.title)


BINS = option(
    "bins",
    Annotated[int, typer.Option("--bins", metavar="N", min=2, max=100, help="How many bins.")],
    10,
)


@draws(open_rows, BINS)
def plot_calibration(rows: OpenedRows, bins: int) -> Picture:
    """Draw whether probabilities come true.

    Of two classes that is the probability of the second, of more that of the predicted class. What
    is given 70 % should happen in 70 % of all cases.
    """
    from nnctl.analysis.calibrating import draw_calibration

    return draw_calibration(rows.model, rows.tables, rows.title, bins)


@draws(open_rows)
def plot_residuals(rows: OpenedRows) -> Picture:
    """Draw estimates against the truth, and residuals.

    For each target of a regression, in the units of the data. Residuals are true - predicted.
    """
    from nnctl.analysis.residuals import draw_residuals

    return draw_residuals(rows.model, rows.tables, rows.title)


METRIC = option(
    "metric",
    Annotated[
        str | None,
        typer.Option(
            "--metric",
            metavar="NAME",
            help="What is to become worse; else the first of the config's, or the loss.",
            show_default=False,
        ),
    ],
    None,
)
REPEATS = option(
    "repeats",
    Annotated[
        int,
        typer.Option("--repeats", metavar="N", min=1, max=1000, help="How often to permute."),
    ],
    10,
)
SEED = option(
    "seed",
    Annotated[
        int | None,
        typer.Option(
            "--seed", metavar="N", min=0, help="Else that of the config.", show_default=False
        ),
    ],
    None,
)


@draws(open_rows, METRIC, REPEATS, SEED)
def plot_importance(
    rows: OpenedRows, metric: str | None, repeats: int, seed: int | None
) -> Picture:
    """Draw what each feature is worth to the network.

    That is how much worse it does when the feature's cells are permuted among the rows. Features
    that say the same stand in for one another, and each seems to be of little use.
    """
    from nnctl.analysis.importance import draw_importance

    return draw_importance(rows.model, rows.tables, rows.title, metric, repeats, seed)


@draws(open_rows)
def plot_activations(rows: OpenedRows) -> Picture:
    """Draw how activations are spread in each layer.

    Flat is where the slope is below 0.01: an inactive rectifier, a saturated sigmoid or tanh.
    """
    from nnctl.analysis.layers import draw_activations

    return draw_activations(rows.model, rows.tables, rows.title)


@draws(open_rows)
def plot_gradients(rows: OpenedRows) -> Picture:
    """Draw how large gradients are in each layer.

    The rows are one batch; --split train takes those of training. Penalties are left out, and
    nothing is dropped.
    """
    from nnctl.analysis.layers import draw_gradients

    return draw_gradients(rows.model, rows.tables, rows.title)
