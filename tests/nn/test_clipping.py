from __future__ import annotations

import numpy as np
import pytest

from nnctl.nn.clipping import clip_by_norm, clip_by_value


def test_long_gradients_are_shortened_to_the_maximum_and_keep_their_direction() -> None:
    gradients = np.array([3.0, -4.0])
    assert float(clip_by_norm(gradients, 2.5)) == 5.0
    assert gradients.tolist() == [1.5, -2.0]


@pytest.mark.parametrize("maximum", [5.0, 6.0])
def test_gradients_within_the_norm_are_left_as_they_are(maximum: float) -> None:
    gradients = np.array([3.0, -4.0], np.float32)
    assert float(clip_by_norm(gradients, maximum)) == 5.0
    assert gradients.tolist() == [3.0, -4.0]


def test_stacked_networks_are_clipped_each_by_its_own_norm() -> None:
    gradients = np.array([[3.0, -4.0], [0.3, -0.4], [0.0, 0.0]], np.float32)
    norms = clip_by_norm(gradients, 1.0)
    np.testing.assert_allclose(norms, [5.0, 0.5, 0.0], rtol=1e-6)
    np.testing.assert_allclose(gradients, [[0.6, -0.8], [0.3, -0.4], [0.0, 0.0]], rtol=1e-6)
    assert gradients.dtype == norms.dtype == np.float32


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e30])
def test_a_norm_that_is_not_finite_is_told_and_shrinks_nothing(bad: float) -> None:
    gradients = np.array([bad, 7.0], np.float32)
    before = gradients.copy()
    assert not np.isfinite(clip_by_norm(gradients, 1.0))
    np.testing.assert_array_equal(gradients, before)


def test_each_value_is_brought_into_the_interval() -> None:
    gradients = np.array([-9.0, -1.0, 0.5, 2.0], np.float32)
    clip_by_value(gradients, 1.0)
    assert gradients.tolist() == [-1.0, -1.0, 0.5, 1.0]
    assert gradients.dtype == np.float32
