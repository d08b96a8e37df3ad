"""The fast way through CSV: what is plain goes through NumPy's own parser, a block at once.

A block is plain where that parser, which is more lenient and silent, is sure to see what the
grammar sees. Of any other block these functions return None, and it is read exactly.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nnctl.data.arrays import BoolArray, FloatArray, IntArray
from nnctl.data.csv_cells import Column, Parsed, coded, text_of_codes
from nnctl.data.csv_format import CsvFormat
from nnctl.data.csv_records import Grammar
from nnctl.data.csv_text import Block

PLAIN_DELIMITERS = frozenset(",;\t| :")
PLAIN_QUOTES = frozenset("\"'")
SWAPPED_MARKS = str.maketrans(",.", ".,")
ENCODING, ERRORS = "utf-8", "surrogatepass"  # no byte of a longer character is an ASCII one


@dataclass(frozen=True)
class Layout:
    """All that holds for every row of a file."""

    width: int
    columns: tuple[Column, ...]  # those that are wanted
    grammar: Grammar
    form: CsvFormat


def read_plain(block: Block, layout: Layout) -> list[Parsed] | None:
    """Return the wanted columns of a block; those whose kind is not settled must be numbers."""
    block = with_line_feeds(block)
    if not may_be_plain(block, layout):
        return None
    numbers = [column for column in layout.columns if column.wish.kind != "text"]
    texts = [column for column in layout.columns if column.wish.kind == "text"]
    parsed: dict[int, Parsed] = {}
    if is_quoted(block, layout) or len(numbers) < layout.width:
        cells = PlainCells.of(block, layout)
        if cells is None:
            return None
        parsed = {column.position: cells.text_column(column.position) for column in texts}
    # Otherwise NumPy reads every column, and sees itself where a row is ragged.
    if numbers:
        values = read_numbers(block, layout, [column.position for column in numbers])
        if values is None:
            return None
        has_gap: BoolArray = np.logical_or.reduce(np.isnan(values))
        for column, numbers_below, gaps in zip(numbers, values.T, has_gap, strict=True):
            gap = first_gap(block, layout, column.position, numbers_below) if gaps else None
            parsed[column.position] = Parsed(numbers_below, gap=gap)
    return [parsed[column.position] for column in layout.columns]


def with_line_feeds(block: Block) -> Block:
    """Return the block with lines that end in line feeds alone, as far as they can."""
    if "\r" not in block.text:
        return block
    text = block.text.replace("\r\n", "\n")
    return Block(text, text.split("\n")[:-1])


def is_quoted(block: Block, layout: Layout) -> bool:
    """Tell whether there are quotes in the block that mean something."""
    return layout.grammar.quote is not None and layout.grammar.quote in block.text


def may_be_plain(block: Block, layout: Layout) -> bool:
    """Tell whether the parsers can agree on the block, as far as can be seen without cutting it."""
    lines, delimiter = block.lines, layout.grammar.delimiter
    if delimiter not in PLAIN_DELIMITERS or delimiter == layout.form.decimal:
        return False
    if "\0" in block.text or "\r" in block.text or "" in lines:
        return False
    if max(map(len, lines)) > csv.field_size_limit():
        return False
    if is_quoted(block, layout) and layout.grammar.quote not in PLAIN_QUOTES:
        return False
    if layout.width == 1:  # where a blank line is no row
        return not is_quoted(block, layout) and all(map(str.strip, lines))
    return True


@dataclass(frozen=True, eq=False)
class PlainCells:
    """Where the cells of a block begin and end."""

    content: bytes
    ends: IntArray  # (n_rows, width) the position after each cell
    layout: Layout
    quoted: bool

    @classmethod
    def of(cls, block: Block, layout: Layout) -> PlainCells | None:
        """Find the cells; None where a row is ragged, or quotes are not at the cells' borders."""
        content = block.text.encode(ENCODING, ERRORS)
        characters = np.frombuffer(content, np.uint8)
        is_end = characters == ord(layout.grammar.delimiter)
        is_end |= characters == ord("\n")
        ends: IntArray = np.flatnonzero(is_end)
        quote = layout.grammar.quote if is_quoted(block, layout) else None
        if quote is not None:
            quotes = np.flatnonzero(characters == ord(quote))
            if not quotes_are_plain(quotes, is_end):
                return None
            ends = ends[np.searchsorted(quotes, ends) % 2 == 0]
        if len(ends) != len(block.lines) * layout.width:
            return None
        ends = ends.reshape(-1, layout.width)
        if not (characters[ends[:, -1]] == ord("\n")).all():
            return None
        return cls(content, ends, layout, quote is not None)

    def text_column(self, position: int) -> Parsed:
        """Return a column as text; cells that are alike are decoded and unquoted once."""
        ends = self.ends[:, position]
        before = self.ends[:, position - 1] if position else np.append(-1, self.ends[:-1, -1])
        if (ends - before == 2).all():  # one byte each, as labels often are
            codes, characters = coded(np.frombuffer(self.content, np.uint8)[before + 1].tolist())
            distinct = [bytes([character]) for character in characters]
        else:
            spans = zip((before + 1).tolist(), ends.tolist(), strict=True)
            codes, distinct = coded([self.content[start:end] for start, end in spans])
        written = [cell.decode(ENCODING, ERRORS) for cell in distinct]
        if self.quoted:
            written = [single_cell(cell, self.layout.grammar) for cell in written]
        return text_of_codes(codes, written, self.layout.form)


