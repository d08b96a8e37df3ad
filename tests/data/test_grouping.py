"""Whole groups are dealt out so that each set comes as near to its share as they allow."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnctl.data.grouping import cut_groups, deal_groups, divide_groups

SHARES = st.sampled_from(
    [(0.8, 0.2), (0.6, 0.2, 0.2), (0.9, 0.0, 0.1), (0.5, 0.3, 0.2), (0.2,) * 5]
)
SIZES = st.lists(st.integers(1, 40), min_size=5, max_size=80)
# So many that no set must be given its only group whatever its size.
MANY_SIZES = st.lists(st.integers(5, 15), min_size=40, max_size=80)


@given(MANY_SIZES, SHARES, st.booleans(), st.integers(0, 2**32))
def test_each_set_has_its_share_within_one_groups_size(
    sizes: list[int], shares: tuple[float, ...], drawn: bool, seed: int
) -> None:
    n_rows, largest = sum(sizes), max(sizes)
    groups = np.repeat(np.arange(len(sizes)), sizes)
    sets = divide_groups(groups, np.array(shares), np.random.default_rng(seed) if drawn else None)
    counts = np.bincount(sets, minlength=len(shares))
    assert (np.abs(counts - n_rows * np.array(shares)) <= largest + 1e-9).all()


@given(SIZES, SHARES, st.booleans())
def test_every_set_with_a_share_has_a_group(
    sizes: list[int], shares: tuple[float, ...], drawn: bool
) -> None:
    groups = np.repeat(np.arange(len(sizes)), sizes)
    sets = divide_groups(groups, np.array(shares), np.random.default_rng(0) if drawn else None)
    assert set(sets) == {number for number, share in enumerate(shares) if share > 0}


def test_groups_of_one_row_are_rows() -> None:
    sets = divide_groups(np.arange(100), np.array([0.6, 0.1, 0.3]), np.random.default_rng(0))
    assert np.bincount(sets).tolist() == [60, 10, 30]


@pytest.mark.parametrize(
    ("sizes", "shares", "sets"),
    [
        ([10, 10, 10, 10, 10], [0.6, 0.2, 0.2], [0, 1, 0, 2, 0]),
        ([50, 10, 10, 10, 10, 10], [0.6, 0.2, 0.2], [0, 1, 2, 1, 2, 0]),
        ([8, 7, 6, 5, 4], [0.5, 0.5], [0, 1, 1, 0, 0]),
        ([10, 9, 8], [0.98, 0.01, 0.01], [0, 1, 2]),  # the last two are the only ones left
        ([5, 5, 5, 5], [0.75, 0.0, 0.25], [0, 0, 2, 0]),
    ],
)
def test_a_group_goes_to_the_set_furthest_behind(
    sizes: list[int], shares: list[float], sets: list[int]
) -> None:
    assert deal_groups(sizes, shares) == sets


@pytest.mark.parametrize(
    ("sizes", "shares", "sets"),
    [
        ([1] * 10, [0.5, 0.2, 0.3], [0, 0, 0, 0, 0, 1, 1, 2, 2, 2]),
        ([5, 5, 5, 5], [0.75, 0.0, 0.25], [0, 0, 0, 2]),
        ([90, 5, 5], [0.4, 0.3, 0.3], [0, 1, 2]),
        ([5, 5, 90], [0.4, 0.3, 0.3], [0, 1, 2]),
        ([4, 4, 2], [0.7, 0.3], [0, 0, 1]),  # 8 rows are nearer to 7 than 4
    ],
)
def test_groups_in_order_are_cut_where_a_share_ends(
    sizes: list[int], shares: list[float], sets: list[int]
) -> None:
    assert cut_groups(np.array(sizes), np.array(shares)).tolist() == sets


def test_groups_keep_the_order_of_their_first_rows() -> None:
    groups = np.array([7, 7, 2, 7, 2, 5, 5])
    assert divide_groups(groups, np.array([0.7, 0.3]), None).tolist() == [0, 0, 0, 0, 0, 1, 1]


def test_every_set_gets_large_groups_and_small_ones() -> None:
    sizes = np.tile([1, 2, 4, 64], 20)
    groups = np.repeat(np.arange(80), sizes)
    sets = divide_groups(groups, np.array([0.6, 0.2, 0.2]), np.random.default_rng(3))
    set_of_group = sets[np.cumsum(sizes) - 1]
    for number, large_groups in enumerate([12, 4, 4]):
        assert (sizes[set_of_group == number] == 64).sum() == large_groups
