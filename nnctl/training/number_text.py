"""The text of many numbers at once: for each the shortest that gives the same number again.

Texts of a column are the rows of a matrix of bytes, in which PAD, a byte that no UTF-8 text
contains, stands where there is nothing. So numbers are written by a few array operations, ten
times faster than one by one, and lines are columns put side by side with their pads left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nnctl.data.arrays import FloatArray, IntArray

ByteMatrix = NDArray[np.uint8]  # (n_texts, width)
Quads = NDArray[np.uint32]  # four characters each

PAD = 0xFF
DIGITS = 9  # tell any two float32 apart
SMALLEST, LARGEST = -45, 7  # powers of ten between which a float32 is written by arrays
PLAIN_FROM = -4  # as in Python, 0.0001 is written plainly and 0.00001 as 1e-05
POWERS = np.array([float(f"1e{k}") for k in range(DIGITS - SMALLEST)])
DECADES = np.array([float(f"1e{k}") for k in range(SMALLEST, LARGEST + 2)], np.float32)


def text_matrix(texts: Sequence[str]) -> ByteMatrix:
    """Return the texts in UTF-8, a row each."""
    encoded = [text.encode() for text in texts]
    lengths = np.array([len(text) for text in encoded], np.int64)
    matrix = np.full((len(encoded), lengths.max(initial=0)), PAD, np.uint8)
    matrix[np.arange(matrix.shape[1]) < lengths[:, None]] = np.frombuffer(b"".join(encoded), "u1")
    return matrix


def side_by_side(columns: Sequence[ByteMatrix]) -> bytes:
    """Return the rows of text matrices, each row's texts one after another.

    A matrix of one row is repeated beside every row of the others.
    """
    matrix = _beside(columns)
    text: bytes = matrix[matrix != PAD].tobytes()
    return text


def row_by_row(columns: Sequence[ByteMatrix]) -> list[bytes]:
    """Return what `side_by_side` does, cut into rows."""
    matrix = _beside(columns)
    present = matrix != PAD
    ends = np.cumsum(present.sum(axis=1)).tolist()
    text = matrix[present].tobytes()
    return [text[start:end] for start, end in pairwise([0, *ends])]


def _beside(columns: Sequence[ByteMatrix]) -> ByteMatrix:
    n_rows = max(map(len, columns))
    return np.concatenate([np.broadcast_to(c, (n_rows, c.shape[1])) for c in columns], axis=1)


def number_text(values: FloatArray) -> ByteMatrix:
    """Return numbers (n,) as `repr` writes them, with the digits that their own type needs.

    0.1 in float32 is `0.1`, though as a float64 it is 0.10000000149011612.
    """
    if values.dtype != np.float32:
        return text_matrix([repr(value) for value in values.tolist()])
    magnitudes = np.abs(values).astype(np.float64)
    by_arrays = magnitudes < DECADES[-1]  # False for nan too
    magnitudes[~by_arrays | (magnitudes == 0.0)] = 1.0
    digits, exponents = _shortest_digits(magnitudes)
    digits[values == 0.0] = 0.0
    text = _written(np.signbit(values), digits, exponents)
    others = [repr(float(number)) for number in values[~by_arrays].astype(str)]
    matrix = text_matrix(others)
    text[~by_arrays] = PAD
    text[~by_arrays, : matrix.shape[1]] = matrix
    return text


def _shortest_digits(magnitudes: FloatArray) -> tuple[FloatArray, IntArray]:
    """Return nine digits d, as many as possible of them zeros at the end, and the power of ten e.

    magnitude = d.dddddddd * 10**e; `magnitudes` (n,) are float32 numbers in float64, whose 53 bits
    leave room to scale. Nine digits always give a float32 back; then fewer and fewer are tried.
    Of all 1,287,568,415 float32 from 1e-45 to 1e8 each is given back by its digits, by a reader
    that goes through float64 as Python's does; 2**-96 alone has a digit more than it needs.
    """
    wanted = magnitudes.astype(np.float32)
    exponents = np.searchsorted(DECADES, wanted, side="right") + (SMALLEST - 1)
    powers = POWERS.take(DIGITS - 1 - exponents)
    scaled = magnitudes * powers
    digits = np.rint(scaled)
    rows, step = np.arange(len(digits)), 10.0
    while len(rows) and step < 10.0**DIGITS:
        shorter = np.rint(scaled / step) * step
        same = np.flatnonzero((shorter / powers).astype(np.float32) == wanted)
        rows, scaled, powers, wanted = rows[same], scaled[same], powers[same], wanted[same]
        digits[rows] = shorter[same]
        step *= 10.0
    return digits, exponents


def _quads(texts: Sequence[str]) -> Quads:
    """Return texts of four characters as numbers of four bytes; a blank is a pad."""
    codes = text_matrix(texts)
    codes[codes == ord(" ")] = PAD
    return codes.view(np.uint32)[:, 0]


ALL_FOUR = [f"{number:04}" for number in range(10_000)]
UNTIL_LAST = [digits.rstrip("0").ljust(4) for digits in ALL_FOUR]
FROM_FIRST = [digits.lstrip("0").rjust(4) for digits in ALL_FOUR]
SIGN = _quads(["    ", "   -"])
# Where a table has two halves, the first is for digits at the end of the number.
THOUSANDS = _quads(FROM_FIRST)
ONES = _quads(["   0", *FROM_FIRST[1:], *ALL_FOUR])
POINT = _quads(["   .", "    "])
TENTHS = _quads(["0   ", *UNTIL_LAST[1:], *ALL_FOUR])
MIDDLE = _quads([*UNTIL_LAST, *ALL_FOUR])
END = _quads(UNTIL_LAST)
EXPONENT = _quads(["    "] * (1 - PLAIN_FROM) + [f"e-{e:02}" for e in range(5, 1 - SMALLEST)])
NOTHING = _quads(["    "])[0]


def _written(negative: NDArray[np.bool_], digits: FloatArray, exponents: IntArray) -> ByteMatrix:
    """Write sign, whole part, point, fraction and exponent in quads of characters, all (n,)."""
    small = exponents < PLAIN_FROM
    shifts = np.where(small, 0, exponents)  # of the point in `digits`
    units = POWERS.take(DIGITS - 1 - shifts)
    wholes = np.floor(digits / units)
    # Twelve digits stand behind the point: nine, and three zeros before them in 0.0001.
    fractions = ((digits - wholes * units) * POWERS.take(shifts - PLAIN_FROM)).astype(np.int64)
    thousands, ones = np.divmod(wholes.astype(np.int64), 10_000)
    rest, end = np.divmod(fractions, 10_000)
    tenths, middle = np.divmod(rest, 10_000)
    more_behind = (middle > 0) | (end > 0)
    bare = small & (fractions == 0)  # 1e-05 has no point
    text = np.empty((len(digits), 8), np.uint32)
    text[:, 0] = SIGN.take(negative)
    text[:, 1] = THOUSANDS.take(thousands)
    text[:, 2] = ONES.take(ones + 10_000 * (thousands > 0))
    text[:, 3] = POINT.take(bare)
    text[:, 4] = np.where(bare, NOTHING, TENTHS.take(tenths + 10_000 * more_behind))
    text[:, 5] = MIDDLE.take(middle + 10_000 * (end > 0))
    text[:, 6] = END.take(end)
    text[:, 7] = EXPONENT.take(np.where(small, -exponents, 0))
    return text.view(np.uint8)
