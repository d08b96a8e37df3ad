from __future__ import annotations

import numpy as np

from nnctl.plots.activation import FORMULA_LENGTH, activation_figure
from tests.plots.samples import CURVE_X, legend_names


def test_function_and_derivative_are_drawn_on_one_axes() -> None:
    value = np.tanh(CURVE_X)
    derivative = 1 - value**2
    figure = activation_figure("tanh", CURVE_X, value, derivative, "tanh(z)")
    (axes,) = figure.axes
    curves = axes.lines[-2:]
    np.testing.assert_array_equal(curves[0].get_ydata(), value)
    np.testing.assert_array_equal(curves[1].get_ydata(), derivative)
    assert curves[0].get_linestyle() != curves[1].get_linestyle()
    assert legend_names(figure) == ["tanh", "derivative"]
    assert axes.get_xlim() == (-2.0, 2.0)


def test_zero_lines_cross_in_the_origin() -> None:
    axes = activation_figure("linear", CURVE_X, CURVE_X, None, "z").axes[0]
    horizontal, vertical = axes.lines[:2]
    assert np.array_equal(horizontal.get_ydata(), [0, 0])
    assert np.array_equal(vertical.get_xdata(), [0, 0])


def test_without_a_derivative_there_is_one_curve() -> None:
    figure = activation_figure("softmax", CURVE_X, CURVE_X, None, "e^z / sum")
    assert legend_names(figure) == ["softmax"]


def test_the_formula_is_plain_text_of_bounded_length() -> None:
    formula = "max(0, z) $x^2$"
    assert activation_figure("a", CURVE_X, CURVE_X, None, formula).axes[0].get_title() == formula
    long = activation_figure("a", CURVE_X, CURVE_X, None, "z + " * 99).axes[0].get_title()
    assert len(long) == FORMULA_LENGTH
