from __future__ import annotations

import math

import numpy as np
import pytest

from nnctl.config.sweep_schema import ParameterConfig
from nnctl.scale.importance import average_ranks, epsilon_squared, groups, importances
from nnctl.scale.results import TrialResult

SPACE = {
    "a": ParameterConfig.model_validate({"uniform": [0, 1]}),
    "b": ParameterConfig.model_validate({"choice": ["x", "y"]}),
}


def result(number: int, a: float, b: str, loss: float | None) -> TrialResult:
    status = "diverged" if loss is None else "finished"
    metrics = {} if loss is None else {"validation_loss": loss}
    return TrialResult(number, "t", {"a": a, "b": b}, status, metrics=dict(metrics))


def test_equal_values_share_the_mean_of_their_ranks() -> None:
    ranks = average_ranks(np.array([3.0, 1.0, 3.0, math.inf, math.inf]))
    assert ranks.tolist() == [2.5, 1.0, 2.5, 4.5, 4.5]


def test_epsilon_squared_is_that_of_a_worked_example() -> None:
    # Within: 2 * 0.5 = 1; total: 5; 1 - (1 / 2) / (5 / 3) = 0.7.
    ranks, group = np.array([1.0, 2.0, 3.0, 4.0]), np.array([0, 0, 1, 1])
    assert epsilon_squared(ranks, group) == pytest.approx(0.7, rel=1e-12)
    assert epsilon_squared(ranks, np.array([0, 1, 1, 0])) == 0.0
    assert epsilon_squared(ranks, np.zeros(4, dtype=np.intp)) == 0.0
    assert epsilon_squared(np.ones(4), group) == 0.0


def test_many_numbers_are_divided_into_groups_of_like_size_and_few_values_are_their_own() -> None:
    of_many = groups([float(n) for n in range(40)])
    assert np.bincount(of_many).tolist() == [8] * 5
    assert np.bincount(groups([1, 1, 2, 2, 2, 1, 1, 1])).tolist() == [5, 3]
    assert len(set(groups(["a", {"b": 1}, "a", None] * 3).tolist())) == 3


def test_what_matters_is_told_from_what_does_not() -> None:
    rng = np.random.default_rng(1)
    trials = [
        result(n, float(a), "xy"[n % 2], (a - 0.5) ** 2)  # best in the middle: no rank correlation
        for n, a in enumerate(rng.random(60))
    ]
    shares = importances(trials, SPACE, "validation_loss")
    assert [*shares] == ["a", "b"]
    assert shares["a"] > 0.6
    assert shares["b"] < 0.1


def test_trials_that_diverged_are_the_worst() -> None:
    trials = [result(n, 0.1 * n, "xy"[n % 2], None if n % 2 else 1.0 + n) for n in range(8)]
    assert importances(trials, SPACE, "validation_loss")["b"] > 0.7


def test_fewer_than_eight_trials_tell_nothing() -> None:
    trials = [result(n, 0.1 * n, "x", 1.0) for n in range(7)]
    assert importances(trials, SPACE, "validation_loss") == {}
