"""Scaling is fitted column by column, survives extremes, and can be undone."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nnctl.config.schema.columns import Scaling
from nnctl.data.arrays import FloatArray
from nnctl.data.scaling import SCALINGS, constant_columns, fit_scaler

VALUES = hnp.arrays(
    np.float64,
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=8),
    elements=st.floats(-1e100, 1e100),
)


def test_the_table_holds_what_a_config_may_say() -> None:
    assert set(SCALINGS) == set(get_args(Scaling))


def test_standardized_columns_have_mean_0_and_deviation_1() -> None:
    scaler = fit_scaler(np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 60.0]]), "standardize")
    assert scaler.center.tolist() == [2.0, 30.0]
    assert scaler.scale == pytest.approx([np.sqrt(2 / 3), np.sqrt(1400 / 3)], rel=1e-15)
    assert scaler.apply(np.array([[3.0, 30.0]])) == pytest.approx(np.array([[1.5**0.5, 0.0]]))


def test_min_max_columns_run_from_0_to_1() -> None:
    scaler = fit_scaler(np.array([[1.0, -5.0], [2.0, 5.0], [5.0, 0.0]]), "min_max")
    assert scaler.apply(np.array([[1.0, 0.0], [5.0, 10.0]])).tolist() == [[0.0, 0.5], [1.0, 1.5]]


def test_unscaled_columns_stay_the_same_to_the_bit() -> None:
    values = np.array([[0.1, -3e300], [7.0, 5e-324]])
    assert fit_scaler(values, "none").apply(values).tobytes() == values.tobytes()


def test_robust_columns_have_median_0_and_interquartile_range_1() -> None:
    values = np.array([[1.0, 7.0], [2.0, -3.0], [3.0, 5.0], [4.0, 1.0], [1e9, 2.0]])
    scaler = fit_scaler(values, "robust")
    assert scaler.center.tolist() == [3.0, 2.0]
    assert scaler.scale.tolist() == [2.0, 4.0]
    assert scaler.apply(np.array([[5.0, 0.0]])).tolist() == [[1.0, -0.5]]


def test_quartiles_between_two_values_are_interpolated() -> None:
    scaler = fit_scaler(np.array([[0.0], [1.0], [2.0], [3.0]]), "robust")
    assert (scaler.center.tolist(), scaler.scale.tolist()) == ([1.5], [1.5])


@pytest.mark.parametrize("rounding", [0.0, 5e-324, 1e-306, 4e-16])
def test_a_range_of_0_between_the_quartiles_is_no_scale(rounding: float) -> None:
    values = np.array([[0.0], [0.0], [0.0], [rounding], [5.0]])
    scaler = fit_scaler(values, "robust")
    assert scaler.center.tolist() == [0.0]
    assert scaler.scale.tolist() == pytest.approx([2.0], rel=1e-15)  # of the population


def test_logarithms_are_standardized() -> None:
    values = np.log1p(np.array([[0.0], [1.0], [10.0]]))
    log, standardized = (fit_scaler(values, scaling) for scaling in ("log", "standardize"))
    assert log.center.tolist() == standardized.center.tolist()
    assert log.scale.tolist() == standardized.scale.tolist()


@pytest.mark.parametrize("scaling", [scaling for scaling in SCALINGS if scaling != "none"])
def test_a_constant_column_becomes_0(scaling: Scaling) -> None:
    values = np.full((7, 1), 0.1)  # its mean is not 0.1 to the last bit
    scaler = fit_scaler(values, scaling)
    assert scaler.scale.tolist() == [1.0]
    assert scaler.apply(values).tolist() == [[0.0]] * 7
    assert constant_columns(values).tolist() == [0]


@pytest.mark.parametrize("scaling", SCALINGS)
def test_a_spread_too_small_to_be_a_number_divides_nothing(scaling: Scaling) -> None:
    values = np.array([[5e-324], [0.0], [0.0]])
    scaler = fit_scaler(values, scaling)
    assert scaler.scale[0] > 0
    assert np.isfinite(scaler.apply(values)).all()


@pytest.mark.parametrize("size", [1e-320, 1e-160, 1e160, 1e307])
def test_no_square_of_an_extreme_value_overflows(size: float) -> None:
    values = np.array([[-size], [size], [size], [-size]])
    scaler = fit_scaler(values, "standardize")
    assert scaler.apply(values).ravel() == pytest.approx([-1.0, 1.0, 1.0, -1.0])


@pytest.mark.parametrize("scaling", SCALINGS)
@given(values=VALUES)
def test_scaling_gives_finite_numbers_and_can_be_undone(
    scaling: Scaling, values: FloatArray
) -> None:
    scaler = fit_scaler(values, scaling)
    scaled = scaler.apply(values)
    assert np.isfinite(scaled).all()
    size = np.abs(values).max(axis=0)
    assert (np.abs(scaler.invert(scaled) - values) <= 1e-14 * size).all()
