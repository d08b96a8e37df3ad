"""A column whose type is told becomes what is wished of it, or an error that names the row."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import DTypeLike

from nnctl.data.typed_columns import as_rows, write_numbers
from nnctl.errors import DataError
from tests.data.files import NUMBERS, TEXTS, columns_of, npy, read


@pytest.mark.parametrize(
    ("values", "dtype", "written"),
    [
        ([3.0, -3.0, 0.1, -0.0, 1e300], "f8", ["3", "-3", "0.1", "0", "1e+300"]),
        ([3.0, 0.1, 1e8], "f4", ["3", "0.1", "100000000"]),
        ([3.0, 0.1], "f2", ["3", "0.1"]),
        ([3.0, 0.1], np.longdouble, ["3", "0.1"]),
        (
            [2**53 - 1, 2.0**53, 2.0**60],
            "f8",
            [f"{2**53 - 1}", f"{2**53}", "1.152921504606847e+18"],
        ),
        ([2**63 - 1, -(2**63)], "i8", ["9223372036854775807", "-9223372036854775808"]),
        ([2**64 - 1], "u8", ["18446744073709551615"]),
        ([True, False], "?", ["true", "false"]),
        ([1.5, math.nan], "f8", ["1.5", None]),
    ],
)
def test_numbers_are_written_as_short_as_they_may_be(
    values: list[float], dtype: DTypeLike, written: list[str | None]
) -> None:
    assert write_numbers(np.array(values, dtype)) == written


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_what_is_written_reads_back_the_same(values: list[float]) -> None:
    written = write_numbers(np.array(values))
    assert [float(text) for text in written if text is not None] == values


def test_numbers_that_are_wished_as_text_become_text() -> None:
    table = read(npy(np.array([[3.0, 0.5], [math.nan, 3.0], [3.0, 1.0]])), TEXTS)
    assert table.texts == {"x1": ("3",), "x2": ("0.5", "3", "1")}
    assert columns_of(table) == {"x1": ["3", None, "3"], "x2": ["0.5", "3", "1"]}


def test_text_that_is_wished_as_numbers_is_parsed() -> None:
    table = read(npy(np.array(["1.5", "-2e3", "1.5", "", "NA"])), NUMBERS)
    assert columns_of(table) == {"x1": [1.5, -2000.0, 1.5, None, None]}
    assert table.texts == {}
    assert table.gaps == {"x1": ""}


def test_a_text_that_is_no_number_is_refused_with_its_row() -> None:
    content = npy(np.array([["1", "2"], ["1", "abc"], ["1,5", "x"]]))
    with pytest.raises(DataError) as caught:
        read(content, NUMBERS)
    assert [*map(str, caught.value.problems)] == [
        "f: row 3: feature `x1` has a number with a decimal comma (received `1,5`); "
        'write `decimal: ","`, or `1.5`',
        "f: row 2: feature `x2` must hold numbers (received `abc`); "
        "write it with the digits 0-9, as in `-1.5e3`",
    ]
    assert columns_of(read(npy(np.array(["1,5"])), NUMBERS, decimal=",")) == {"x1": [1.5]}


def test_what_the_config_calls_missing_is_missing_in_numbers_and_text() -> None:
    marks = ("-999", "None")
    numbers = read(npy(np.array([[1, -999], [2, 3]])), missing_values=marks)
    assert columns_of(numbers) == {"x1": [1.0, 2.0], "x2": [None, 3.0]}
    assert numbers.gaps == {"x2": "-999"}
    texts = read(npy(np.array(["a", "NONE", "NA"])), missing_values=marks)
    assert columns_of(texts) == {"x1": ["a", None, "NA"]}
    assert texts.gaps == {"x1": "NONE"}


def test_text_is_kept_once_in_the_order_in_which_it_comes() -> None:
    table = read(npy(np.array(["b", "a", "b", "NA", "c"])))
    assert table.texts == {"x1": ("b", "a", "c")}
    assert columns_of(table) == {"x1": ["b", "a", "b", None, "c"]}


@pytest.mark.parametrize("infinite", [math.inf, -math.inf])
def test_infinity_is_refused_with_its_row_and_nan_is_missing(infinite: float) -> None:
    table = read(npy(np.array([[1.0, math.nan], [2.0, 3.0]])))
    assert columns_of(table) == {"x1": [1.0, 2.0], "x2": [None, 3.0]}
    assert table.gaps == {"x2": "nan"}
    with pytest.raises(DataError) as caught:
        read(npy(np.array([[1.0, 2.0], [2.0, infinite], [infinite, 1.0]])))
    assert [*map(str, caught.value.problems)] == [
        f"f: row 3: feature `x1` is infinite (received {infinite:g}); clip it, or remove the row",
        f"f: row 2: feature `x2` is infinite (received {infinite:g}); clip it, or remove the row",
    ]


def test_a_number_beyond_float64_is_refused_as_infinite() -> None:
    if np.finfo(np.longdouble).max > np.finfo(np.float64).max:
        huge = np.array([1], np.longdouble) * np.finfo(np.float64).max * 2
        with pytest.raises(DataError, match="row 1: feature `x1` is infinite"):
            read(npy(huge))


def test_columns_of_text_become_rows() -> None:
    assert as_rows([["a", None], ["1", "2"]]) == (("a", "1"), ("", "2"))
    assert as_rows([]) == ()
