"""Cross-validation: as many ways to divide the rows as there are folds, each row tested once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nnctl.data.arrays import IntArray
from nnctl.data.grouping import divide_groups
from nnctl.data.splitting import (
    Split,
    check_class_sizes,
    cut,
    divide_rows,
    refuse_stratified_groups,
    stratify,
)
from nnctl.data.streams import stream
from nnctl.data.table import listed
from nnctl.errors import DataError, Problem, UsageError

FEWEST_FOLDS = 2


@dataclass(frozen=True)
class Fold:
    """One of `count` folds; UsageError unless there are two or more, and this is one of them."""

    index: int  # from 0
    count: int

    def __post_init__(self) -> None:
        if self.count < FEWEST_FOLDS:
            message = f"cross-validation takes {FEWEST_FOLDS} folds or more"
            raise UsageError(f"{message} (received {self.count}); 5 and 10 are usual")
        if not 0 <= self.index < self.count:
            raise UsageError(f"a fold of {self.count} is one of 0 to {self.count - 1}")


def fold_rows(
    n_rows: int,
    seed: int,
    fold: Fold,
    *,
    validation: float = 0.0,
    shuffle: bool = True,
    labels: IntArray | None = None,
    classes: Sequence[str] = (),
    groups: IntArray | None = None,
    source: str | None = None,
) -> Split:
    """Take one fold for the test set, and divide the rest for training and validation.

    The folds are drawn at random by the stream `folds`, or are blocks of rows in order; they are
    the same whichever is asked for. Sizes, and those of each class given `labels` (n_rows,) that
    count `classes`, differ by one row at most. Given `groups` (n_rows,), no group is in two folds.
    `validation` is a share of the rest, which is divided as `split_rows` does.
    Raises DataError about `source` where there are fewer rows or groups than folds, no class with a
    row for every fold, or too few rows left for training and validation.
    """
    refuse_stratified_groups(labels, groups, source)
    if labels is not None:
        check_class_sizes(labels, classes, source)
        check_largest_class(labels, classes, fold.count, source)
    folds = divide_into_folds(n_rows, seed, fold.count, shuffle, labels, groups, source)
    test = folds[fold.index]
    rest = np.setdiff1d(np.arange(n_rows), test, assume_unique=True)
    shares = np.array([1.0 - validation, validation, 0.0])
    train, validation_rows, _ = divide_rows(rest, seed, shares, shuffle, labels, groups, source)
    return Split(train, validation_rows, test)


def divide_into_folds(
    n_rows: int,
    seed: int,
    count: int,
    shuffle: bool,
    labels: IntArray | None,
    groups: IntArray | None,
    source: str | None,
) -> list[IntArray]:
    """Return the rows of every fold, in the order of the data. Raises DataError."""
    rng = stream(seed, "folds") if shuffle else None
    if groups is not None:
        check_enough_for_folds(len(np.unique(groups)), "groups", count, source)
        fold_of_row = divide_groups(groups, np.full(count, 1 / count), rng)
        return [np.flatnonzero(fold_of_row == index) for index in range(count)]
    check_enough_for_folds(n_rows, "rows", count, source)
    rows = np.arange(n_rows) if rng is None else rng.permutation(n_rows)
    strata = stratify(rows, labels)
    return cut(strata, deal([len(stratum) for stratum in strata], count))


def deal(sizes: Sequence[int], count: int) -> IntArray:
    """Return how many rows of each stratum go to each fold: shape (n_strata, count).

    The rows are dealt like cards, one stratum after another: a stratum begins with the fold after
    the last one's. So each stratum's counts, and their sums, differ by one at most.
    """
    fold_of_card = np.arange(sum(sizes)) % count
    hands = np.split(fold_of_card, np.cumsum(sizes)[:-1])
    return np.array([np.bincount(hand, minlength=count) for hand in hands])


def check_largest_class(
    labels: IntArray, classes: Sequence[str], count: int, source: str | None
) -> None:
    """Refuse stratified folds where no class has a row for each of them.

    A class with fewer rows than folds is allowed, as in scikit-learn, where it earns a warning:
    some folds test none of it, but all train on it. Where every class is so small there is nothing
    left of what was asked for.
    """
    sizes = np.bincount(labels, minlength=len(classes))
    if sizes.max() < count:
        largest = listed([classes[int(sizes.argmax())]])
        message = (
            f"every class has fewer rows than there are folds (received {count} folds, and "
            f"{sizes.max()} rows of the largest class {largest}); ask for fewer folds, or write "
            "`stratify: false` in `split`"
        )
        raise DataError(Problem(message, source))


def check_enough_for_folds(n: int, what: str, count: int, source: str | None) -> None:
    """Refuse more folds than there are rows, or groups, to put into them."""
    if n < count:
        message = (
            f"there are fewer {what} than folds (received {n} {what} and {count} folds); "
            "ask for fewer folds, or add data"
        )
        raise DataError(Problem(message, source))
