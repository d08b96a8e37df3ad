from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnctl.nn.arrays import FloatArray
from nnctl.training.number_text import (
    DECADES,
    PAD,
    number_text,
    row_by_row,
    side_by_side,
    text_matrix,
)

SINGLE = np.float32
ODD = [0.0, -0.0, 1.0, -1.0, 0.5, 10.0, 100.0, 1e-4, 1e-5, 0.00012345678, 99999990.0, 1e8, 1e16,
       1e17, 12345.678, 16777217.0, 1e-45, 1.2345679e-38, 3.4028235e38, float("inf"), -float("inf"),
       float("nan")]  # fmt: skip


def written(values: FloatArray) -> list[str]:
    return [text.decode() for text in row_by_row([number_text(values)])]


def one_by_one(values: FloatArray) -> list[str]:
    """What Python writes for the shortest digits that NumPy finds for each number alone."""
    return [repr(float(text)) for text in values.astype(str)]


def bits(count: int, seed: int = 0) -> FloatArray:
    """float32 numbers of every size: random bits."""
    drawn = np.random.default_rng(seed).integers(0, 2**32, count, dtype=np.uint32)
    numbers: FloatArray = drawn.view(SINGLE)
    return numbers[np.isfinite(numbers)]


@pytest.mark.parametrize(
    "values",
    [
        np.array(ODD, SINGLE),
        bits(20_000),
        np.random.default_rng(1).random(20_000, SINGLE),
        np.random.default_rng(2).normal(scale=1000, size=20_000).round(2).astype(SINGLE),
        np.arange(-20_000, 20_000, 7).astype(SINGLE) / 8,
        np.array([float(f"1e{k}") for k in range(-45, 39)], SINGLE),
    ],
    ids=["odd", "bits", "shares", "prices", "eighths", "tens"],
)
def test_numbers_are_written_as_each_would_be_alone(values: FloatArray) -> None:
    with np.errstate(over="ignore"):
        assert written(values) == one_by_one(values)
        assert written(-values) == one_by_one(-values)


def test_powers_of_two_are_as_short_as_can_be_but_one() -> None:
    powers = np.ldexp(np.float32(1), np.arange(-149, 128)).astype(SINGLE)
    longer = [
        power
        for power, text, shortest in zip(
            powers.tolist(), written(powers), one_by_one(powers), strict=True
        )
        if text != shortest
    ]
    assert longer == [2.0**-96]
    assert [*map(SINGLE, written(powers))] == powers.tolist()


@given(st.lists(st.floats(width=32, allow_nan=False)))
def test_every_float32_comes_back_from_its_text(values: list[float]) -> None:
    numbers = np.array(values, SINGLE)
    back = np.array([float(text) for text in written(numbers)], SINGLE)
    assert back.tobytes() == numbers.tobytes()


@given(st.lists(st.floats(allow_nan=False)))
def test_every_float64_is_written_as_python_does(values: list[float]) -> None:
    assert written(np.array(values, np.float64)) == [*map(repr, values)]


def test_the_numbers_beside_do_not_matter() -> None:
    values = np.concatenate([np.array(ODD, SINGLE), bits(300)])
    together = written(values)
    assert [written(values[i : i + 1])[0] for i in range(len(values))] == together
    assert written(values[::-1]) == together[::-1]


def test_both_ways_of_writing_meet_where_one_ends() -> None:
    last = DECADES[-1]
    around = np.array([np.nextafter(last, SINGLE(0)), last, np.nextafter(last, SINGLE(1e9))])
    assert written(around) == ["99999990.0", "100000000.0", "100000010.0"]


def test_texts_of_all_languages_stand_side_by_side() -> None:
    names = text_matrix(["né", "", "二つ\n", "\0 "])
    assert row_by_row([names]) == [text.encode() for text in ("né", "", "二つ\n", "\0 ")]
    assert PAD not in "".join(map(chr, range(0xD800))).encode()
    numbers = number_text(np.array([1.5, -2, 3, 4e-9], SINGLE))
    line = side_by_side([names, text_matrix([","]), numbers, text_matrix([";"])])
    assert line.decode() == "né,1.5;,-2.0;二つ\n,3.0;\0 ,4e-09;"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_no_numbers_are_no_text(dtype: Any) -> None:
    assert written(np.empty(0, dtype)) == []
    assert text_matrix([]).shape == (0, 0)
