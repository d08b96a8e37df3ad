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


Animate = Annotated[
    bool, typer.Option("--animate", help="Draw a GIF of how it changed from epoch to epoch.")
]
WhichWeights = Annotated[
    str | None,
    typer.Option(
        "--checkpoint", metavar="best|last", help="Which weights to use.", show_default="best"
    ),
]


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
    animate: Animate = False,
    checkpoint: WhichWeights = None,
    json: Json = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Draw the decision boundary over two features.

    --animate shows up to 65 epochs from before training to the last, evenly spaced, and the best;
    without it, the best alone is drawn, or that of --checkpoint.
    """
    from nnctl.analysis.moving import animate_boundary
    from nnctl.analysis.pictures import draw_boundary
    from nnctl.training.threads import blas_threads

    chosen = None if features is None else [name.strip() for name in features.split(",")]
    if animate:
        moving = _opened_to_animate(run, runs_dir, checkpoint, output)
        with blas_threads(1):  # the same last bits on every machine
            picture = animate_boundary(moving, chosen, target)
        save(picture, output or moving.plots / "boundary.gif", {}, json=json)
        return
    directory, model = _opened(run, runs_dir, checkpoint or "best")
    still = draw_boundary(directory, model, chosen, target)
    save(still, output or directory.plots / "boundary.png", {}, json=json)


def plot_fit(
    run: RunArgument = None,
    output: Output = None,
    animate: Animate = False,
    checkpoint: WhichWeights = None,
    json: Json = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Draw data and curve over one feature.

    --animate shows up to 65 epochs from before training to the last, evenly spaced, and the best;
    without it, the best alone is drawn, or that of --checkpoint.
    """
    from nnctl.analysis.moving import animate_fit
    from nnctl.analysis.pictures import draw_fit
    from nnctl.training.threads import blas_threads

    if animate:
        moving = _opened_to_animate(run, runs_dir, checkpoint, output)
        with blas_threads(1):
            picture = animate_fit(moving)
        save(picture, output or moving.plots / "fit.gif", {}, json=json)
        return
    directory, model = _opened(run, runs_dir, checkpoint or "best")
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


def _opened_to_animate(
    run: str | None, runs_dir: Path, checkpoint: str | None, output: Path | None
) -> RunDirectory:
    """Find a run whose epochs are to be drawn; refuse at once what would be refused after it."""
    from nnctl.analysis.pictures import require_place
    from nnctl.errors import UsageError
    from nnctl.plots.encoding import ANIMATED

    if checkpoint is not None:
        raise UsageError(
            "--animate shows the epochs up to the last, not one checkpoint; leave away "
            f"--checkpoint {checkpoint}, or --animate"
        )
    if output is not None:
        require_place(output, ANIMATED)
    return _opened(run, runs_dir, "last")[0]
