from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnctl.data import profile as profiles
from nnctl.data.profile import ColumnFacts, Profile, profile_of
from nnctl.data.suggestions import suggestion_for
from nnctl.data.table import Table, in_one_block
from nnctl.errors import DataError

Cell = float | str | None


def table(columns: Mapping[str, Sequence[Cell]], first_line: int = 2) -> Table:
    """Return a table as a reader gives it: a column with any text is one of text; None is NA."""
    texts: dict[str, tuple[str, ...]] = {}
    block: list[list[float]] = []
    for name, cells in columns.items():
        present = [cell for cell in cells if cell is not None]
        if any(isinstance(cell, str) for cell in present):
            texts[name] = tuple(dict.fromkeys(map(str, present)))
        block.append(
            [
                np.nan
                if cell is None
                else float(texts[name].index(str(cell)) if name in texts else cell)
                for cell in cells
            ]
        )
    gaps = {name: "NA" for name, cells in columns.items() if None in cells}
    places = first_line + np.arange(len(block[0]))
    return Table(
        tuple(columns), in_one_block(np.array(block)), texts, "f.csv", places, True,
        tuple(columns), gaps,
    )  # fmt: skip


def facts_of(*cells: Cell, name: str = "x") -> ColumnFacts:
    return profile_of([table({name: cells})], ()).columns[0]


def in_chunks(columns: dict[str, Sequence[Cell]], size: int) -> Profile:
    """Profile the columns as chunks of so many rows, whose kinds are those of the whole."""
    whole = table(columns)
    rows = [
        np.arange(first, min(first + size, whole.n_rows)) for first in range(0, whole.n_rows, size)
    ]
    return profile_of((whole.take(part) for part in rows), ())


def test_numbers_have_a_range_a_mean_and_gaps() -> None:
    facts = facts_of(1.5, None, 4.0, 0.5, None)
    numbers = facts.numbers
    assert numbers is not None
    assert (facts.rows, facts.filled, facts.gaps, facts.gap) == (5, 3, 2, "NA")
    assert (numbers.least, numbers.greatest, numbers.mean, numbers.median) == (0.5, 4.0, 2.0, 1.5)
    assert not numbers.whole
    assert (facts.first, facts.different) == ("1.5", 3)


def test_values_are_counted_the_most_frequent_first() -> None:
    assert facts_of("b", "a", None, "a").counts == (("a", 2), ("b", 1))
    assert facts_of(1.0, 2.5, 2.5, None).counts == (("2.5", 2), ("1", 1))


def test_a_column_without_a_value_holds_no_numbers() -> None:
    facts = facts_of(None, None)
    assert (facts.filled, facts.numbers, facts.counts, facts.different) == (0, None, (), 0)


CELLS = st.lists(
    st.tuples(
        st.none() | st.integers(-3, 3).map(float) | st.floats(-1e6, 1e6),
        st.none() | st.sampled_from(["a", "b", "c"]),
        st.integers(0, 1),
    ),
    min_size=1,
    max_size=40,
)


@given(CELLS, st.integers(1, 10))
def test_chunks_of_any_size_give_the_same_profile(
    rows: list[tuple[float | None, str | None, int]], size: int
) -> None:
    numbers, texts, order = zip(*rows, strict=True)
    columns: dict[str, Sequence[Cell]] = {
        "number": numbers, "text": texts, "order": [float(n) for n in range(len(order))]
    }  # fmt: skip
    whole, parts = in_chunks(columns, len(rows)), in_chunks(columns, size)
    for of_whole, of_parts in zip(whole.columns, parts.columns, strict=True):
        if of_whole.numbers is not None and of_parts.numbers is not None:
            mean = pytest.approx(of_whole.numbers.mean, rel=1e-12, abs=1e-6)
            assert of_parts.numbers.mean == mean
            assert of_parts.numbers.median == of_whole.numbers.median
            assert of_parts.numbers.whole == of_whole.numbers.whole
            assert of_parts.numbers.rises_by_one == of_whole.numbers.rises_by_one
        assert dict(of_parts.counts or ()) == dict(of_whole.counts or ())
        assert (of_parts.filled, of_parts.gaps, of_parts.gap, of_parts.first) == (
            of_whole.filled, of_whole.gaps, of_whole.gap, of_whole.first,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ((1, 2, 3), True),
        ((0, 1, 2), True),
        ((1950, 1951, 1952), True),
        ((1, 2, 4), False),
        ((2, 1, 3), False),
        ((1, 2, None), False),
        ((1, 2, 3.5), False),
    ],
)
def test_numbers_rise_by_one_where_each_is_one_more_than_the_one_before(
    cells: tuple[Cell, ...], expected: bool
) -> None:
    numbers = facts_of(*cells).numbers
    assert numbers is not None
    assert numbers.rises_by_one is expected


