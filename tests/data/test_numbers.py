"""A cell is a number in plain decimal notation, or it is none."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnctl.data.numbers import (
    MISSING_MARKS,
    OTHER_MARKS,
    describe_bad_number,
    is_missing,
    is_number,
    parse_number,
    parse_numbers,
)

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


@pytest.mark.parametrize(("cell", "value"), NUMBERS.items())
def test_a_decimal_comma_stands_for_the_point(cell: str, value: float) -> None:
    with_comma = cell.replace(".", ",")
    numbers = parse_numbers(["1", with_comma], ",")
    assert numbers is not None
    assert numbers.tolist() == [1.0, value]
    assert parse_number(with_comma, ",") == value


@pytest.mark.parametrize("cell", [*NO_NUMBERS, "1.5", "1.000", "1,2,3"])
def test_a_point_is_no_decimal_comma(cell: str) -> None:
    if cell != "1,5":
        assert parse_numbers([cell], ",") is None
        assert parse_number(cell, ",") is None


@pytest.mark.parametrize("decimal", [".", ","])
def test_no_cells_are_no_numbers(decimal: str) -> None:
    numbers = parse_numbers([], decimal)
    assert numbers is not None
    assert numbers.shape == (0,)


@given(st.text(max_size=6), st.sampled_from([".", ","]))
def test_a_cell_is_parsed_alike_alone_and_among_others(cell: str, decimal: str) -> None:
    alone, among = parse_number(cell, decimal), parse_numbers(["7", cell], decimal)
    assert (alone is None) == (among is None)
    assert among is None or among.tolist() == [7.0, alone]


@pytest.mark.parametrize("cell", ["", "NA", "na", "N/A", "#N/A", "NaN", "nan", "NULL"])
def test_blank_cells_and_the_usual_marks_are_missing_values(cell: str) -> None:
    assert is_missing(cell)


def test_marks_of_missing_values_may_be_others() -> None:
    assert is_missing("?", frozenset({"?"}))
    assert not is_missing("NA", frozenset({"?"}))


def plain_text(cell: str, example: str = "-1.5e3") -> str:
    return f"must hold numbers (received `{cell}`); write it with the digits 0-9, as in `{example}`"


@pytest.mark.parametrize(
    ("cell", "description"),
    [
        ("", 'has a blank cell; fill it in, or list `""` in `missing_values`'),
        (
            "1,000",
            "has a number with a comma (received `1,000`); write `1000` if it parts thousands, "
            '`decimal: ","` if it is a decimal comma',
        ),
        (
            "1,5",
            'has a number with a decimal comma (received `1,5`); write `decimal: ","`, or `1.5`',
        ),
        (
            "-1,5e3",
            "has a number with a decimal comma (received `-1,5e3`); "
            'write `decimal: ","`, or `-1.5e3`',
        ),
        ("1e400", "has a number too large for float64 (received `1e400`); rescale the column"),
        *(
            (cell, plain_text(cell))
            for cell in ("abc", "1_000", "１２", "0x10", "inf", "1,000,000", "1.2.3", "+-")
        ),
    ],
)
def test_a_bad_number_is_described_with_its_remedy(cell: str, description: str) -> None:
    assert describe_bad_number(cell) == description


@pytest.mark.parametrize(
    ("cell", "description"),
    [
        (
            "1.5",
            'has a number with a decimal point (received `1.5`); write `decimal: "."`, or `1,5`',
        ),
        (
            "1.234,5",
            "has a number with points that part thousands (received `1.234,5`); write `1234,5`",
        ),
        ("1e400", "has a number too large for float64 (received `1e400`); rescale the column"),
        ("abc", plain_text("abc", "-1,5e3")),
        ("1,2,3", plain_text("1,2,3", "-1,5e3")),
    ],
)
def test_a_bad_number_is_described_where_the_decimal_mark_is_a_comma(
    cell: str, description: str
) -> None:
    assert describe_bad_number(cell, ",") == description


@pytest.mark.parametrize("mark", sorted((MISSING_MARKS | OTHER_MARKS) - {""}))
def test_what_looks_like_a_missing_value_is_to_be_listed(mark: str) -> None:
    assert describe_bad_number(mark.upper()) == (
        f"must hold numbers (received `{mark.upper()}`); "
        f'if it stands for a missing value, list it: `missing_values: ["", "{mark.upper()}"]`'
    )


def test_a_remedy_for_the_column_follows_only_where_the_cell_is_text() -> None:
    assert describe_bad_number("abc", remedy="; drop it").endswith("as in `-1.5e3`; drop it")
    assert "drop it" not in describe_bad_number("1,5", remedy="; drop it")
