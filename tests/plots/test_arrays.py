from __future__ import annotations

import numpy as np
import pytest

from nnctl.plots.arrays import are_probabilities, finite_range


@pytest.mark.parametrize(
    ("scores", "expected"),
    [([0.0, 0.5, 1.0], True), ([-0.1, 0.5], False), ([0.5, 1.1], False), ([0.5, np.nan], False)],
)
def test_probabilities_lie_between_zero_and_one(scores: list[float], expected: bool) -> None:
    assert are_probabilities(np.array(scores)) is expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([3.0, np.nan, -1.0, np.inf], (-1.0, 3.0)),
        ([4.0, 4.0], (2.0, 6.0)),
        ([0.0], (-0.5, 0.5)),
        ([np.nan, -np.inf], (0.0, 1.0)),
        ([], (0.0, 1.0)),
    ],
)
def test_finite_range_always_has_a_width(
    values: list[float], expected: tuple[float, float]
) -> None:
    assert finite_range(np.array(values)) == expected


def test_finite_range_covers_all_arrays() -> None:
    assert finite_range(np.zeros((2, 3)), np.array([7.0])) == (0.0, 7.0)