def test_dates_are_in_order_across_chunks() -> None:
    days: list[Cell] = ["Jan 31 2000", "Feb 1 2000", None, "Feb 1 2000", "Mar 5 2000"]
    assert in_chunks({"when": days}, 2).columns[0].dates_in_order
    assert not in_chunks({"when": [*days, "Feb 2 2000"]}, 2).columns[0].dates_in_order
    assert not in_chunks({"when": [*days, "Feb 2 2000"]}, len(days)).columns[0].dates_in_order
    assert not in_chunks({"when": [*days, "later"]}, 2).columns[0].dates_in_order
    assert not facts_of("a", "b").dates_in_order
    assert not facts_of(None, None).dates_in_order


def test_columns_that_were_not_read_stand_where_the_source_has_them() -> None:
    whole = table({"a": [1.0, 2.0], "b": [1.0, 2.0], "c": [1.0, 2.0]})
    without = replace(table({"a": [1.0, 2.0], "c": [1.0, 2.0]}), header=whole.names)
    profile = profile_of([without], (), {"b": "lists"})
    assert [facts.name for facts in profile.columns] == ["a", "b", "c"]
    suggestion = suggestion_for(profile.column("b"))
    assert (suggestion.kind, suggestion.reason) == ("ignored", "lists")


def test_too_many_values_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "MOST_DIFFERENT", 5)
    many = profile_of([table({"t": [f"t{n}" for n in range(9)], "n": [*range(9)]})], ())
    assert [facts.counts for facts in many.columns] == [None, None]
    assert all(facts.different > 5 for facts in many.columns)
    few = profile_of([table({"t": [f"t{n % 5}" for n in range(9)]})], ())
    assert few.columns[0].different == 5
    assert few.columns[0].counts is not None


def test_long_texts_are_not_all_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "MOST_CHARACTERS", 100)
    assert facts_of("a" * 60, "b" * 60).counts is None
    assert facts_of("a" * 60, "b" * 30, "a" * 60).counts is not None


def test_a_median_of_many_rows_is_that_of_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "SAMPLED_CELLS", 128)
    facts = in_chunks({"x": [float(n) for n in range(10_000)]}, 37).columns[0]
    assert facts.numbers is not None
    assert facts.numbers.median == pytest.approx(5000, rel=0.05)


def test_rows_without_a_target_are_counted_and_no_more() -> None:
    chunks = [
        table({"y": ["a", "b"], "x": [1.0, 2.0]}),
        table({"y": ["a", None, None], "x": [3.0, 900.0, 901.0]}, first_line=4),
    ]
    profile = profile_of(chunks, ["y"])
    assert (profile.rows, profile.without_target) == (3, 2)
    numbers = profile.column("x").numbers
    assert numbers is not None
    assert numbers.greatest == 3.0


def test_a_table_without_any_target_is_refused() -> None:
    with pytest.raises(DataError, match="no row has a value of `y`"):
        profile_of([table({"y": [None, None], "x": [1.0, 2.0]})], ["y"])


def test_a_target_that_is_not_there_is_refused_with_a_suggestion() -> None:
    with pytest.raises(DataError, match="no column `Y`; did you mean `y`"):
        profile_of([table({"y": [1.0], "x": [2.0]})], ["Y"])


def test_several_targets_are_numbers() -> None:
    with pytest.raises(DataError, match="target `b` holds text"):
        profile_of([table({"a": [1.0], "b": ["t"]})], ["a", "b"])


def test_several_targets_may_be_one_hot() -> None:
    one_hot = {"a": [1.0, 0.0], "b": [0.0, 1.0]}
    assert profile_of([table(one_hot), table(one_hot)], ["a", "b"]).one_hot
    assert not profile_of([table(one_hot), table({"a": [1], "b": [1]})], ["a", "b"]).one_hot
    assert not profile_of([table({"a": [1.0, 0.0]})], ["a"]).one_hot


def test_a_table_without_rows_has_no_profile() -> None:
    with pytest.raises(DataError, match="no rows"):
        profile_of([], ["y"])


def kind_of(name: str, *cells: Cell) -> tuple[str, str]:
    suggestion = suggestion_for(facts_of(*cells, name=name))
    return suggestion.kind, suggestion.reason


