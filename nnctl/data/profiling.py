"""From a file to its profile, with what must be said for the file to be read as it is meant."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nnctl.config.schema.data import DataConfig, Task
from nnctl.data.numbers import THOUSANDS, is_number
from nnctl.data.profile import Profile, profile_of
from nnctl.data.sources import awkward_columns, open_chunks
from nnctl.data.suggestions import LEADING_ZERO, WHOLE, is_code, is_rounded
from nnctl.data.table import Table
from nnctl.data.wishes import Kind, Wish, Wishes

LOOKED_AT = 1000  # rows
WITH_COMMA = re.compile(r"[+-]?\d+(,\d+)?([eE][+-]?\d+)?", re.ASCII)
# What stands among numbers where there is none, beside the usual ways to say so.
MARKS = frozenset({"?", "-", "--", "---", ".", "..", "n.a.", "none", "nil", "missing", "unknown"})


def profile_file(
    data: DataConfig,
    targets: Sequence[str],
    task: Task | None = None,
    codes: Sequence[str] = (),
) -> Profile:
    """Read the file of `data` and return its profile.

    The columns `codes` are read as text, and so are whole numbers that float64 does not tell apart.
    Of a classification the target is text, whatever it looks like; of a regression it is numbers,
    if it can be. Raises DataError.
    """
    assert data.source is not None
    moments, unread = awkward_columns(data.source, data)
    is_amount = task == "regression" or len(targets) > 1
    codes = [name for name in codes if not (is_amount and name in targets)]
    kind: Kind | None = "text" if task == "classification" and len(targets) == 1 else None
    named: dict[str, Wish | None] = {name: Wish("text") for name in (*codes, *moments)}
    unread = {name: holds for name, holds in unread.items() if name not in targets}
    named |= dict.fromkeys(unread)
    named |= {name: Wish("text" if name in codes else kind, "target") for name in targets}
    chunks = open_chunks(data.source, data, Wishes(named), labels=data.labels)
    profile = profile_of(chunks, targets, unread)
    return with_large_numbers_as_text(profile, data, targets if is_amount else ())


def with_large_numbers_as_text(
    profile: Profile, data: DataConfig, amounts: Sequence[str]
) -> Profile:
    """Read the columns again whose whole numbers float64 rounds, except for `amounts`.

    One with a point or an exponent, such as 6.02e23, stays a column of numbers.
    """
    assert data.source is not None
    large = [
        facts.name for facts in profile.columns if is_rounded(facts) and facts.name not in amounts
    ]
    if not large:
        return profile
    wishes = Wishes({name: Wish("text") for name in large}, others=None)
    as_text = profile_of(open_chunks(data.source, data, wishes, labels=data.labels), ())
    found = {facts.name: facts for facts in as_text.columns if is_code(facts)}
    columns = tuple(found.get(facts.name, facts) for facts in profile.columns)
    return replace(profile, columns=columns)


def first_rows(data: DataConfig) -> Table | None:
    """Return the first rows of a file of text, all cells as they are written; None of any other."""
    assert data.source is not None
    _, unread = awkward_columns(data.source, data)
    as_text = Wishes(dict.fromkeys(unread), others=Wish("text"))
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


def codes_among_numbers(table: Table) -> tuple[str, ...]:
    """Return the columns of texts that are all digits and some of which begin with 0, as `00012`.

    A quantity is not written so, but a postal code is.
    """
    return tuple(
        name
        for name, texts in table.texts.items()
        if any(map(LEADING_ZERO.fullmatch, texts)) and all(map(WHOLE.fullmatch, texts))
    )


def looks_like_data(header: Sequence[str], decimal: str) -> bool:
    """Whether most of the names are numbers, as the cells of a first row may be."""
    return 2 * sum(is_number(name, decimal) for name in header) > len(header)


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
