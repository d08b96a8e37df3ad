"""The curves of networks over one feature, and the run's data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnctl.analysis.axes import require_one_feature
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
from nnctl.analysis.planes import spread
from nnctl.data.arrays import FloatArray
from nnctl.data.table import Table, number_matrix
from nnctl.plots.fit import Fit
from nnctl.runs.directory import RunDirectory
from nnctl.training.decoding import ClassDecoder
from nnctl.training.inference import Model

CURVE_POINTS = 400


def fit_of(run: RunDirectory, models: Sequence[Model]) -> View[Fit]:
    """Ask each network over its one feature; UsageError where it has another number of them."""
    preprocessing = models[-1].preprocessing
    require_one_feature(preprocessing)
    table, notices = table_of(run)
    points_x = preprocessing.raw_features(table)[:, 0]
    curve_x = spread(preprocessing.features[0], points_x, CURVE_POINTS)
    outputs = outputs_at(models, curve_x[:, np.newaxis])
    curve: dict[str, Any] = {
        "curve_x": curve_x,
        "points_x": points_x,
        "feature_name": preprocessing.feature_names[0],
        "target_names": preprocessing.targets,
        "title": title_of(run, models),
    }
    if preprocessing.task == "classification":
        return fit_of_classes(models, table, outputs, curve, notices)
    drawn = Fit(
        **curve,
        curve_y=np.stack([preprocessing.inverse_targets(each) for each in outputs]),
        points_y=number_matrix(table, preprocessing.targets, "target"),
    )
    errors = typical_errors(models, table, range(len(preprocessing.targets)))
    return View(drawn, notices, len(points_x), TYPICAL_ERROR, errors)


def fit_of_classes(
    models: Sequence[Model],
    table: Table,
    outputs: FloatArray,  # (n_models, n_points, n_outputs)
    curve: dict[str, Any],
    notices: tuple[str, ...],
) -> View[Fit]:
    """Return the curves of classes: probabilities, or what else decides."""
    model = models[-1]
    decoder = model.decoder
    assert isinstance(decoder, ClassDecoder)
    labels = model.preprocessing.transform_targets(table, model.network.dtype)
    by_score = decoder.activation.decides_by_score
    drawn = Fit(
        **curve,
        curve_y=decoder.activation(outputs) if by_score else outputs,
        points_y=decoder.encode(labels, outputs.shape[-1]),
        class_names=model.preprocessing.classes,
        value_name=None if decoder.gives_probabilities else f"{decoder.output} output",
    )
    wrong = (predicted_classes(models, table) != labels).sum(axis=1)
    return View(drawn, notices, len(labels), MISCLASSIFIED, wrong)
