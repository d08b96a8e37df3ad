"""What networks say over the plane of two features, and the run's data there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnctl.analysis.axes import one_target, two_features
from nnctl.analysis.drawn_rows import (
    MISCLASSIFIED,
    TYPICAL_ERROR,
    View,
    outputs_at,
    predicted_classes,
    table_of,
    title_of,
    typical_errors,
)
from nnctl.analysis.planes import grid_rows, middle_row, spread
from nnctl.data.arrays import FloatArray
from nnctl.data.table import Table, number_matrix
from nnctl.plots.boundary import Landscape
from nnctl.runs.directory import RunDirectory
from nnctl.training.decoding import ClassDecoder
from nnctl.training.inference import Model

GRID_POINTS = 240  # along each axis
MOST_NUMBERS = 2**23  # of the scores of all networks; where they are more, the grid is coarser


def landscape_of(
    run: RunDirectory,
    models: Sequence[Model],
    features: Sequence[str] | None = None,
    target: str | None = None,
) -> View[Landscape]:
    """Ask each network over two features of numbers, with the others at their median.

    Raises UsageError when the networks do not have two features and none, or others, are named, and
    for a target that is none of a regression's.
    """
    preprocessing = models[-1].preprocessing
    chosen = two_features(preprocessing, features)
    position, choice = one_target(preprocessing, target)
    table, notices = table_of(run)
    values = preprocessing.raw_features(table)
    hidden = values.shape[1] - 2
    known, side = preprocessing.features, side_of_grid(models)
    x, y = (spread(known[index], values[:, index], side) for index in chosen)
    outputs = outputs_at(models, grid_rows(x, y, middle_row(preprocessing, values), chosen))
    outputs = outputs.reshape(len(models), len(y), len(x), -1)
    plane: dict[str, Any] = {
        "grid_x": x,
        "grid_y": y,
        "points": values[:, chosen],
        "feature_names": tuple(preprocessing.feature_names[index] for index in chosen),
        "title": title_of(run, models),
        "note": note_on(hidden),
    }
    told = (*notices, *choice)
    if preprocessing.task == "classification":
        return regions_of(models, table, outputs, plane, told)
    return surface_of(models, table, outputs, plane, told, position)


def note_on(hidden: int) -> str | None:
    """Return what the plane leaves out where the network has more features than its two."""
    if not hidden:
        return None
    others = f"the other {hidden} at their" if hidden > 1 else "the other feature at its"
    return f"plane: {others} median; points: judged by all {hidden + 2}"


def side_of_grid(models: Sequence[Model]) -> int:
    """Return how many points the grid has along each axis."""
    numbers = len(models) * models[-1].network.n_outputs
    return min(GRID_POINTS, int((MOST_NUMBERS / numbers) ** 0.5))


def regions_of(
    models: Sequence[Model],
    table: Table,
    outputs: FloatArray,  # (n_models, n_y, n_x, n_outputs)
    plane: dict[str, Any],
    notices: tuple[str, ...],
) -> View[Landscape]:
    """Return the classes over the plane."""
    model = models[-1]
    decoder = model.decoder
    assert isinstance(decoder, ClassDecoder)
    labels = model.preprocessing.transform_targets(table, model.network.dtype)
    predicted = predicted_classes(models, table)
    rows, grid = outputs.reshape(-1, outputs.shape[-1]), outputs.shape[:-1]
    whole = len(model.preprocessing.features) == 2
    drawn = Landscape(
        **plane,
        scores=decoder.scores(rows).reshape(*grid, -1),
        predicted=decoder.predicted(rows).reshape(grid),
        point_labels=labels,
        class_names=model.preprocessing.classes,
        # Where features are hidden, the plane does not show what a row was judged by.
        point_predicted=predicted if whole else None,
    )
    wrong = (predicted != labels).sum(axis=1)
    return View(drawn, notices, len(labels), MISCLASSIFIED, wrong)


def surface_of(
    models: Sequence[Model],
    table: Table,
    outputs: FloatArray,  # (n_models, n_y, n_x, n_outputs)
    plane: dict[str, Any],
    notices: tuple[str, ...],
    position: int,
) -> View[Landscape]:
    """Return the values of one target, at this position, over the plane."""
    preprocessing = models[-1].preprocessing
    rows = preprocessing.inverse_targets(outputs.reshape(-1, outputs.shape[-1]))
    drawn = Landscape(
        **plane,
        scores=rows[:, position].reshape(*outputs.shape[:-1], 1),
        predicted=None,
        point_labels=number_matrix(table, preprocessing.targets, "target")[:, position],
        class_names=None,
        value_name=preprocessing.targets[position],
    )
    errors = typical_errors(models, table, [position])
    return View(drawn, notices, len(drawn.points), TYPICAL_ERROR, errors)
