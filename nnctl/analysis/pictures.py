"""The pictures of a run: model and rows become the arrays that the plots draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nnctl.analysis.planes import grid_rows, middle_row, spread
from nnctl.data.arrays import FloatArray, IntArray
from nnctl.data.loading import load_main_table
from nnctl.data.table import Table, number_matrix
from nnctl.errors import Problem, UsageError
from nnctl.plots.boundary import boundary_figure
from nnctl.plots.confusion import confusion_figure
from nnctl.plots.encoding import figure_bytes, require_format
from nnctl.plots.fit import fit_figure
from nnctl.plots.history import history_figure
from nnctl.runs.atomic import require_writable, write_atomically
from nnctl.runs.checkpoint import read_checkpoint
from nnctl.runs.directory import RunDirectory
from nnctl.runs.history import read_history
from nnctl.training.decoding import ClassDecoder
from nnctl.training.inference import Model, load_model
from nnctl.training.own_rows import notice_changes, own_rows, run_config

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from nnctl.data.preprocessing import Preprocessing

GRID_POINTS = 240  # along each axis
CURVE_POINTS = 400
MOST_POINTS = 2000  # more would only cover one another


@dataclass(frozen=True)
class Picture:
    """A figure, what a person should know of it, a sentence each, and its numbers for JSON."""

    figure: Figure
    notices: tuple[str, ...] = ()
    numbers: Mapping[str, Any] = field(default_factory=dict)


def require_place(path: Path) -> None:
    """Raise what `save_picture` would raise of the path, before the work for a picture is done."""
    require_format(path.suffix)
    require_writable(path)


def save_picture(figure: Figure, path: Path) -> None:
    """Write a figure as PNG or SVG, as the path's suffix says, or leave what is there as it was.

    Raises UsageError for any other suffix, StorageError where the file cannot be written.
    """
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
    outputs, targets = _outputs_and_targets(model, rows.table)
    matrix = decoder.confusion(outputs, targets)
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
    preprocessing = model.preprocessing
    chosen = two_features(preprocessing, features)
    position, choice = _one_target(preprocessing, target)
    table, notices = table_of(run)
    values = preprocessing.raw_features(table)
    hidden = values.shape[1] - 2
    x, y = (spread(values[:, index], GRID_POINTS) for index in chosen)
    outputs = _predict(model, grid_rows(x, y, middle_row(preprocessing, values), chosen))
    plane: dict[str, Any] = {
        "grid_x": x,
        "grid_y": y,
        "points": values[:, chosen],
        "feature_names": tuple(preprocessing.feature_names[index] for index in chosen),
        "title": run.name if hidden == 0 else f"{run.name}: the other {hidden} at their median",
    }
    says = (
        _regions(model, table, outputs, (len(y), len(x)))
        if preprocessing.task == "classification"
        else _surface(model, table, outputs, (len(y), len(x)), position)
    )
    return Picture(boundary_figure(**plane, **says), (*notices, *choice))


def draw_fit(run: RunDirectory, model: Model) -> Picture:
    """Draw the network's curve over one feature, through the data."""
    preprocessing = model.preprocessing
    _require_one_feature(preprocessing)
    table, notices = table_of(run)
    points = preprocessing.raw_features(table)
    curve_x = spread(points[:, 0], CURVE_POINTS)
    outputs = _predict(model, curve_x[:, np.newaxis])
    curve: dict[str, Any] = {
        "curve_x": curve_x,
        "points_x": points[:, 0],
        "feature_name": preprocessing.feature_names[0],
        "target_names": preprocessing.targets,
        "title": run.name,
    }
    decoder = model.decoder
    if isinstance(decoder, ClassDecoder):
        _, labels = _outputs_and_targets(model, table)
        by_score = decoder.activation.decides_by_score
        figure = fit_figure(
            **curve,
            curve_y=decoder.activation(outputs) if by_score else outputs,
            points_y=decoder.encode(labels, outputs.shape[1]),
            class_names=preprocessing.classes,
            value_name=None if decoder.gives_probabilities else f"{decoder.output} output",
        )
    else:
        figure = fit_figure(
            **curve,
            curve_y=preprocessing.inverse_targets(outputs),
            points_y=number_matrix(table, preprocessing.targets, "target"),
        )
    return Picture(figure, notices)


