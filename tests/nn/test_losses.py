from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.nn.activations import ACTIVATIONS
from nnctl.nn.loss import Loss
from nnctl.nn.losses import LOSSES
from nnctl.nn.objective import Objective
from nnctl.nn.score_losses import CategoricalCrossEntropy
from nnctl.nn.shares import MOST_TERMS, EqualShares, RowShares, Shares

REFERENCE = np.load(Path(__file__).parents[1] / "reference" / "losses.npz")
CATEGORICAL = "categorical_cross_entropy"


class Evaluated(Objective):
    """An objective together with the value it gave."""

    value: float


def evaluate(loss: Loss, output: str, z: Any, target: Any, weights: Any = None) -> Evaluated:
    rows, n_outputs = z.shape
    objective = Evaluated(ACTIVATIONS[output](), loss, rows, n_outputs, np.dtype(np.float64))
    objective.value = objective(z, target, weights)
    return objective


def assert_meets_reference(objective: Evaluated, key: str) -> None:
    np.testing.assert_allclose(objective.value, REFERENCE[f"{key}/value"], rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(
        objective.d_scores, REFERENCE[f"{key}/gradient"], rtol=1e-10, atol=1e-14
    )


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("mean_squared_error", "mean_squared_error"),
        ("mean_absolute_error", "mean_absolute_error"),
        ("huber", "huber_delta_1.0"),
        ("log_cosh", "log_cosh"),
    ],
)
def test_regression_losses_meet_the_reference(name: str, key: str) -> None:
    prediction, target = REFERENCE["regression/prediction"], REFERENCE["regression/target"]
    assert_meets_reference(evaluate(LOSSES[name](), "identity", prediction, target), key)


def test_binary_cross_entropy_meets_the_reference() -> None:
    objective = evaluate(
        LOSSES["binary_cross_entropy"](),
        "sigmoid",
        REFERENCE["binary/logit"],
        REFERENCE["binary/target"],
    )
    assert_meets_reference(objective, "binary_cross_entropy_from_logits")


@pytest.mark.parametrize(
    ("smoothing", "weights", "suffix"),
    [
        (0.0, None, "from_logits"),
        (0.1, None, "label_smoothing_0.1"),
        (0.0, "class_weight", "class_weight_sum_over_weight_sum"),
        (0.0, "sample_weight", "sample_weight_sum_over_weight_sum"),
    ],
)
def test_categorical_cross_entropy_meets_the_reference(
    smoothing: float, weights: str | None, suffix: str
) -> None:
    loss, labels = CategoricalCrossEntropy(smoothing), REFERENCE["categorical/labels"]
    rows = None
    if weights == "class_weight":
        rows = REFERENCE["categorical/class_weight"][labels]
    elif weights == "sample_weight":
        rows = REFERENCE["categorical/sample_weight"]
    target = loss.encode(labels, 4, "softmax")
    objective = evaluate(loss, "softmax", REFERENCE["categorical/logits"], target, rows)
    assert_meets_reference(objective, f"{CATEGORICAL}_{suffix}")


def test_every_reference_loss_is_held() -> None:
    assert len([name for name in REFERENCE.files if name.endswith("/value")]) == 9


def test_log_of_softmax_far_out_meets_the_reference() -> None:
    reference = np.load(Path(__file__).parents[1] / "reference" / "activations.npz")
    z, log_p = reference["softmax/z"], reference["log_softmax/value"]
    for label in range(z.shape[1]):
        for row in range(len(z)):
            loss = CategoricalCrossEntropy()
            target = loss.encode(np.array([label]), z.shape[1], "softmax")
            value = evaluate(loss, "softmax", z[row : row + 1], target).value
            np.testing.assert_allclose(-value, log_p[row, label], rtol=1e-10, atol=1e-14)


def test_perceptron_criterion_is_the_perceptron_rule() -> None:
    z = np.array([[0.4], [-0.3], [0.0], [2.0]])
    target = np.array([[0.0], [1.0], [1.0], [1.0]])
    objective = evaluate(LOSSES["perceptron"](), "step", z, target)
    assert objective.outputs.ravel().tolist() == [1.0, 0.0, 0.0, 1.0]
    assert (4 * objective.d_scores).ravel().tolist() == [1.0, -1.0, -1.0, 0.0]  # a - y
    assert objective.value == pytest.approx((0.4 + 0.3) / 4, rel=1e-15)


def test_perceptron_criterion_of_a_right_answer_is_0_and_not_minus_0() -> None:
    objective = evaluate(LOSSES["perceptron"](), "step", np.array([[-0.3]]), np.array([[0.0]]))
    assert str(objective.value) == "0.0"


