"""From a table to predictions under the names that a user knows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnctl.data.arrays import FloatArray
from nnctl.data.table import Table
from nnctl.errors import UsageError
from nnctl.training.decoding import ClassDecoder
from nnctl.training.inference import Model

Values = list[str] | list[float]


@dataclass(frozen=True)
class Predictions:
    """Columns of predictions, each of n_rows values: class names as text, numbers as floats."""

    columns: dict[str, Values]


def predict_table(model: Model, table: Table, *, probabilities: bool) -> Predictions:
    """Predict every row of a table, each by products of its own.

    Columns are `prediction` (or `prediction_TARGET` for several targets) and, where asked for,
    `probability_CLASS`. Raises UsageError where the outputs are no probabilities.
    """
    inputs = model.preprocessing.transform_features(table, model.network.dtype)
    return name_outputs(model, model.outputs_row_by_row(inputs), probabilities=probabilities)


def name_outputs(model: Model, outputs: FloatArray, *, probabilities: bool) -> Predictions:
    """Turn outputs (n_rows, n_outputs) into named columns."""
    decoder = model.decoder
    if probabilities:
        require_probabilities(model)
    if not isinstance(decoder, ClassDecoder):
        values = model.preprocessing.inverse_targets(outputs)
        targets = model.preprocessing.targets
        names = [f"prediction_{name}" for name in targets] if len(targets) > 1 else ["prediction"]
        return Predictions({name: _floats(model, values[:, i]) for i, name in enumerate(names)})
    classes = model.preprocessing.classes
    columns: dict[str, Values] = {
        "prediction": [classes[label] for label in decoder.predicted(outputs)]
    }
    if probabilities:
        scores = decoder.scores(outputs)
        columns |= {
            f"probability_{name}": _floats(model, scores[:, i]) for i, name in enumerate(classes)
        }
    return Predictions(columns)


def require_probabilities(model: Model) -> None:
    """Raise UsageError where the network's outputs are no probabilities."""
    decoder = model.decoder
    if not isinstance(decoder, ClassDecoder):
        raise UsageError("--proba is for classes; this run estimates numbers")
    if not decoder.gives_probabilities:
        raise UsageError(f"--proba needs probabilities; {_why_none(decoder)}")


def _why_none(decoder: ClassDecoder) -> str:
    """Say why the outputs are no probabilities, and what to train instead."""
    if decoder.output == "sigmoid":
        return (
            f"the {decoder.n_outputs} sigmoid outputs of this run are independent and do not sum "
            "to 1 (train with a softmax output)"
        )
    return (
        f"the outputs of this run are those of {decoder.output} "
        "(train with a sigmoid or softmax output)"
    )


def _floats(model: Model, values: FloatArray) -> list[float]:
    """Return the values (n_rows,) as the shortest numbers that are the same in the run's dtype."""
    in_dtype = np.asarray(values, model.network.dtype)
    return [float(text) for text in in_dtype.astype(str)]