def quotes_are_plain(quotes: IntArray, is_end: BoolArray) -> bool:
    """Tell whether quotes open and close at the borders of cells, or stand in pairs inside.

    One that stays open is not noticed here: it leaves no end to the last cell.

    `quotes` are their positions, `is_end` says of each position whether a cell may end there.
    """
    opening, closing = quotes[::2], quotes[1::2]
    border = np.append(is_end, True)  # before the first position (-1) as well
    border[quotes] = True
    return bool(border[opening - 1].all() and border[closing + 1].all())


def single_cell(line: str, grammar: Grammar) -> str:
    """Return what a cell holds that may stand in quotes."""
    return "".join(next(grammar.reader([line])))


def read_numbers(block: Block, layout: Layout, positions: Sequence[int]) -> FloatArray | None:
    """Return columns of numbers (n_rows, n_positions) with NaN for each gap."""
    has_points = layout.form.decimal == "."
    lines = block.lines if has_points else block.text.translate(SWAPPED_MARKS).split("\n")[:-1]
    # Only where NumPy reads every column does it see that a row is ragged.
    chosen = None if len(positions) == layout.width else positions
    values = numbers_of(lines, layout, chosen)
    if values is None or not are_certain(values, block, layout):
        shifted = None if chosen is None else [position + 1 for position in chosen]
        values = numbers_of(with_gaps_filled(block.text, layout), layout, shifted)
        if values is not None and chosen is None:
            values = values[:, 1:]
    if values is None or values.shape != (len(block.lines), len(positions)):
        return None
    return values if are_certain(values, block, layout) else None


def numbers_of(
    lines: Sequence[str], layout: Layout, positions: Sequence[int] | None
) -> FloatArray | None:
    """Return what NumPy reads in columns (all if None): (n_rows, n_columns), or None."""
    try:
        values: FloatArray = np.loadtxt(
            lines,
            delimiter=layout.grammar.delimiter,
            quotechar=layout.grammar.quote,
            usecols=positions,
            comments=None,
            ndmin=2,
        )
    except ValueError:
        return None
    return values


def are_certain(values: FloatArray, block: Block, layout: Layout) -> bool:
    """Tell whether the grammar sees the same numbers (n_rows, n_columns) in the block's lines.

    NaN must be a gap: `-nan` never is one, `nan` is if that is a mark of a missing value.
    """
    if layout.form.numeric_marks and np.isin(values, layout.form.numeric_marks).any():
        return False
    finite = np.isfinite(values)
    if finite.all():
        return True
    if np.isinf(values).any():
        return False
    lines = [block.lines[row] for row in np.flatnonzero(~finite.all(axis=1))]
    written = "\n".join(lines).lower()
    if "nan" in layout.form.missing:
        return "-nan" not in written and "+nan" not in written
    return "nan" not in written


def with_gaps_filled(text: str, layout: Layout) -> list[str]:
    """Return the lines with `nan` for each gap, a decimal point, and one more cell in front."""
    delimiter = layout.grammar.delimiter
    text = f"0{delimiter}" + text.replace("\n", f"\n0{delimiter}")
    text = gap_pattern(layout).sub(f"{delimiter}nan", text)
    if layout.form.decimal != ".":
        text = text.translate(SWAPPED_MARKS)
    return text.split("\n")[:-1]


def gap_pattern(layout: Layout) -> re.Pattern[str]:
    """Return what finds a cell that holds a mark of a missing value, with the delimiter before."""
    delimiter, form = layout.grammar.delimiter, layout.form
    borders = {delimiter, layout.grammar.quote, "\n"}
    marks = [re.escape(mark) for mark in form.missing if not borders.intersection(mark)]
    any_mark = "|".join(marks) if marks else "(?!)"  # which nothing matches
    spaces = "" if delimiter == " " else " *"
    no_number = "" if form.numeric_marks else r"(?![-+.\d])"  # most cells are ruled out at once
    delimiter = re.escape(delimiter)
    pattern = f"{delimiter}{no_number}{spaces}(?:{any_mark}){spaces}(?=[{delimiter}\n])"
    return re.compile(pattern, re.IGNORECASE | re.ASCII)


def first_gap(block: Block, layout: Layout, position: int, values: FloatArray) -> str:
    """Return how the first gap of a column (n_rows,) is written."""
    line = block.lines[int(np.argmax(np.isnan(values)))]
    return next(layout.grammar.reader([line]))[position].strip()
