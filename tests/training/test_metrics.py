from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnctl.errors import ConfigError
from nnctl.nn.arrays import FloatArray
from nnctl.training.metrics import (
    CLASSIFICATION_METRICS,
    DIRECTIONS,
    REGRESSION_METRICS,
    TWO_CLASS_METRICS,
    direction,
    require_two_classes,
)
from nnctl.training.outcomes import ClassificationOutcome, RegressionOutcome


def classified(
    labels: list[int], scores: list[list[float]], weights: FloatArray | None = None
) -> ClassificationOutcome:
    table = np.array(scores)
    return ClassificationOutcome(np.array(labels), table.argmax(axis=1), table, weights)


def binary(
    labels: list[int], probabilities: list[float], weights: FloatArray | None = None
) -> ClassificationOutcome:
    return classified(labels, [[1 - p, p] for p in probabilities], weights)


def regressed(
    targets: list[list[float]], predicted: list[list[float]], weights: FloatArray | None = None
) -> RegressionOutcome:
    return RegressionOutcome(np.array(targets), np.array(predicted), weights)


# 3 true positives, 1 false positive, 2 false negatives, 2 true negatives.
TWO_CLASSES = binary([1, 1, 1, 1, 1, 0, 0, 0], [0.9, 0.8, 0.6, 0.4, 0.3, 0.7, 0.4, 0.1])
BY_HAND_TWO_CLASSES = {
    "accuracy": 5 / 8,
    "balanced_accuracy": (3 / 5 + 2 / 3) / 2,
    "precision": 3 / 4,
    "recall": 3 / 5,
    "f1": 6 / 9,
    "macro_precision": (3 / 4 + 2 / 4) / 2,
    "macro_recall": (3 / 5 + 2 / 3) / 2,
    "macro_f1": (6 / 9 + 4 / 7) / 2,
    # Pairs won of 15: 3, 3, 2, 1.5 (a tie) and 1.
    "roc_auc": 10.5 / 15,
    "log_loss": -math.log(0.9 * 0.8 * 0.6 * 0.4 * 0.3 * 0.3 * 0.6 * 0.9) / 8,
}

# Right 0, 0, 1, 2; said 0, 1, 1, 1: class 2 is never said, class 3 neither occurs nor is said.
FOUR_CLASSES = classified(
    [0, 0, 1, 2],
    [[0.7, 0.1, 0.1, 0.1], [0.2, 0.5, 0.2, 0.1], [0.1, 0.6, 0.2, 0.1], [0.3, 0.4, 0.2, 0.1]],
)
BY_HAND_FOUR_CLASSES = {
    "accuracy": 1 / 2,
    "balanced_accuracy": (1 / 2 + 1 + 0) / 3,
    "macro_precision": (1 + 1 / 3 + 0) / 3,
    "macro_recall": (1 / 2 + 1 + 0) / 3,
    "macro_f1": (2 / 3 + 1 / 2 + 0) / 3,
    # Class 0 wins 3 of 4 pairs, class 1 all 3, class 2 wins 1 and ties 2 of 3.
    "roc_auc": (3 / 4 + 1 + 2 / 3) / 3,
    "log_loss": -math.log(0.7 * 0.2 * 0.6 * 0.2) / 4,
}

# The documented example of scikit-learn's multi-output measures.
TWO_TARGETS = regressed([[0.5, 1], [-1, 1], [7, -6]], [[0, 2], [-1, 2], [8, -5]])
BY_HAND_TWO_TARGETS = {
    "mean_squared_error": 0.7083333333333334,
    "root_mean_squared_error": 0.7083333333333334**0.5,
    "mean_absolute_error": 0.75,
    "r2": (0.9654377880184332 + 0.9081632653061225) / 2,
}


@pytest.mark.parametrize("name", CLASSIFICATION_METRICS)
def test_two_classes_score_as_by_hand(name: str) -> None:
    metric = CLASSIFICATION_METRICS[name]
    assert metric(TWO_CLASSES) == pytest.approx(BY_HAND_TWO_CLASSES[name], rel=1e-12)


@pytest.mark.parametrize("name", sorted(set(CLASSIFICATION_METRICS) - set(TWO_CLASS_METRICS)))
def test_several_classes_score_as_by_hand(name: str) -> None:
    metric = CLASSIFICATION_METRICS[name]
    assert metric(FOUR_CLASSES) == pytest.approx(BY_HAND_FOUR_CLASSES[name], rel=1e-12)


