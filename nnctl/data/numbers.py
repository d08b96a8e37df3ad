"""What counts as a number in a cell: plain decimal notation, finite, and nothing else.

Python's own `float` also takes `1_000`, full-width digits, `nan`, `inf` and `1e400`. In a file
these are mistakes far more often than wishes, so that here they are not numbers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from nnctl.data.arrays import FloatArray

DECIMAL_CHARACTERS = frozenset("0123456789+-.eE")
MISSING_MARKS = frozenset({"", "na", "n/a", "#n/a", "nan", "null"})
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)


def parse_numbers(cells: Sequence[str]) -> FloatArray | None:
    """Return the cells as float64 numbers of shape (n_cells,), or None where one is no number."""
    # One look at the characters of all cells is ten times faster than a pattern for each; what
    # `float` accepts of these characters is decimal notation.
    if not DECIMAL_CHARACTERS.issuperset("".join(cells)):
        return None
    try:
        numbers = np.fromiter(map(float, cells), dtype=np.float64, count=len(cells))
    except ValueError:
        return None
    return numbers if np.isfinite(numbers).all() else None


def is_number(cell: str) -> bool:
    """Tell whether this cell alone is a number."""
    return parse_numbers((cell,)) is not None


def is_missing(cell: str) -> bool:
    """Tell whether the cell is blank or says that its value is missing, as `NA` and `NaN` do."""
    return cell.lower() in MISSING_MARKS


def describe_bad_number(cell: str) -> str:
    """Say why the cell is no number, and what to do: the end of a sentence about a column."""
    if is_missing(cell):
        received = f"received `{cell}`" if cell else "received a blank cell"
        return f"has a missing value ({received}); fill it in, or remove the row"
    if THOUSANDS.fullmatch(cell):
        plain, with_point = cell.replace(",", ""), cell.replace(",", ".", 1)
        return (
            f"has a number with a comma (received `{cell}`); write `{plain}` if it parts "
            f"thousands, `{with_point}` if it is a decimal comma"
        )
    if DECIMAL_COMMA.fullmatch(cell):
        with_point = cell.replace(",", ".")
        return f"has a number with a decimal comma (received `{cell}`); write `{with_point}`"
    try:
        too_large = bool(np.isinf(float(cell))) and cell[-1].isdigit()
    except ValueError:
        too_large = False
    if too_large:
        return f"has a number too large for float64 (received `{cell}`); rescale the column"
    return f"must hold numbers (received `{cell}`); write it with the digits 0-9, as in `-1.5e3`"
