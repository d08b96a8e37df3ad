"""`nnctl plot-...`: a run's figures, and the activation functions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnctl.cli.options import (
    DEFAULT_RUNS_DIR,
    Json,
    Output,
    RunArgument,
    RunsDir,
    WhichCheckpoint,
    WhichSplit,
)
from nnctl.cli.picturing import save

if TYPE_CHECKING:
    from nnctl.runs.directory import RunDirectory
    from nnctl.training.inference import Model

CURVE_RANGE, CURVE_POINTS = 5.0, 1001


def plot_boundary(
    run: RunArgument = None,
    output: Output = None,
    features: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="Two features; the others stay at their median."),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Which of a regression's targets; else the first."),
    ] = None,
    checkpoint: WhichCheckpoint = "best",
    json: Json = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Draw the decision boundary over two features."""
    from nnctl.analysis.pictures import draw_boundary

    directory, model = _opened(run, runs_dir, checkpoint)
    chosen = None if features is None else [name.strip() for name in features.split(",")]
    picture = draw_boundary(directory, model, chosen, target)
    save(picture, output or directory.plots / "boundary.png", {}, json=json)


def plot_fit(
    run: RunArgument = None,
    output: Output = None,
    checkpoint: WhichCheckpoint = "best",
    json: Json = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Draw data and curve over one feature."""
    from nnctl.analysis.pictures import draw_fit

    directory, model = _opened(run, runs_dir, checkpoint)
    save(draw_fit(directory, model), output or directory.plots / "fit.png", {}, json=json)


def plot_history(
    run: RunArgument = None,
    output: Output = None,
    json: Json = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Draw loss and metrics over the epochs."""
    from nnctl.analysis.pictures import draw_history

    directory, model = _opened(run, runs_dir, "best")
    save(draw_history(directory, model), output or directory.plots / "history.png", {}, json=json)


def plot_confusion(
    run: RunArgument = None,
    output: Output = None,
    split: WhichSplit = None,
    checkpoint: WhichCheckpoint = "best",
    json: Json = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Draw which classes were taken for which."""
    from nnctl.analysis.pictures import draw_confusion

    directory, model = _opened(run, runs_dir, checkpoint)
    picture = draw_confusion(directory, model, split)
    save(picture, output or directory.plots / "confusion.png", {}, json=json)


def plot_activation(
    name: Annotated[str, typer.Argument(metavar="NAME", help="relu, tanh, gelu, ...")],
    output: Output = None,
    json: Json = False,
) -> None:
    """Draw an activation function and its derivative."""
    import numpy as np

    from nnctl.analysis.pictures import Picture
    from nnctl.errors import UsageError
    from nnctl.nn.activations import ACTIVATIONS
    from nnctl.plots.activation import activation_figure

    if name not in ACTIVATIONS:
        raise UsageError(f"there is no activation `{name}`; there are {', '.join(ACTIVATIONS)}")
    if name == "softmax":
        raise UsageError("softmax has no curve: each of its values depends on all of z")
    activation = ACTIVATIONS[name]()
    z = np.linspace(-CURVE_RANGE, CURVE_RANGE, CURVE_POINTS)
    figure = activation_figure(name, z, activation(z), activation.slope_at(z), activation.written)
    save(Picture(figure), output or Path(f"{name}.png"), {}, json=json)


def _opened(run: str | None, runs_dir: Path, checkpoint: str) -> tuple[RunDirectory, Model]:
    from nnctl.cli.opening import open_run

    return open_run(run, runs_dir, checkpoint)