@pytest.mark.parametrize("name", REGRESSION_METRICS)
def test_two_targets_score_as_by_hand(name: str) -> None:
    metric = REGRESSION_METRICS[name]
    assert metric(TWO_TARGETS) == pytest.approx(BY_HAND_TWO_TARGETS[name], rel=1e-12)


@pytest.mark.parametrize("name", CLASSIFICATION_METRICS)
def test_a_sample_of_weight_two_counts_as_two_samples(name: str) -> None:
    labels, probabilities = [1, 1, 0, 0, 1], [0.9, 0.2, 0.3, 0.6, 0.6]
    counts = np.array([2, 1, 3, 1, 0])
    weighed = binary(labels, probabilities, counts.astype(np.float32))
    repeated = binary(np.repeat(labels, counts).tolist(), np.repeat(probabilities, counts).tolist())
    metric = CLASSIFICATION_METRICS[name]
    assert metric(weighed) == pytest.approx(metric(repeated), rel=1e-12)


@pytest.mark.parametrize("name", REGRESSION_METRICS)
def test_a_row_of_weight_two_counts_as_two_rows(name: str) -> None:
    targets, predicted = np.array([[1.0], [2.0], [4.0]]), np.array([[1.5], [1.0], [4.25]])
    counts = np.array([2, 1, 3])
    weighed = RegressionOutcome(targets, predicted, counts.astype(np.float32))
    repeated = RegressionOutcome(np.repeat(targets, counts, 0), np.repeat(predicted, counts, 0))
    metric = REGRESSION_METRICS[name]
    assert metric(weighed) == pytest.approx(metric(repeated), rel=1e-12)


@pytest.mark.parametrize("name", CLASSIFICATION_METRICS)
def test_a_perfect_classifier_scores_the_best_there_is(name: str) -> None:
    perfect = binary([0, 1, 1], [0.0, 1.0, 1.0])
    assert CLASSIFICATION_METRICS[name](perfect) == (0.0 if direction(name) == "min" else 1.0)


@pytest.mark.parametrize("name", REGRESSION_METRICS)
def test_a_perfect_regression_scores_the_best_there_is(name: str) -> None:
    perfect = regressed([[1.0], [2.0]], [[1.0], [2.0]])
    assert REGRESSION_METRICS[name](perfect) == (0.0 if direction(name) == "min" else 1.0)


@pytest.mark.parametrize("name", ["precision", "f1"])
def test_precision_and_f1_are_zero_where_the_class_is_never_predicted(name: str) -> None:
    assert CLASSIFICATION_METRICS[name](binary([1, 0], [0.2, 0.1])) == 0.0


@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 4)), min_size=2, max_size=30).filter(
        lambda rows: len({label for label, _ in rows}) == 2
    )
)
def test_roc_auc_is_the_share_of_pairs_in_order(rows: list[tuple[int, int]]) -> None:
    ours = [score for label, score in rows if label == 1]
    others = [score for label, score in rows if label == 0]
    won = sum((a > b) + (a == b) / 2 for a in ours for b in others)
    outcome = binary([label for label, _ in rows], [score / 4 for _, score in rows])
    area = CLASSIFICATION_METRICS["roc_auc"](outcome)
    assert area == pytest.approx(won / (len(ours) * len(others)), rel=1e-12)


def test_roc_auc_of_one_class_alone_is_undefined() -> None:
    assert math.isnan(CLASSIFICATION_METRICS["roc_auc"](binary([1, 1], [0.2, 0.9])))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_certain_error_costs_a_finite_log_loss(dtype: type[np.floating]) -> None:
    scores = np.array([[1.0, 0.0]], dtype)
    outcome = ClassificationOutcome(np.array([1]), np.array([0]), scores)
    loss = CLASSIFICATION_METRICS["log_loss"](outcome)
    assert loss == pytest.approx(-math.log(np.finfo(dtype).eps), rel=1e-12)


def test_log_loss_of_margins_is_refused() -> None:
    margins = np.array([[-3.0, 3.0]])
    outcome = ClassificationOutcome(
        np.array([1]), np.array([1]), margins, scores_are_probabilities=False
    )
    with pytest.raises(ValueError, match="log_loss needs probabilities"):
        CLASSIFICATION_METRICS["log_loss"](outcome)


