"""Folds test every row once, are of one size, and do not change with the fold asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnctl.data.folds import Fold, deal, fold_rows
from nnctl.data.splitting import Split
from nnctl.errors import DataError, UsageError

COUNTS = st.integers(2, 8)


def all_folds(n_rows: int, count: int, seed: int = 0, **options: Any) -> list[Split]:
    return [fold_rows(n_rows, seed, Fold(index, count), **options) for index in range(count)]


def assert_each_row_is_tested_once(splits: list[Split], n_rows: int) -> None:
    assert sorted(np.concatenate([split.test for split in splits])) == [*range(n_rows)]
    for split in splits:
        rows = [split.train, split.validation, split.test]
        assert sorted(np.concatenate(rows)) == [*range(n_rows)]
        assert all((np.diff(part) > 0).all() for part in rows)
        assert len(split.train) > 0


@given(st.integers(20, 200), COUNTS, st.booleans(), st.sampled_from([0.0, 0.2]), st.integers(0, 99))
def test_folds_partition_the_rows_within_one_row_of_each_other(
    n_rows: int, count: int, shuffle: bool, validation: float, seed: int
) -> None:
    splits = all_folds(n_rows, count, seed, shuffle=shuffle, validation=validation)
    assert_each_row_is_tested_once(splits, n_rows)
    sizes = [len(split.test) for split in splits]
    assert max(sizes) - min(sizes) <= 1
    for split in splits:
        rest = n_rows - len(split.test)
        assert abs(len(split.validation) - validation * rest) < 1


@given(st.lists(st.integers(2, 40), min_size=2, max_size=9), COUNTS, st.booleans())
def test_stratified_folds_hold_each_class_within_one_row(
    sizes: list[int], count: int, shuffle: bool
) -> None:
    sizes[0] = 40
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(len(sizes)), sizes))
    classes = [*map(str, range(len(sizes)))]
    splits = all_folds(
        len(labels), count, shuffle=shuffle, labels=labels, classes=classes, validation=0.25
    )
    assert_each_row_is_tested_once(splits, len(labels))
    tested = np.array([np.bincount(labels[s.test], minlength=len(sizes)) for s in splits])
    assert (np.ptp(tested, axis=0) <= 1).all()
    assert np.ptp(tested.sum(axis=1)) <= 1
    for split, in_test in zip(splits, tested, strict=True):
        assert set(labels[split.train]) == set(range(len(sizes)))
        held = np.bincount(labels[split.validation], minlength=len(sizes))
        assert (np.abs(held - 0.25 * (np.array(sizes) - in_test)) <= 1 + 1e-9).all()


@given(st.lists(st.integers(1, 4), min_size=20, max_size=60), COUNTS, st.booleans())
def test_no_group_is_in_two_folds_nor_in_two_sets_of_one(
    sizes: list[int], count: int, shuffle: bool
) -> None:
    groups = np.random.default_rng(0).permutation(np.repeat(np.arange(len(sizes)), sizes))
    splits = all_folds(len(groups), count, shuffle=shuffle, groups=groups, validation=0.2)
    assert_each_row_is_tested_once(splits, len(groups))
    for split in splits:
        in_sets = [set(groups[s]) for s in (split.train, split.validation, split.test)]
        assert all(in_sets)
        assert sum(map(len, in_sets)) == len(sizes)
    tested = [len(split.test) for split in splits]
    if shuffle:  # dealt out evenly
        assert max(tested) - min(tested) <= max(sizes)


def test_unshuffled_folds_are_blocks_in_order() -> None:
    tests = [split.test.tolist() for split in all_folds(8, 3, shuffle=False)]
    assert tests == [[0, 1, 2], [3, 4, 5], [6, 7]]


def test_the_rest_of_an_unshuffled_fold_is_divided_in_order() -> None:
    split = fold_rows(10, 0, Fold(1, 5), validation=0.25, shuffle=False)
    assert [split.train.tolist(), split.validation.tolist()] == [[0, 1, 4, 5, 6, 7], [8, 9]]


def test_the_seed_alone_decides_the_folds() -> None:
    tests = [[split.test.tolist() for split in all_folds(30, 3, seed)] for seed in (1, 1, 2)]
    assert tests[0] == tests[1] != tests[2]


def test_the_share_for_validation_leaves_the_folds_as_they_are() -> None:
    with_validation = all_folds(30, 3, validation=0.3)
    for split, other in zip(all_folds(30, 3), with_validation, strict=True):
        assert split.test.tolist() == other.test.tolist()


def test_dealing_goes_on_where_the_last_class_ended() -> None:
    assert deal([4, 3, 2], 3).tolist() == [[2, 1, 1], [1, 1, 1], [0, 1, 1]]


def test_a_class_with_fewer_rows_than_folds_is_trained_on_in_every_fold() -> None:
    labels = np.repeat([0, 1], [20, 2])
    for split in all_folds(22, 5, labels=labels, classes="ab", validation=0.2):
        assert 1 in labels[split.train]


@pytest.mark.parametrize(
    ("n_rows", "options", "message"),
    [
        (
            3,
            {},
            "there are fewer rows than folds (received 3 rows and 4 folds); ask for fewer folds, "
            "or add data",
        ),
        (
            6,
            {"groups": np.array([0, 0, 3, 3, 5, 5])},
            "there are fewer groups than folds (received 3 groups and 4 folds); ask for fewer "
            "folds, or add data",
        ),
        (
            5,
            {"groups": np.array([0, 1, 2, 3, 3]), "labels": np.zeros(5, int), "classes": ("a",)},
            "a split cannot keep groups together and divide each class alike; write "
            "`stratify: false` in `split`, or remove `group`",
        ),
        (
            5,
            {"labels": np.array([0, 0, 0, 1, 1]), "classes": ("no", "yes")},
            "every class has fewer rows than there are folds (received 4 folds, and 3 rows of the "
            "largest class `no`); ask for fewer folds, or write `stratify: false` in `split`",
        ),
        (
            5,
            {"labels": np.array([0, 0, 0, 0, 1]), "classes": ("no", "yes")},
            "a stratified split cannot divide a class of one row (received `yes`); add rows, "
            "remove them, or write `stratify: false` in `split`",
        ),
        (
            5,
            {"validation": 0.1},
            "there are too few rows for the split (received 3): validation has a share of 0.1 and "
            "gets none; add rows, or change `split`",
        ),
    ],
)
def test_data_that_cannot_be_folded_is_refused(
    n_rows: int, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError) as caught:
        fold_rows(n_rows, 0, Fold(0, 4), source="f.csv", **options)
    assert str(caught.value) == f"f.csv: {message}"


def test_too_few_groups_are_left_for_validation() -> None:
    with pytest.raises(DataError, match=r"too few groups for the split \(received 1\)"):
        fold_rows(4, 0, Fold(0, 2), groups=np.array([0, 0, 1, 1]), validation=0.2)


@pytest.mark.parametrize(
    ("index", "count", "message"),
    [
        (0, 1, "cross-validation takes 2 folds or more (received 1); 5 and 10 are usual"),
        (3, 3, "a fold of 3 is one of 0 to 2"),
        (-1, 3, "a fold of 3 is one of 0 to 2"),
    ],
)
def test_there_is_no_such_fold(index: int, count: int, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        Fold(index, count)
    assert str(caught.value) == message
