"""A split gives every row to one set, by fair shares, and the same way each time."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnctl.data.splitting import Split, apportion, split_rows
from nnctl.errors import DataError

SHARES = st.sampled_from([(0.2, 0.2), (0.1, 0.0), (0.0, 0.3), (0.15, 0.25), (0.4, 0.4)])


def sets(split: Split) -> list[list[int]]:
    return [split.train.tolist(), split.validation.tolist(), split.test.tolist()]


@given(st.integers(20, 300), SHARES, st.booleans(), st.integers(0, 2**63 - 1))
def test_every_row_is_in_one_set_and_the_sets_have_their_shares(
    n_rows: int, shares: tuple[float, float], shuffle: bool, seed: int
) -> None:
    validation, test = shares
    split = split_rows(n_rows, seed, validation=validation, test=test, shuffle=shuffle)
    train, *others = sets(split)
    assert sorted([*train, *others[0], *others[1]]) == [*range(n_rows)]
    for rows, share in zip(others, shares, strict=True):
        assert abs(len(rows) - share * n_rows) < 1
        assert rows == sorted(rows)


@given(st.lists(st.integers(2, 40), min_size=2, max_size=30), SHARES, st.integers(0, 2**63 - 1))
def test_a_stratified_split_gives_each_class_its_share_within_one_row(
    sizes: list[int], shares: tuple[float, float], seed: int
) -> None:
    labels = np.repeat(np.arange(len(sizes)), sizes)
    classes = [*map(str, range(len(sizes)))]
    validation, test = shares
    if sum(sizes) < 20:
        return
    split = split_rows(
        len(labels), seed, validation=validation, test=test, labels=labels, classes=classes
    )
    for rows, share in zip(sets(split)[1:], shares, strict=True):
        counts = np.bincount(labels[rows], minlength=len(sizes)) if rows else np.zeros(len(sizes))
        assert (np.abs(counts - share * np.array(sizes)) <= 1 + 1e-9).all()
    assert set(labels[split.train]) == set(range(len(sizes)))


def test_many_small_classes_leave_no_set_empty() -> None:
    counts = apportion([3] * 20, np.array([0.6, 0.2, 0.2]))
    assert counts.sum(axis=0).tolist() == [36, 12, 12]
    assert counts.sum(axis=1).tolist() == [3] * 20


def test_a_row_kept_for_training_is_made_up_for_in_the_next_class() -> None:
    counts = apportion([2] * 10, np.array([0.1, 0.45, 0.45]))
    assert counts.sum(axis=0).tolist() == [10, 5, 5]


def test_shares_that_binary_numbers_miss_are_met() -> None:
    assert apportion([100], np.array([0.71, 0.29, 0.0])).tolist() == [[71, 29, 0]]


def test_unshuffled_rows_keep_their_order_and_the_last_are_for_the_test() -> None:
    split = split_rows(10, 0, validation=0.2, test=0.3, shuffle=False)
    assert sets(split) == [[0, 1, 2, 3, 4], [5, 6], [7, 8, 9]]


def test_without_shares_every_row_is_for_training() -> None:
    assert sets(split_rows(3, 0)) == [[0, 1, 2], [], []]
    labels = np.array([0, 1, 2])
    assert sets(split_rows(3, 0, labels=labels, classes=["a", "b", "c"])) == [[0, 1, 2], [], []]


def test_the_seed_alone_decides_which_rows_are_drawn() -> None:
    drawn = [sets(split_rows(50, seed, test=0.2)) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]


def test_a_seed_draws_the_same_rows_in_every_version() -> None:
    split = split_rows(12, 7, validation=0.25, test=0.25)
    assert sets(split) == [[1, 2, 5, 6, 8, 11], [0, 4, 9], [3, 7, 10]]
    labels = np.arange(12) // 4
    split = split_rows(12, 7, validation=0.25, test=0.25, labels=labels, classes="abc")
    assert sets(split) == [[1, 2, 5, 6, 8, 11], [0, 4, 9], [3, 7, 10]]


@pytest.mark.parametrize(
    ("n_rows", "name", "share"), [(2, "validation", 0.1), (1, "validation", 0.5), (3, "test", 0.1)]
)
def test_too_few_rows_for_the_split_are_refused(n_rows: int, name: str, share: float) -> None:
    with pytest.raises(DataError) as caught:
        split_rows(n_rows, 0, **{name: share}, source="f.csv")  # type: ignore[arg-type]
    assert str(caught.value) == (
        f"f.csv: there are too few rows for the split (received {n_rows}): {name} has a share of "
        f"{share} and gets none; add rows, or change `split`"
    )


def test_a_class_of_one_row_cannot_be_stratified() -> None:
    labels = np.array([0, 0, 1, 2, 2, 2])
    with pytest.raises(DataError) as caught:
        split_rows(6, 0, test=0.3, labels=labels, classes=["a", "b", "c"], source="f.csv")
    assert str(caught.value) == (
        "f.csv: a stratified split cannot divide a class of one row (received `b`); "
        "add rows, remove them, or write `stratify: false` in `split`"
    )


@given(
    st.lists(st.integers(1, 30), min_size=3, max_size=60), SHARES, st.booleans(), st.integers(0, 99)
)
def test_no_group_is_in_two_sets_and_every_set_has_a_group(
    sizes: list[int], shares: tuple[float, float], shuffle: bool, seed: int
) -> None:
    validation, test = shares
    groups = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    split = split_rows(
        len(groups), seed, validation=validation, test=test, shuffle=shuffle, groups=groups
    )
    rows = sets(split)
    assert sorted(chain(*rows)) == [*range(len(groups))]
    assert all(part == sorted(part) for part in rows)
    in_sets = [set(groups[part].tolist()) for part in rows]
    assert sum(map(len, in_sets)) == len(set.union(*in_sets)) == len(sizes)
    assert [len(part) > 0 for part in rows] == [True, validation > 0, test > 0]


def test_which_groups_are_drawn_depends_on_the_seed_alone() -> None:
    groups = np.repeat(np.arange(12), 3)
    drawn = [sets(split_rows(36, seed, test=0.25, groups=groups)) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    renamed = split_rows(36, 1, test=0.25, groups=groups * 100 + 7)
    assert sets(renamed) == drawn[0]


def test_too_few_groups_for_the_split_are_refused() -> None:
    groups = np.array([0, 0, 0, 5, 5])
    with pytest.raises(DataError) as caught:
        split_rows(5, 0, validation=0.2, test=0.2, groups=groups, source="f.csv")
    assert str(caught.value) == (
        "f.csv: there are too few groups for the split (received 2): training, validation and test "
        "need one each at least; add rows of other groups, change `split`, or remove `group`"
    )
    assert sets(split_rows(5, 0, test=0.2, shuffle=False, groups=groups)) == [[0, 1, 2], [], [3, 4]]


def test_groups_cannot_be_stratified() -> None:
    groups = labels = np.array([0, 0, 1, 1])
    with pytest.raises(DataError) as caught:
        split_rows(4, 0, test=0.5, labels=labels, classes="ab", groups=groups, source="f.csv")
    assert str(caught.value) == (
        "f.csv: a split cannot keep groups together and divide each class alike; "
        "write `stratify: false` in `split`, or remove `group`"
    )