@pytest.mark.parametrize(
    ("name", "cells", "kind"),
    [
        ("x", (1.5, 2.5, 1.0), "numeric"),
        ("x", (3, 1, 2), "numeric"),
        ("year", (1950, 1951, 1952), "numeric"),
        ("Release year", tuple(range(1950, 1990)), "numeric"),
        ("dose", tuple(range(5000, 5019)), "numeric"),
        ("dose", (*range(5000, 5030), 5031), "numeric"),
        ("x", (0, 1, 0), "numeric"),
        ("t", ("a", "b", "a"), "categorical"),
        ("t", ("yes", "no", "yes"), "boolean"),
        ("t", ("TRUE", "False", "true"), "boolean"),
        ("t", ("yes", "false", "yes"), "categorical"),
        ("grid", (7, 3, 9), "numeric"),
        ("valid", (7, 3, 9), "numeric"),
        ("store_id", (1, 2) * 20, "categorical"),
        ("store_id", (1.5, 2) * 20, "numeric"),
    ],
)
def test_a_column_is_taken_for_what_it_holds(name: str, cells: tuple[Cell, ...], kind: str) -> None:
    assert kind_of(name, *cells) == (kind, "")


@pytest.mark.parametrize(
    ("name", "cells", "reason"),
    [
        ("x", (None, None), "every cell is missing"),
        ("x", (3, None, 3), "always the same: 3"),
        ("x", ("a", "a"), "always the same: a"),
        ("x", (1, 2, *[None] * 8), "filled in 2 of 10 rows only"),
        ("x", (1, 2, 3), "counts the rows"),
        ("x", tuple(range(5000, 5020)), "counts the rows"),
        ("x", ("$5", "7", "-$1,234.50"), "numbers with a currency sign: write plain numbers"),
        ("x", ("5 EUR", "7.25 EUR", "(8 EUR)"), "numbers with a currency sign: write plain"),
        ("x", ("12%", "3.5 %", "-4%"), "numbers with a percent sign: write plain numbers"),
        ("x", ("1.174,19", "174,19", "2.000.000"), "numbers with dots for thousands: write"),
        ("x", ("1,174.19", "2,000,000", "3.5"), "numbers with commas for thousands: write"),
        (
            "x",
            ("1,174", "987", "2,000"),
            "numbers with a comma; `--decimal ,` if it is a decimal comma",
        ),
        (
            "zip",
            ("00012", "00500", "12345"),
            "codes, not amounts, since some begin with 0: `00012`",
        ),
        (
            "tweet",
            ("1234567890123456789", "1234567890123456790"),
            "ids, not amounts: numbers from 2^53 on would be rounded: `1234567890123456789`",
        ),
        ("when", ("2024-01-05", "2024-01-06", "2024-01-05"), "dates or times"),
        ("PassengerId", (7, 3, 9), "an id: it names the row"),
        ("id", (7, 3, 9), "an id: it names the row"),
        ("customer ID", ("a7", "b3", "c9"), "an id: it names the row"),
        ("patient_id", (7, 7, 9, 9, 5, 5), "an id; if its rows belong together"),
        ("name", ("Ann", "Bob", "Cid"), "another text in nearly every row"),
        ("t", tuple(f"t{n % 101}" for n in range(200)), "101 different texts"),
    ],
)
def test_a_column_of_no_use_is_ignored_and_the_reason_said(
    name: str, cells: tuple[Cell, ...], reason: str
) -> None:
    kind, said = kind_of(name, *cells)
    assert kind == "ignored"
    assert said.startswith(reason)


@pytest.mark.parametrize(
    "date",
    [
        "2024-01-05", "2024/1/5", "2024-01-05T12:30:00Z", "2024-01-05 12:30:00.123+01:00",
        "2024-01", "01/02/2024", "1.2.24", "05-01-2024 12:30", "5 January 2024", "05-Jan-24",
        "Jan 5, 2024", "12:30", "12:30:59", "1:05 pm", "Jan 1 2000", "Jan-1-1995", "1 Jan 2000",
        "Sept. 30 2001", "Jan 2000",
    ],
)  # fmt: skip
def test_dates_are_told_by_how_they_are_written(date: str) -> None:
    assert kind_of("x", date, "1999-12-31", date)[1].startswith("dates or times")


@pytest.mark.parametrize(
    "text",
    [
        "1.2.3.4",
        "2024-1/5",
        "A-1-2",
        "10-20",
        "12:3",
        "5 apples",
        "Hall 12 2000",
        "Jan-1 2000",
        "192.168.0.1",
        "$",
        "5%%",
    ],
)
def test_what_only_looks_like_a_date_or_an_amount_is_none(text: str) -> None:
    assert kind_of("x", text, "other", text) == ("categorical", "")
