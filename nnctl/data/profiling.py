"""From a file to its profile, with what must be said for the file to be read as it is meant."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence

import numpy as np

from nnctl.config.schema.data import DataConfig, Task
from nnctl.data.numbers import THOUSANDS, is_number
from nnctl.data.profile import Profile, profile_of
from nnctl.data.sources import open_chunks
from nnctl.data.table import Table
from nnctl.data.wishes import Kind, Wish, Wishes

LOOKED_AT = 1000  # rows
WITH_COMMA = re.compile(r"[+-]?\d+(,\d+)?([eE][+-]?\d+)?", re.ASCII)
# What stands among numbers where there is none, beside the usual ways to say so.
MARKS = frozenset({"?", "-", "--", "---", ".", "..", "n.a.", "none", "nil", "missing", "unknown"})


def profile_file(data: DataConfig, targets: Sequence[str], task: Task | None = None) -> Profile:
    """Read the file of `data` once and return its profile.

    Of a classification the target is read as text, whatever it looks like. Raises DataError.
    """
    assert data.source is not None
    kind: Kind | None = "text" if task == "classification" and len(targets) == 1 else None
    wishes = Wishes({name: Wish(kind, "target") for name in targets})
    return profile_of(open_chunks(data.source, data, wishes, labels=data.labels), targets)


def first_rows(data: DataConfig) -> Table | None:
    """Return the first rows of a file of text, all cells as they are written; None of any other."""
    assert data.source is not None
    as_text = Wishes(others=Wish("text"))
    chunks = open_chunks(data.source, data, as_text, labels=data.labels, rows=LOOKED_AT)
    with contextlib.closing(chunks):
        table = next(chunks, None)
    return table if table is not None and table.has_lines else None


def has_decimal_commas(table: Table) -> bool:
    """Whether a column of texts holds numbers such as `1,5`, and none numbers such as `1.5`.

    `1,500` may be a thousand and a half as well as one and a half: it says nothing.
    """
    columns = [[text for text in texts if not is_mark(text)] for texts in table.texts.values()]
    with_point = any(any("." in text and is_number(text) for text in texts) for texts in columns)
    with_comma = any(
        all(map(WITH_COMMA.fullmatch, texts))
        and any("," in text and not THOUSANDS.fullmatch(text) for text in texts)
        for texts in columns
    )
    return with_comma and not with_point


def marks_among_numbers(table: Table, decimal: str) -> tuple[str, ...]:
    """Return the marks, such as `?`, in columns of texts of which most are numbers."""
    found: dict[str, None] = {}
    for name, texts in table.texts.items():
        marks = [text for text in texts if is_mark(text)]
        others = [text for text in texts if not is_mark(text)]
        if marks and others and all(is_number(text.replace(decimal, ".")) for text in others):
            codes = table.values(name)
            rows = np.bincount(codes[~np.isnan(codes)].astype(np.int64), minlength=len(texts))
            marked = sum(count for text, count in zip(texts, rows, strict=True) if is_mark(text))
            if 2 * marked <= rows.sum():
                found.update(dict.fromkeys(marks))
    return tuple(found)


def is_mark(text: str) -> bool:
    """Whether the text says, in one of the ways that are not usual, that there is no value."""
    return text.lower() in MARKS
