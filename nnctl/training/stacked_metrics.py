"""The metrics of several networks on rows that all of them have seen, each as it is alone.

The usual ones are taken of all networks at once, since an epoch of a few rows takes less time than
a metric of one network; the others one network after another.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnctl.nn.arrays import FloatArray
from nnctl.training.decoding import ClassDecoder, Decoder, NumberDecoder

Float64Array = NDArray[np.float64]


def stacked_metrics(
    decoder: Decoder,
    names: tuple[str, ...],
    outputs: FloatArray,
    targets: NDArray[Any],
    weights: FloatArray | None,
) -> dict[str, FloatArray]:
    """Return each metric (n,) of outputs (n, n_rows, n_outputs).

    `targets` are labels (n, n_rows) or scaled numbers (n, n_rows, n_targets), `weights` those of
    the samples (n, n_rows).
    """
    found: dict[str, FloatArray] = {}
    if weights is None:
        found = AT_ONCE[type(decoder)](decoder, names, outputs, targets)
    others = tuple(name for name in names if name not in found)
    if others:
        singles = [
            decoder.metrics(others, own, wanted, None if weights is None else weights[index])
            for index, (own, wanted) in enumerate(zip(outputs, targets, strict=True))
        ]
        found |= {name: np.array([values[name] for values in singles]) for name in others}
    return {name: found[name] for name in names}


def of_classes(
    decoder: ClassDecoder, names: tuple[str, ...], outputs: FloatArray, labels: NDArray[Any]
) -> dict[str, FloatArray]:
    """Return the accuracies, if they are wanted."""
    if "accuracy" not in names:
        return {}
    n, n_rows, n_outputs = outputs.shape
    predicted = decoder.predicted(outputs.reshape(n * n_rows, n_outputs)).reshape(n, n_rows)
    return {"accuracy": np.count_nonzero(predicted == labels, axis=1) / n_rows}


def of_numbers(
    decoder: NumberDecoder, names: tuple[str, ...], outputs: FloatArray, targets: NDArray[Any]
) -> dict[str, FloatArray]:
    """Return the metrics of errors that are wanted, in the targets' units."""
    n, n_rows, n_targets = outputs.shape
    if n_rows < 2:
        return {}  # r2 is told alone that there is nothing to explain
    wanted, said = (
        decoder.preprocessing.inverse_targets(values.reshape(n * n_rows, n_targets))
        for values in (targets.astype(np.float64, copy=False), outputs)
    )
    errors = np.subtract(wanted, said, dtype=np.float64).reshape(n, n_rows, n_targets)
    wanted = wanted.astype(np.float64).reshape(n, n_rows, n_targets)
    return {name: MEASURES[name](wanted, errors) for name in names if name in MEASURES}


def mean_squared_errors(_: Float64Array, errors: Float64Array) -> Float64Array:
    """Mean of errors² over rows and targets (n,)."""
    return _means(np.square(errors).mean(axis=-1))


def root_mean_squared_errors(targets: Float64Array, errors: Float64Array) -> Float64Array:
    """Roots of `mean_squared_errors` (n,)."""
    return np.sqrt(mean_squared_errors(targets, errors))


def mean_absolute_errors(_: Float64Array, errors: Float64Array) -> Float64Array:
    """Mean of |errors| over rows and targets (n,)."""
    return _means(np.abs(errors).mean(axis=-1))


def determinations(targets: Float64Array, errors: Float64Array) -> Float64Array:
    """r2, the mean of that of each target (n,)."""
    scores = [
        _determination(targets[..., target], errors[..., target])
        for target in range(targets.shape[-1])
    ]
    means: Float64Array = np.stack(scores, axis=-1).mean(axis=-1)
    return means


def _determination(targets: Float64Array, errors: Float64Array) -> Float64Array:
    """1 - Σ errors² / Σ (targets - mean)²; of constant targets, whether they are met (n,)."""
    residual = _means(np.square(errors))
    spread = _means(np.square(targets - _means(targets)[:, np.newaxis]))
    constant = (spread == 0.0) | (targets.min(axis=-1) == targets.max(axis=-1))
    explained = 1.0 - residual / np.where(constant, 1.0, spread)
    return np.where(constant, residual == 0.0, explained)


def _means(values: Float64Array) -> Float64Array:
    """Return the mean over rows of values (n, n_rows), by the sum that a single network's has."""
    means: Float64Array = values.sum(axis=-1) / values.shape[-1]
    return means


AT_ONCE: dict[type[Any], Callable[..., dict[str, FloatArray]]] = {
    ClassDecoder: of_classes,
    NumberDecoder: of_numbers,
}
MEASURES: dict[str, Callable[[Float64Array, Float64Array], Float64Array]] = {
    "mean_squared_error": mean_squared_errors,
    "root_mean_squared_error": root_mean_squared_errors,
    "mean_absolute_error": mean_absolute_errors,
    "r2": determinations,
}
