from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from nnctl.plots.signed import NEGATIVE, POSITIVE, SIGNED_COLOURS, letters_on, signed_scale
from nnctl.plots.style import INK
from tests.plots.test_confusion import luminance


def test_zero_is_white_and_the_scale_reaches_as_far_down_as_up() -> None:
    scale = signed_scale(np.array([-1.0, 3.0]), np.array([2.0]))
    assert (scale.vmin, scale.vmax) == (-3.0, 3.0)
    np.testing.assert_allclose(SIGNED_COLOURS(float(scale(0.0)))[:3], 1.0, atol=0.01)
    for share, colour in ((0.75, POSITIVE), (0.25, NEGATIVE)):
        np.testing.assert_allclose(SIGNED_COLOURS(share)[:3], to_rgb(colour), atol=0.01)


@pytest.mark.parametrize("values", [np.zeros(3), np.array([]), np.array([np.nan, np.inf])])
def test_a_scale_has_a_width_whatever_the_numbers(values: np.ndarray) -> None:
    scale = signed_scale(values)
    assert scale.vmin == -(scale.vmax or 0.0) < 0.0


def test_letters_can_be_read_on_every_colour() -> None:
    scale = signed_scale(np.array([-1.0, 1.0]))
    seen = set()
    for value in np.linspace(-1, 1, 81):
        letters = letters_on(value, scale)
        dark, light = sorted((luminance(SIGNED_COLOURS(scale(value))), luminance(letters)))
        assert (light + 0.05) / (dark + 0.05) > 3.0
        seen.add(letters)
    assert seen == {INK, "white"}
