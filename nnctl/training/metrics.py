"""The measures of a network's outcome that a config may name: formulae in two tables.

Every measure is taken in float64 and weighs each sample by `weights` where they are given. One
that the samples leave undefined is NaN, except that a rate with nothing to count is 0: precision
where nothing was predicted as the class.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnctl.errors import ConfigError
from nnctl.nn.arrays import FloatArray
from nnctl.nn.schedules import Mode
from nnctl.training.confusion import class_rates
from nnctl.training.outcomes import ClassificationOutcome, RegressionOutcome

Float64Array = NDArray[np.float64]


def accuracy(outcome: ClassificationOutcome) -> float:
    """The share of samples whose predicted class is right."""
    right = outcome.labels == outcome.predicted
    if outcome.weights is None:
        return float(np.count_nonzero(right) / len(right)) if len(right) else float("nan")
    return _weighted_mean(right, outcome.weights)


def balanced_accuracy(outcome: ClassificationOutcome) -> float:
    """The mean of the classes' recalls, over the classes that have samples."""
    confusion = outcome.confusion()
    return _mean(class_rates(confusion).recall[confusion.sum(axis=1) > 0])


def precision(outcome: ClassificationOutcome) -> float:
    """Of the samples predicted as the last of two classes, the share that are of it."""
    require_two_classes("precision", outcome.n_classes)
    return float(class_rates(outcome.confusion()).precision[1])


def recall(outcome: ClassificationOutcome) -> float:
    """Of the samples of the last of two classes, the share predicted as it."""
    require_two_classes("recall", outcome.n_classes)
    return float(class_rates(outcome.confusion()).recall[1])


def f1(outcome: ClassificationOutcome) -> float:
    """The harmonic mean of `precision` and `recall`: 2 TP / (2 TP + FP + FN)."""
    require_two_classes("f1", outcome.n_classes)
    return float(class_rates(outcome.confusion()).f1[1])


def macro_precision(outcome: ClassificationOutcome) -> float:
    """The plain mean of the classes' precisions, over the classes labelled or predicted."""
    confusion = outcome.confusion()
    return _macro(confusion, class_rates(confusion).precision)


def macro_recall(outcome: ClassificationOutcome) -> float:
    """The plain mean of the classes' recalls, over the classes labelled or predicted."""
    confusion = outcome.confusion()
    return _macro(confusion, class_rates(confusion).recall)


def macro_f1(outcome: ClassificationOutcome) -> float:
    """The plain mean of the classes' f1 scores, over the classes labelled or predicted."""
    confusion = outcome.confusion()
    return _macro(confusion, class_rates(confusion).f1)


def roc_auc(outcome: ClassificationOutcome) -> float:
    """The chance that a sample of the class has a higher score than one of another; ties are 1/2.

    This is the area under the ROC curve (Hanley & McNeil 1982). Of two classes it is taken for
    the last one; of more, for each class that has samples against the rest, and averaged. NaN
    where only one class has samples.
    """
    n_classes = outcome.n_classes
    classes = [1] if n_classes == 2 else range(n_classes)
    areas = [_area(outcome, index) for index in classes]
    return _mean(np.array([area for area in areas if area is not None]))


def log_loss(outcome: ClassificationOutcome) -> float:
    """Mean of -ln(probability given to the right class), in nats.

    Probabilities below their dtype's epsilon count as it, so that one certain error is large and
    not infinite. The training loss is taken from logits instead and needs no such bound.

    Raises:
        ValueError: when the scores are no probabilities.
    """
    if not outcome.scores_are_probabilities:
        raise ValueError("log_loss needs probabilities (received scores of another kind)")
    chosen = outcome.scores[np.arange(len(outcome.labels)), outcome.labels]
    chosen = np.maximum(chosen, np.finfo(chosen.dtype).eps)
    return _weighted_mean(-np.log(chosen, dtype=np.float64), outcome.weights)


def mean_squared_error(outcome: RegressionOutcome) -> float:
    """Mean of (target - predicted)^2 over samples and targets."""
    return _weighted_mean(np.square(outcome.errors()).mean(axis=1), outcome.weights)


def root_mean_squared_error(outcome: RegressionOutcome) -> float:
    """Root of `mean_squared_error`, in the units of the targets.

    One root of the mean over all targets, not the mean of the targets' own roots.
    """
    return float(np.sqrt(mean_squared_error(outcome)))


def mean_absolute_error(outcome: RegressionOutcome) -> float:
    """Mean of |target - predicted| over samples and targets."""
    return _weighted_mean(np.abs(outcome.errors()).mean(axis=1), outcome.weights)