@pytest.mark.parametrize(("predicted", "expected"), [(0.1, 1.0), (0.2, 0.0)])
def test_r2_of_a_constant_target_is_one_where_it_is_met_and_else_zero(
    predicted: float, expected: float
) -> None:
    # The mean of three times 0.1 is not 0.1 in binary arithmetic.
    outcome = regressed([[0.1]] * 3, [[predicted]] * 3)
    assert REGRESSION_METRICS["r2"](outcome) == expected


def test_r2_of_a_target_that_is_constant_where_it_has_weight_is_zero() -> None:
    outcome = regressed([[1.0], [2.0]], [[1.5], [2.0]], np.array([1.0, 0.0]))
    assert REGRESSION_METRICS["r2"](outcome) == 0.0


def test_r2_of_one_row_is_undefined() -> None:
    assert math.isnan(REGRESSION_METRICS["r2"](regressed([[1.0]], [[1.0]])))


@pytest.mark.parametrize("name", REGRESSION_METRICS)
def test_float32_outcomes_are_measured_in_float64(name: str) -> None:
    targets = np.linspace(0, 1, 1000, dtype=np.float32)[:, np.newaxis]
    predicted = np.sqrt(targets)
    exact = RegressionOutcome(targets.astype(np.float64), predicted.astype(np.float64))
    rounded = RegressionOutcome(targets, predicted)
    metric = REGRESSION_METRICS[name]
    assert metric(rounded) == pytest.approx(metric(exact), rel=1e-14)


@pytest.mark.parametrize("name", CLASSIFICATION_METRICS)
def test_samples_without_any_weight_leave_no_error(name: str) -> None:
    value = CLASSIFICATION_METRICS[name](binary([1, 0], [0.2, 0.9], np.zeros(2)))
    assert value == 0.0 or math.isnan(value)


@pytest.mark.parametrize("name", REGRESSION_METRICS)
def test_rows_without_any_weight_are_undefined(name: str) -> None:
    outcome = regressed([[1.0], [2.0]], [[1.0], [2.5]], np.zeros(2))
    assert math.isnan(REGRESSION_METRICS[name](outcome))


@pytest.mark.parametrize("name", TWO_CLASS_METRICS)
def test_a_measure_of_two_classes_names_the_one_for_more(name: str) -> None:
    message = rf"metrics: {name} is for two classes \(received 4\); write macro_{name}"
    with pytest.raises(ConfigError, match=message):
        CLASSIFICATION_METRICS[name](FOUR_CLASSES)


@pytest.mark.parametrize("name", CLASSIFICATION_METRICS)
def test_every_measure_takes_two_classes(name: str) -> None:
    require_two_classes(name, 2)


def test_every_metric_and_the_loss_have_a_direction() -> None:
    assert set(DIRECTIONS) == {"loss", *CLASSIFICATION_METRICS, *REGRESSION_METRICS}


@pytest.mark.parametrize("name", DIRECTIONS)
@pytest.mark.parametrize("set_name", ["", "train_", "validation_", "test_"])
def test_a_direction_is_found_under_every_set(name: str, set_name: str) -> None:
    assert direction(set_name + name) == DIRECTIONS[name]


@pytest.mark.parametrize(
    ("predicted", "weights", "message"),
    [
        (np.zeros(3), None, r"predicted must have shape \(3, 1\) \(received \(3,\)\)"),
        (np.zeros((3, 1)), np.ones((3, 1)), r"weights must have shape \(3,\)"),
    ],
)
def test_regression_outcomes_refuse_to_broadcast(
    predicted: FloatArray, weights: FloatArray | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        RegressionOutcome(np.zeros((3, 1)), predicted, weights)


def test_targets_need_two_axes() -> None:
    with pytest.raises(ValueError, match=r"targets must have two axes \(received \(3,\)\)"):
        RegressionOutcome(np.zeros(3), np.zeros(3))


def test_classification_outcomes_refuse_to_broadcast() -> None:
    with pytest.raises(ValueError, match=r"labels must have shape \(3,\) \(received \(3, 1\)\)"):
        ClassificationOutcome(np.zeros((3, 1), int), np.zeros(3, int), np.zeros((3, 2)))
