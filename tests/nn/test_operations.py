from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnctl.nn.arrays import FloatArray
from nnctl.nn.operations import (
    column_sums,
    is_finite,
    maxima_of,
    ones,
    product_for,
    row_maxima,
    row_sums,
)

SHAPES = st.tuples(st.integers(1, 9), st.integers(1, 9)) | st.tuples(*[st.integers(1, 5)] * 3)


def values_of(shape: tuple[int, ...]) -> FloatArray:
    return np.random.default_rng(7).normal(size=shape)


@given(SHAPES)
def test_reductions_are_those_over_the_last_axes(shape: tuple[int, ...]) -> None:
    values = values_of(shape)
    np.testing.assert_array_equal(row_maxima(values), values.max(axis=-1, keepdims=True))
    np.testing.assert_allclose(row_sums(values), values.sum(axis=-1, keepdims=True), atol=1e-14)
    sums = np.empty((*shape[:-2], shape[-1]))
    np.testing.assert_allclose(column_sums(values, sums), values.sum(axis=-2), atol=1e-14)


@given(SHAPES)
def test_maxima_are_of_what_stands_in_the_array_when_they_are_taken(
    shape: tuple[int, ...],
) -> None:
    values, maxima = values_of(shape), np.empty(shape[:-1])
    take = maxima_of(values, maxima)
    for _ in range(2):
        values *= -1.5
        take()
        np.testing.assert_array_equal(maxima, values.max(axis=-1))


@given(SHAPES, st.integers(1, 6))
def test_each_matrix_of_a_stack_has_a_product_of_its_own(
    shape: tuple[int, ...], columns: int
) -> None:
    a, b = values_of(shape), values_of((shape[-1], columns))
    out = np.empty((*shape[:-1], columns))
    assert product_for(out)(a, b, out) is out
    np.testing.assert_allclose(out, np.einsum("...ik,kj->...ij", a, b), atol=1e-13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_one_number_that_is_not_finite_is_seen(dtype: Any, number: float) -> None:
    vector = np.zeros(50, dtype)
    assert is_finite(vector)
    vector[37] = number
    assert not is_finite(vector)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_whose_squares_overflow_are_finite(dtype: Any) -> None:
    with np.errstate(over="ignore"):
        assert is_finite(np.full(3, np.finfo(dtype).max, dtype))
    assert is_finite(np.empty(0, dtype))


def test_nobody_can_write_into_the_ones_that_all_share() -> None:
    shared = ones(4, np.dtype(np.float32))
    assert shared is ones(4, np.dtype(np.float32))
    with pytest.raises(ValueError, match="read-only"):
        shared[0] = 2.0
