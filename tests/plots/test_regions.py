from __future__ import annotations

import numpy as np
import pytest

from nnctl.plots.regions import Plane, TwoClassScore, decision_level, two_class_score


@pytest.mark.parametrize(
    ("predicted", "natural", "expected"),
    [
        ([0, 0, 1, 1], 0.5, 0.5),  # the natural level parts them
        ([0, 1, 1, 1], 0.5, 0.3),  # a threshold between 0.2 and 0.4
        ([0, 0, 0, 1], 0.5, 0.7),
        ([1, 1, 1, 1], 0.5, 0.2),  # all above: the lowest that is certain
        ([0, 0, 0, 0], 0.5, 0.8),
        ([0, 0, 0, 0], 0.9, 0.9),
    ],
)
def test_decision_level_follows_the_threshold_that_was_used(
    predicted: list[int], natural: float, expected: float
) -> None:
    values = np.array([0.2, 0.4, 0.6, 0.8])
    level = decision_level(values, np.array(predicted), natural)
    assert level == pytest.approx(expected, rel=1e-12)


def score_of(scores: list[list[float]], predicted: list[int]) -> TwoClassScore:
    n_points = len(predicted)
    plane = Plane(
        np.arange(n_points, dtype=float),
        np.zeros(1),
        np.array(scores)[None],
        np.array(predicted)[None],
    )
    return two_class_score(plane, ("no", "yes"))


def test_one_probability_is_the_second_classs() -> None:
    score = score_of([[0.2], [0.7]], [0, 1])
    assert score.values.tolist() == [[0.2, 0.7]]
    assert (score.low, score.level, score.high) == (0.0, 0.5, 1.0)
    assert score.label == "probability of yes"


def test_of_two_probabilities_the_second_is_taken() -> None:
    score = score_of([[0.8, 0.2], [0.25, 0.75]], [0, 1])
    assert score.values.tolist() == [[0.2, 0.75]]
    assert score.label == "probability of yes"


@pytest.mark.parametrize("scores", [[[3.0, 1.0], [-1.0, 4.0]], [[0.9, 0.8], [0.1, 0.3]]])
def test_two_scores_that_are_no_distribution_count_by_their_difference(
    scores: list[list[float]],
) -> None:
    score = score_of(scores, [0, 1])
    assert score.values.tolist() == [[b - a for a, b in scores]]
    assert score.level == 0.0
    assert score.low == -score.high
    assert score.label == "score of yes"


def test_one_score_beyond_probabilities_is_parted_at_zero() -> None:
    score = score_of([[-3.0], [1.0]], [0, 1])
    assert (score.low, score.level, score.high) == (-3.0, 0.0, 3.0)


def test_an_image_reaches_half_a_step_beyond_the_grid() -> None:
    scores, predicted = np.zeros((2, 3, 1)), np.zeros((2, 3), dtype=int)
    plane = Plane(np.array([0.0, 1.0, 2.0]), np.array([5.0, 9.0]), scores, predicted)
    assert plane.extent == (-0.5, 2.5, 3.0, 11.0)
