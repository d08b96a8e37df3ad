"""What each unit of a network sees of the plane of two features."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nnctl.analysis.axes import two_features
from nnctl.analysis.drawn_rows import table_of
from nnctl.analysis.passing import LayerValues, layer_values
from nnctl.analysis.pictures import Picture
from nnctl.analysis.planes import grid_rows, middle_row, spread
from nnctl.data.arrays import FloatArray
from nnctl.plots.units import UnitLayer, units_figure
from nnctl.runs.directory import RunDirectory
from nnctl.training.inference import Model

GRID_POINTS = 80  # along each axis
MOST_UNITS = 48  # hidden ones, and as many of the output


def draw_units(
    run: RunDirectory, model: Model, title: str, features: Sequence[str] | None = None
) -> Picture:
    """Draw each unit's activation over two features, and where its net input is zero.

    The other features stay as in `draw_boundary`. Raises UsageError as that does.
    """
    preprocessing = model.preprocessing
    chosen = two_features(preprocessing, features)
    table, notices = table_of(run)
    codes = preprocessing.raw_features(table)
    known = preprocessing.features
    x, y = (spread(known[index], codes[:, index], GRID_POINTS) for index in chosen)
    rows = grid_rows(x, y, middle_row(preprocessing, codes), chosen)
    values = layer_values(model.network, preprocessing.encode(rows, model.network.dtype))
    layers, left_out = drawable([unit_layer(layer) for layer in values])
    if left_out:
        notices = (*notices, f"drawn are the first {MOST_UNITS} hidden units; {left_out} are not")
    if len(values[-1].a.T) > MOST_UNITS:
        notices = (*notices, f"of {len(values[-1].a.T):,} outputs the first {MOST_UNITS} are drawn")
    labels = None
    if preprocessing.task == "classification":
        labels = preprocessing.transform_targets(table, np.float64).astype(np.int64)
    names = (preprocessing.feature_names[chosen[0]], preprocessing.feature_names[chosen[1]])
    hidden = codes.shape[1] - 2
    figure = units_figure(
        layers,
        grid_x=x,
        grid_y=y,
        points=codes[:, chosen],
        point_labels=labels,
        feature_names=names,
        title=title if hidden == 0 else f"{title}: the other {hidden} at their median",
    )
    numbers = {"features": list(names), "units": {layer.name: len(layer.a.T) for layer in values}}
    return Picture(figure, notices, numbers)


def unit_layer(layer: LayerValues) -> UnitLayer:
    """Return a layer as it is drawn: `level` is what a unit gives where nothing moves it.

    A boundary is where the net input is zero; of a softmax unit, where it draws level with the
    strongest of the others.
    """
    z, activation = layer.z.astype(np.float64), layer.activation
    level = float(activation(np.zeros((1, z.shape[1])))[0, 0])
    if activation.name == "softmax":
        z = np.stack([lead(z, unit) for unit in range(z.shape[1])], axis=1)
    side = GRID_POINTS
    return UnitLayer(
        f"{layer.name} ({activation.name})",
        layer.a.T.astype(np.float64).reshape(-1, side, side),
        z.T.reshape(-1, side, side),
        level,
    )


def lead(z: FloatArray, unit: int) -> FloatArray:
    """Return how far a unit's net input (n_rows,) is above the highest of the others."""
    values: FloatArray = z[:, unit] - np.delete(z, unit, axis=1).max(axis=1)
    return values


def drawable(layers: list[UnitLayer]) -> tuple[list[UnitLayer], int]:
    """Return the layers with the units that there is room for, and how many hidden ones are not."""
    room, left_out, chosen = MOST_UNITS, 0, []
    for layer in layers[:-1]:
        n_units = min(len(layer.a), room)
        left_out += len(layer.a) - n_units
        room -= n_units
        if n_units:
            chosen.append(first_units(layer, n_units))
    return [*chosen, first_units(layers[-1], MOST_UNITS)], left_out


def first_units(layer: UnitLayer, count: int) -> UnitLayer:
    """Return a layer with at most so many of its units."""
    return UnitLayer(layer.name, layer.a[:count], layer.z[:count], layer.level)