def test_hinge_of_known_scores() -> None:
    z = np.array([[2.0], [0.25], [-1.0]])
    target = np.array([[1.0], [1.0], [1.0]])
    objective = evaluate(LOSSES["hinge"](), "identity", z, target)
    assert objective.value == pytest.approx((0.0 + 0.75 + 2.0) / 3, rel=1e-15)
    np.testing.assert_allclose(objective.d_scores.ravel(), [0.0, -1 / 3, -1 / 3], rtol=1e-15)


@pytest.mark.parametrize("name", LOSSES)
def test_integer_weights_count_as_repeated_rows(name: str) -> None:
    loss, rng = LOSSES[name](), np.random.default_rng(5)
    output, n = loss.outputs[0], 2
    z, labels = rng.normal(size=(4, n)), np.array([0, 1, 1, 0])
    repeats = np.array([1, 3, 2, 4])
    target = loss.encode(labels, n, output)
    weighted = evaluate(loss, output, z, target, repeats.astype(float))
    index = np.repeat(np.arange(4), repeats)
    repeated = evaluate(loss, output, z[index], target[index])
    assert weighted.value == pytest.approx(repeated.value, rel=1e-13)
    np.testing.assert_allclose(
        weighted.d_scores, repeats[:, None] * repeated.d_scores[np.cumsum(repeats) - 1], rtol=1e-13
    )


@pytest.mark.parametrize("name", LOSSES)
def test_rows_without_weight_give_neither_loss_nor_gradient(name: str) -> None:
    loss = LOSSES[name]()
    target = loss.encode(np.array([0, 1]), 2, loss.outputs[0])
    z = np.array([[3.0, -2.0], [1.0, 2.0]])
    objective = evaluate(loss, loss.outputs[0], z, target, np.zeros(2))
    assert objective.value == 0.0
    assert not objective.d_scores.any()


def test_labels_are_encoded_one_hot_or_as_one_column() -> None:
    loss, labels = LOSSES["mean_squared_error"](), np.array([0, 2, 1])
    assert loss.encode(labels, 3, "softmax").tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert loss.encode(np.array([0, 1]), 1, "sigmoid").tolist() == [[0], [1]]
    assert loss.encode(np.array([0, 1]), 1, "tanh").tolist() == [[-1], [1]]
    assert LOSSES["hinge"]().encode(np.array([0, 1]), 1, "identity").tolist() == [[-1], [1]]


def test_a_pair_without_meaning_is_refused() -> None:
    with pytest.raises(
        ValueError, match="categorical_cross_entropy goes with softmax, not with relu"
    ):
        Objective(ACTIVATIONS["relu"](), CategoricalCrossEntropy(), 1, 2, np.dtype(np.float64))


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("far", [750.0, -750.0])
def test_losses_are_finite_far_out(name: str, far: float) -> None:
    loss = LOSSES[name]()
    for output in loss.outputs:
        target = loss.encode(np.array([0, 1]), 2, output)
        objective = evaluate(loss, output, np.array([[far, 0.0], [far, -far]]), target)
        assert np.isfinite(objective.value)
        assert np.isfinite(objective.d_scores).all()


@pytest.mark.parametrize("rows", [3, MOST_TERMS + 1, 2**22])
@pytest.mark.parametrize("weighed", [False, True])
def test_a_sum_over_many_rows_keeps_the_digits_of_float32(rows: int, weighed: bool) -> None:
    rng = np.random.default_rng(5)
    a, b, weights = (rng.random((rows, 1), dtype=np.float32) for _ in range(3))
    shares: Shares = EqualShares(1.0 / rows, a.dtype)
    if weighed:
        shares = RowShares(weights / np.float32(rows))
    exact = np.sum(a.astype(float) * b * shares.factor)
    for value in (shares.product(a, b, np.empty_like(a)), shares.sum(a * b)):
        assert value == pytest.approx(exact, rel=1e-6)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("n_outputs", [2, 3])
def test_an_objective_measures_the_scores_that_it_is_given(name: str, n_outputs: int) -> None:
    loss, rng = LOSSES[name](), np.random.default_rng(3)
    output, z = loss.outputs[0], rng.normal(size=(6, n_outputs))
    target = loss.encode(np.array([0, 1, 1, 0, 1, 0]), n_outputs, output)
    objective = Objective(ACTIVATIONS[output](), loss, 6, n_outputs, z.dtype)
    other = rng.normal(size=z.shape)
    calls = [(z, 6), (other, 6), (z[:4], 4), (z, 4), (z, 6)]  # other arrays, and fewer rows
    for scores, rows in [*calls, *calls]:
        scores *= -0.5  # what the same array holds changes
        narrowed = objective.narrowed(rows)
        value = narrowed(scores[:rows] if rows < 6 else scores, target[:rows])
        alone = evaluate(loss, output, scores[:rows].copy(), target[:rows])
        assert value == alone.value
        assert narrowed.outputs.tobytes() == alone.outputs.tobytes()
        assert narrowed.d_scores.tobytes() == alone.d_scores.tobytes()
