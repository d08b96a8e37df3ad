from __future__ import annotations

import math

import pytest

from nnctl.config.yaml_scalars import MAXIMUM_DIGITS, read_scalar

CORE_SCHEMA = {
    "1e-3": 0.001,
    "1E5": 1e5,
    "+12.5e+1": 125.0,
    ".5": 0.5,
    "5.": 5.0,
    "010": 10,
    "-7": -7,
    "+7": 7,
    "0o10": 8,
    "0x1F": 31,
    "1:30": "1:30",
    "12_000": "12_000",
    "0b11": "0b11",
    "-0x1F": "-0x1F",
    "2024-13-45": "2024-13-45",
    "no": "no",
    "on": "on",
    "Yes": "Yes",
    "off": "off",
    "y": "y",
    "true": True,
    "True": True,
    "FALSE": False,
    "tRUE": "tRUE",
    "null": None,
    "~": None,
    "": None,
    ".inf": math.inf,
    "-.INF": -math.inf,
    "inf": "inf",
    "nan": "nan",
    ".": ".",
    "e5": "e5",
    "١٢": "١٢",
    "<<": "<<",
    "=": "=",
}


@pytest.mark.parametrize("text", CORE_SCHEMA)
def test_scalars_are_read_as_the_core_schema_says(text: str) -> None:
    value = read_scalar(text)
    assert value == CORE_SCHEMA[text]
    assert type(value) is type(CORE_SCHEMA[text])


@pytest.mark.parametrize("text", [".nan", ".NaN", ".NAN"])
def test_nan_is_read_in_its_three_spellings(text: str) -> None:
    assert math.isnan(float(str(read_scalar(text))))


def test_longest_integer_is_read_and_a_longer_one_is_refused() -> None:
    assert read_scalar("9" * MAXIMUM_DIGITS) == 10**MAXIMUM_DIGITS - 1
    with pytest.raises(ValueError, match=r"an integer of 5,000 digits; at most 100 are read"):
        read_scalar("1" * 5000)
