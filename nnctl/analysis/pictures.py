"""The pictures of a run: model and rows become the arrays that the plots draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnctl.analysis.drawn_rows import outputs_for
from nnctl.analysis.fits import fit_of
from nnctl.analysis.landscapes import landscape_of
from nnctl.errors import UsageError
from nnctl.plots.animation import Animation, gif_bytes
from nnctl.plots.boundary import boundary_figure
from nnctl.plots.confusion import confusion_figure
from nnctl.plots.encoding import STILL, figure_bytes, require_format
from nnctl.plots.fit import fit_figure
from nnctl.plots.history import history_figure
from nnctl.runs.atomic import require_writable, write_atomically
from nnctl.runs.directory import RunDirectory
from nnctl.runs.history import read_history
from nnctl.training.decoding import ClassDecoder
from nnctl.training.inference import Model, load_model
from nnctl.training.own_rows import own_rows

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Picture:
    """A figure, what a person should know of it, a sentence each, and its numbers for JSON."""

    figure: Figure
    notices: tuple[str, ...] = ()
    numbers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class MovingPicture:
    """An animation, with what a picture has beside its figure."""

    figure: Animation
    notices: tuple[str, ...] = ()
    numbers: Mapping[str, Any] = field(default_factory=dict)


def require_place(path: Path, formats: Sequence[str] = STILL) -> None:
    """Raise what `save_picture` would raise of the path, before the work for a picture is done."""
    require_format(path.suffix, formats)
    require_writable(path)


def save_picture(figure: Figure | Animation, path: Path) -> None:
    """Write a figure as PNG or SVG, as the path's suffix says, or an animation as GIF.

    Whole, or what is there stays as it was. Raises UsageError for any other suffix, StorageError
    where the file cannot be written.
    """
    if isinstance(figure, Animation):
        write_atomically(path, gif_bytes(figure, path.suffix))
    else:
        write_atomically(path, figure_bytes(figure, path.suffix))


def draw_all(run: RunDirectory) -> list[Path]:
    """Write every picture that fits the run into its `plots/`; return their paths."""
    model = load_model(run.best)
    pictures = {"history": draw_history(run, model)}
    kinds = [feature.kind for feature in model.preprocessing.features]
    if kinds == ["numeric", "numeric"]:
        pictures["boundary"] = draw_boundary(run, model)
    if kinds == ["numeric"]:
        pictures["fit"] = draw_fit(run, model)
    if model.preprocessing.task == "classification":
        pictures["confusion"] = draw_confusion(run, model)
    paths = []
    for name, picture in pictures.items():
        paths.append(run.plots / f"{name}.png")
        save_picture(picture.figure, paths[-1])
    return paths


def draw_history(run: RunDirectory, model: Model) -> Picture:
    """Draw loss and metrics over the epochs, the best one marked."""
    return Picture(history_figure(read_history(run.metrics), model.epoch or None, run.name))


def draw_confusion(run: RunDirectory, model: Model, wanted: str | None = None) -> Picture:
    """Draw which classes were taken for which, on one of the run's sets."""
    decoder = model.decoder
    if not isinstance(decoder, ClassDecoder):
        raise UsageError("a confusion matrix is drawn for classes; this run estimates numbers")
    rows = own_rows(run, wanted)
    targets = model.preprocessing.transform_targets(rows.table, model.network.dtype)
    matrix = decoder.confusion(outputs_for(model, rows.table), targets)
    title = f"{run.name}: {rows.set_name} rows"
    return Picture(confusion_figure(matrix, model.preprocessing.classes, title), rows.notices)


def draw_boundary(
    run: RunDirectory,
    model: Model,
    features: Sequence[str] | None = None,
    target: str | None = None,
) -> Picture:
    """Draw what the network says over two features of numbers.

    The others stay at their median, categories at the one that most rows have.

    Of a regression's targets it draws `target`, else the first, and a notice says so. Raises
    UsageError when the network does not have two features and none, or others, are named, and
    for a target that is none of a regression's.
    """
    view = landscape_of(run, (model,), features, target)
    return Picture(boundary_figure(view.drawn), view.notices)


def draw_fit(run: RunDirectory, model: Model) -> Picture:
    """Draw the network's curve over one feature, through the data."""
    view = fit_of(run, (model,))
    return Picture(fit_figure(view.drawn), view.notices)
