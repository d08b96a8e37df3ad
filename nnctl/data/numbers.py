"""What counts as a number in a cell: plain decimal notation, finite, and nothing else.

Python's own `float` also takes `1_000`, full-width digits, `nan`, `inf` and `1e400`. In a file
these are mistakes far more often than wishes, so that here they are not numbers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np

from nnctl.config.schema.data import MISSING_VALUES
from nnctl.data.arrays import FloatArray

NOTATIONS = {mark: frozenset("0123456789+-eE" + mark) for mark in (".", ",")}
MISSING_MARKS = frozenset(mark.lower() for mark in MISSING_VALUES)
OTHER_MARKS = frozenset({"?", "-", "--", ".", "n.a.", "none", "missing", "unknown"})
DATE = re.compile(
    r"\d{4}([-/.])\d{1,2}(\1\d{1,2}([T ]\d.*)?)?"  # 2024-01-05 12:30, 2024-01
    r"|\d{1,2}([-/.])\d{1,2}\4(\d{4}|\d{2})( \d.*)?"  # 05/01/2024, 5.1.24
    r"|\d{1,2}[ -][A-Za-z]{3,9}\.?[ -](\d{4}|\d{2})"  # 5 January 2024, 05-Jan-24
    r"|[A-Za-z]{3,9}\.? \d{1,2}, ?\d{4}"  # January 5, 2024
    r"|(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
    r"([ -])(\d{1,2}\8)?\d{4}"  # Jan 5 2024, Jan-5-2024, Jan 2024
    r"|\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AaPp][Mm])?",  # 12:30, 12:30:59 pm
    re.ASCII,
)
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)
DECIMAL_POINT = re.compile(r"[+-]?\d*\.\d+(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)
POINT_BEFORE_COMMA = re.compile(r"[+-]?\d{1,3}(\.\d{3})+,\d+", re.ASCII)


def parse_number(cell: str, decimal: str = ".") -> float | None:
    """Return the number in a cell, or None where it holds none."""
    if not NOTATIONS[decimal].issuperset(cell):
        return None
    try:
        number = float(cell.replace(decimal, "."))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def parse_numbers(cells: Sequence[str], decimal: str = ".") -> FloatArray | None:
    """Return the cells as float64 numbers of shape (n_cells,), or None where one is no number."""
    # One look at the characters of all cells is ten times faster than a pattern for each; what
    # `float` accepts of these characters is decimal notation.
    if not NOTATIONS[decimal].issuperset("".join(cells)):
        return None
    if decimal != "." and cells:
        cells = "\n".join(cells).replace(decimal, ".").split("\n")  # none of them holds a line end
    try:
        numbers = np.fromiter(map(float, cells), dtype=np.float64, count=len(cells))
    except ValueError:
        return None
    return numbers if np.isfinite(numbers).all() else None


def is_number(cell: str, decimal: str = ".") -> bool:
    """Tell whether the cell is a number."""
    return parse_number(cell, decimal) is not None


def is_missing(cell: str, marks: frozenset[str] = MISSING_MARKS) -> bool:
    """Tell whether the cell says that its value is missing; the marks are in lower case."""
    return cell.lower() in marks


def describe_bad_number(cell: str, decimal: str = ".", remedy: str = "") -> str:
    """Say why the cell is no number, and what to do: the end of a sentence about a column.

    `remedy` follows where the cell is any text: what else its column might be.
    """
    if not cell:
        return 'has a blank cell; fill it in, or list `""` in `missing_values`'
    if is_missing(cell, MISSING_MARKS | OTHER_MARKS):
        return (
            f"must hold numbers (received `{cell}`); "
            f'if it stands for a missing value, list it: `missing_values: ["", "{cell}"]`'
        )
    near = describe_near_number(cell, decimal)
    if near:
        return near
    example = "-1.5e3".replace(".", decimal)
    return (
        f"must hold numbers (received `{cell}`); "
        f"write it with the digits 0-9, as in `{example}`{remedy}"
    )


def describe_near_number(cell: str, decimal: str = ".") -> str:
    """Describe a cell that is a number in another notation, or too large a one; "" for others."""
    mistaken = _describe_mark(cell) if decimal == "." else _describe_point(cell)
    plain = cell.replace(decimal, ".")
    if not mistaken and NOTATIONS["."].issuperset(plain) and _is_too_large(plain):
        return f"has a number too large for float64 (received `{cell}`); rescale the column"
    return mistaken


def _describe_mark(cell: str) -> str:
    """Describe a comma in what would be a number without it."""
    if THOUSANDS.fullmatch(cell):
        return (
            f"has a number with a comma (received `{cell}`); write `{cell.replace(',', '')}` if "
            'it parts thousands, `decimal: ","` if it is a decimal comma'
        )
    if DECIMAL_COMMA.fullmatch(cell):
        return (
            f"has a number with a decimal comma (received `{cell}`); "
            f'write `decimal: ","`, or `{cell.replace(",", ".")}`'
        )
    return ""


def _describe_point(cell: str) -> str:
    """Describe a point in what would be a number with a decimal comma."""
    if POINT_BEFORE_COMMA.fullmatch(cell):
        plain = cell.replace(".", "")
        return f"has a number with points that part thousands (received `{cell}`); write `{plain}`"
    if DECIMAL_POINT.fullmatch(cell):
        return (
            f"has a number with a decimal point (received `{cell}`); "
            f'write `decimal: "."`, or `{cell.replace(".", ",")}`'
        )
    return ""


def _is_too_large(number: str) -> bool:
    try:
        return math.isinf(float(number))
    except ValueError:
        return False