def r2(outcome: RegressionOutcome) -> float:
    """1 - sum of squared errors / sum of squares about the mean, averaged over the targets.

    1 is perfect, 0 as good as always saying the mean. A target that is constant in the samples
    scores 1 when it is met exactly, else 0; fewer than two samples give NaN. As scikit-learn.
    """
    if len(outcome.targets) < 2:
        return float("nan")
    targets = outcome.targets.astype(np.float64)
    scores = [
        _determination(target, error, outcome.weights)
        for target, error in zip(targets.T, outcome.errors().T, strict=True)
    ]
    return _mean(np.array(scores))


CLASSIFICATION_METRICS: dict[str, Callable[[ClassificationOutcome], float]] = {
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
    "precision": precision,
    "recall": recall,
    "f1": f1,
    "macro_precision": macro_precision,
    "macro_recall": macro_recall,
    "macro_f1": macro_f1,
    "roc_auc": roc_auc,
    "log_loss": log_loss,
}

REGRESSION_METRICS: dict[str, Callable[[RegressionOutcome], float]] = {
    "mean_squared_error": mean_squared_error,
    "root_mean_squared_error": root_mean_squared_error,
    "mean_absolute_error": mean_absolute_error,
    "r2": r2,
}

DIRECTIONS: dict[str, Mode] = {
    "loss": "min",
    "accuracy": "max",
    "balanced_accuracy": "max",
    "precision": "max",
    "recall": "max",
    "f1": "max",
    "macro_precision": "max",
    "macro_recall": "max",
    "macro_f1": "max",
    "roc_auc": "max",
    "log_loss": "min",
    "mean_squared_error": "min",
    "root_mean_squared_error": "min",
    "mean_absolute_error": "min",
    "r2": "max",
}

# These speak of one positive class; with three or more there is none.
TWO_CLASS_METRICS: dict[str, str] = {
    "precision": "macro_precision",
    "recall": "macro_recall",
    "f1": "macro_f1",
}


def direction(name: str) -> Mode:
    """Whether a metric or the loss should become small or large, with or without its set's name.

    `direction("validation_accuracy")` and `direction("accuracy")` are both "max".
    """
    for set_name in ("train_", "validation_", "test_"):
        name = name.removeprefix(set_name)
    return DIRECTIONS[name]


def require_two_classes(metric: str, n_classes: int) -> None:
    """Raise ConfigError when `metric` presumes two classes and there are more or fewer."""
    if metric in TWO_CLASS_METRICS and n_classes != 2:
        raise ConfigError(
            f"metrics: {metric} is for two classes (received {n_classes});"
            f" write {TWO_CLASS_METRICS[metric]}"
        )


def _macro(confusion: NDArray[Any], rates: Float64Array) -> float:
    seen = (confusion.sum(axis=0) > 0) | (confusion.sum(axis=1) > 0)
    return _mean(rates[seen])


def _area(outcome: ClassificationOutcome, index: int) -> float | None:
    """The area under one class's ROC curve; None where the class or the rest has no samples."""
    weights = _weights(outcome.weights, len(outcome.labels))
    scores, places = np.unique(outcome.scores[:, index], return_inverse=True)
    positive = outcome.labels == index
    of_class = np.bincount(places, weights * positive, len(scores))  # (n_distinct_scores,)
    of_rest = np.bincount(places, weights * ~positive, len(scores))
    pairs = of_class.sum() * of_rest.sum()
    if pairs == 0:
        return None
    below = np.cumsum(of_rest) - of_rest
    return float(np.dot(of_class, below + of_rest / 2) / pairs)


def _determination(target: Float64Array, error: Float64Array, weights: FloatArray | None) -> float:
    residual = _weighted_mean(np.square(error), weights)
    spread = _weighted_mean(np.square(target - _weighted_mean(target, weights)), weights)
    # The rounded mean of equal numbers may differ from them: compare the numbers themselves.
    if spread == 0 or target.min() == target.max():
        return float(residual == 0)
    return 1 - residual / spread


def _weighted_mean(values: NDArray[Any], weights: FloatArray | None) -> float:
    """The mean of `values` (n_samples,); NaN where there is nothing to weigh."""
    if weights is None:
        return float(values.sum(dtype=np.float64)) / len(values) if len(values) else float("nan")
    total = weights.sum(dtype=np.float64)
    mean = np.dot(values, weights.astype(np.float64)) / total if total > 0 else np.nan
    return float(mean)


def _weights(weights: FloatArray | None, n_samples: int) -> Float64Array:
    return np.ones(n_samples) if weights is None else weights.astype(np.float64)


def _mean(values: Float64Array) -> float:
    return float(values.mean()) if values.size else float("nan")
