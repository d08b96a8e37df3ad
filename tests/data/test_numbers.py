"""A cell is a number in plain decimal notation, or it is none."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnctl.data.numbers import describe_bad_number, is_missing, is_number, parse_numbers

NUMBERS = {
    "0": 0.0,
    "-0": -0.0,
    "+7": 7.0,
    "010": 10.0,
    "3.": 3.0,
    ".5": 0.5,
    "-1.5e3": -1500.0,
    "2E-3": 0.002,
    "1e-400": 0.0,
    "12345678901234567890": 12345678901234567890.0,
}
NO_NUMBERS = [
    *("", "NA", "nan", "NaN", "inf", "-inf", "Infinity", "1e400", "-1e400", "abc", "1 2", "1,5"),
    *(
        "1_000",
        "0x10",
        "１２",
        "٣",
        "1e",
        "e5",
        "--1",
        "1.2.3",
        "+",
        ".",
        "true",
        "½",
        "1\n2",
        "5%",
    ),
]


@pytest.mark.parametrize(("cell", "value"), NUMBERS.items())
def test_plain_decimal_notation_is_a_number(cell: str, value: float) -> None:
    numbers = parse_numbers([cell])
    assert numbers is not None
    assert numbers.tolist() == [value]
    assert math.copysign(1.0, numbers[0]) == math.copysign(1.0, value)


@pytest.mark.parametrize("cell", NO_NUMBERS)
def test_nothing_else_is_a_number(cell: str) -> None:
    assert not is_number(cell)
    assert parse_numbers(["1", cell, "2"]) is None


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_every_finite_float_reads_back_to_itself(values: list[float]) -> None:
    numbers = parse_numbers([repr(value) for value in values])
    assert numbers is not None
    assert numbers.dtype == "float64"
    assert numbers.tolist() == values


@pytest.mark.parametrize("cell", ["", "NA", "na", "N/A", "#N/A", "NaN", "nan", "NULL"])
def test_blank_cells_and_the_usual_marks_are_missing_values(cell: str) -> None:
    assert is_missing(cell)
    assert "missing value" in describe_bad_number(cell)


@pytest.mark.parametrize(
    ("cell", "description"),
    [
        ("", "has a missing value (received a blank cell); fill it in, or remove the row"),
        ("NA", "has a missing value (received `NA`); fill it in, or remove the row"),
        (
            "1,000",
            "has a number with a comma (received `1,000`); write `1000` if it parts thousands, "
            "`1.000` if it is a decimal comma",
        ),
        ("1,5", "has a number with a decimal comma (received `1,5`); write `1.5`"),
        ("-1,5e3", "has a number with a decimal comma (received `-1,5e3`); write `-1.5e3`"),
        (
            "1e400",
            "has a number too large for float64 (received `1e400`); rescale the column",
        ),
        *(
            (
                cell,
                f"must hold numbers (received `{cell}`); "
                "write it with the digits 0-9, as in `-1.5e3`",
            )
            for cell in ("abc", "1_000", "１２", "0x10", "inf", "1,000,000")
        ),
    ],
)
def test_a_bad_number_is_described_with_its_remedy(cell: str, description: str) -> None:
    assert describe_bad_number(cell) == description