def _regions(
    model: Model, table: Table, outputs: FloatArray, shape: tuple[int, int]
) -> dict[str, Any]:
    """Return what boundary_figure draws of classes, for the outputs on a grid of that shape."""
    decoder = model.decoder
    assert isinstance(decoder, ClassDecoder)
    own_outputs, labels = _outputs_and_targets(model, table)
    whole = len(model.preprocessing.features) == 2
    return {
        "scores": decoder.scores(outputs).reshape(*shape, -1),
        "predicted": decoder.predicted(outputs).reshape(shape),
        "point_labels": labels,
        "class_names": model.preprocessing.classes,
        # Where features are hidden, the plane does not show what a row was judged by.
        "point_predicted": decoder.predicted(own_outputs) if whole else None,
    }


def _surface(
    model: Model, table: Table, outputs: FloatArray, shape: tuple[int, int], position: int
) -> dict[str, Any]:
    """Return what boundary_figure draws of one target, for the outputs on a grid of that shape."""
    preprocessing = model.preprocessing
    return {
        "scores": preprocessing.inverse_targets(outputs)[:, position].reshape(*shape, 1),
        "predicted": None,
        "point_labels": number_matrix(table, preprocessing.targets, "target")[:, position],
        "class_names": None,
        "value_name": preprocessing.targets[position],
    }


def _one_target(preprocessing: Preprocessing, wanted: str | None) -> tuple[int, tuple[str, ...]]:
    """Return the position of the target to draw, and a notice where nobody chose among several."""
    targets = preprocessing.targets
    listed = ", ".join(targets)
    if wanted is None:
        several = preprocessing.task == "regression" and len(targets) > 1
        notice = f"drawn is `{targets[0]}`; --target chooses among {listed}"
        return 0, (notice,) if several else ()
    if preprocessing.task == "classification":
        raise UsageError(
            "--target chooses among the numbers that a regression estimates "
            f"(received {wanted}); this run tells apart the classes of {listed}"
        )
    if wanted not in targets:
        raise UsageError(f"--target takes one of {listed} (received {wanted})")
    return targets.index(wanted), ()


def two_features(preprocessing: Preprocessing, wanted: Sequence[str] | None) -> list[int]:
    """Return the positions of two features of numbers: the wanted ones, or the only two."""
    known = preprocessing.feature_names
    if wanted is None and len(known) == 2:
        wanted = known
    if wanted is None:
        raise UsageError(
            f"a boundary is drawn over two features; this run has {len(known)}: "
            f"{', '.join(known)}; name two with --features a,b (the others stay at their median)"
            if len(known) > 2
            else f"a boundary is drawn over two features; this run has one, `{known[0]}`; "
            "`nnctl plot-fit` draws it"
        )
    if len(set(wanted)) != 2 or any(name not in known for name in wanted):
        raise UsageError(
            Problem(
                f"--features takes two of the run's features (received {','.join(wanted)}); "
                f"it has {', '.join(known)}"
            )
        )
    _require_numbers(preprocessing, wanted)
    return [known.index(name) for name in wanted]


def _require_one_feature(preprocessing: Preprocessing) -> None:
    if len(preprocessing.features) != 1:
        raise UsageError(
            f"a fit is drawn over one feature; this run has {len(preprocessing.features)}; "
            "`nnctl plot-boundary` draws two of them"
        )
    _require_numbers(preprocessing, preprocessing.feature_names)


def _require_numbers(preprocessing: Preprocessing, names: Sequence[str]) -> None:
    """Raise UsageError for a feature that has no axis."""
    numeric = [feature.name for feature in preprocessing.features if feature.kind == "numeric"]
    for feature in preprocessing.features:
        if feature.name in names and feature.kind != "numeric":
            raise UsageError(
                f"the axes are features of numbers, and `{feature.name}` is {feature.kind}; "
                f"numeric are {', '.join(numeric) or 'none'}"
            )


def table_of(run: RunDirectory) -> tuple[Table, tuple[str, ...]]:
    """Return some of the run's rows, and a notice where its data changed since it was trained."""
    table, _ = load_main_table(run_config(run))
    return _some_rows(table), notice_changes(read_checkpoint(run.best), table)


def _some_rows(table: Table) -> Table:
    if table.n_rows <= MOST_POINTS:
        return table
    rows: IntArray = np.linspace(0, table.n_rows - 1, MOST_POINTS).astype(np.int64)
    return table.take(rows)


def _predict(model: Model, values: FloatArray) -> FloatArray:
    """Return the outputs for features (n, n_features) in their own units."""
    return model.outputs(model.preprocessing.encode(values, model.network.dtype))


def _outputs_and_targets(model: Model, table: Table) -> tuple[FloatArray, FloatArray | IntArray]:
    dtype = model.network.dtype
    outputs = [
        model.outputs(model.preprocessing.transform_features(portion, dtype))
        for portion in table.portions()
    ]
    return np.concatenate(outputs), model.preprocessing.transform_targets(table, dtype)
