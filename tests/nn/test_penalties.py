from __future__ import annotations

import numpy as np
import pytest

from nnctl.nn.penalties import WeightPenalty

WEIGHTS = np.array([2.0, -1.0, 0.0])


@pytest.mark.parametrize(
    ("l1", "l2", "value", "gradient"),
    [
        (0.0, 0.0, 0.0, [0.0, 0.0, 0.0]),
        (0.1, 0.0, 0.3, [0.1, -0.1, 0.0]),
        (0.0, 0.4, 1.0, [0.8, -0.4, 0.0]),
        (0.1, 0.4, 1.3, [0.9, -0.5, 0.0]),
    ],
)
def test_penalties_and_their_gradients(
    l1: float, l2: float, value: float, gradient: list[float]
) -> None:
    gradients = np.array([1.0, 1.0, 1.0])
    penalty = WeightPenalty(WEIGHTS.copy(), gradients, l1, l2)
    assert penalty.value() == pytest.approx(value, rel=1e-15)
    penalty.add_gradient()
    np.testing.assert_allclose(gradients - 1.0, gradient, rtol=1e-14, atol=1e-15)
