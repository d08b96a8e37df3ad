"""Dates in a column of texts: which of two is the earlier, and whether they come in order."""

from __future__ import annotations

import numpy as np
import pytest

from nnctl.data.dates import DateOrder, moments_of


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("2024-01-05", "2024-01-10"),
        ("2024/9/5", "2024/10/1"),
        ("2024-01", "2024-02"),
        ("2024-01-05T09:30:00Z", "2024-01-05T10:00:00Z"),
        ("2024-01-05 12:30", "2024-01-05 12:31"),
        ("31.12.99", "1.1.05"),
        ("31-Dec-99", "01-Jan-05"),
        ("9 April 2024", "1 May 2024"),
        ("Apr 9, 2024", "May 1, 2024"),
        ("Apr 9 2024", "Apr 10 2024"),
        ("Apr-9-2024", "May-1-2024"),
        ("Apr 2024", "Feb 2025"),
        ("05-01-2024 12:30", "05-01-2024 13:00"),
    ],
)
def test_of_two_dates_the_earlier_is_known(earlier: str, later: str) -> None:
    first, second = moments_of(earlier), moments_of(later)
    assert first is not None
    assert second is not None
    assert first[0] < second[0]


@pytest.mark.parametrize("text", ["12:30", "1:05 pm", "5 Unknown 2024", "never", ""])
def test_a_time_alone_and_an_unknown_month_have_no_place_in_time(text: str) -> None:
    assert moments_of(text) is None


def in_order(*cells: str) -> bool:
    texts = tuple(dict.fromkeys(cells))
    order = DateOrder()
    order.add(texts, np.array([texts.index(cell) for cell in cells]))
    return order.holds


def test_days_and_months_may_stand_either_way_round_but_alike_everywhere() -> None:
    assert in_order("05/04/2024", "06/04/2024", "01/05/2024")
    assert in_order("04/05/2024", "04/06/2024", "05/01/2024")
    assert not in_order("05/04/2024", "01/05/2024", "02/04/2024")


def test_equal_dates_are_in_order_and_one_that_goes_back_is_not() -> None:
    assert in_order("2024-01-05", "2024-01-05", "2024-01-06")
    assert not in_order("2024-01-06", "2024-01-05", "2024-01-06")
