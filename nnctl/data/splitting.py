"""Which rows are for training, which for validation and which for the final test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nnctl.data.arrays import FloatArray, IntArray
from nnctl.data.grouping import divide_groups
from nnctl.data.streams import stream
from nnctl.data.table import listed
from nnctl.errors import DataError, Problem

TRAIN, VALIDATION, TEST = range(3)
SET_TITLES = ("training", "validation", "test")  # how errors call them


@dataclass(frozen=True, eq=False)
class Split:
    """The rows of each set, in the order of the data; together all rows, each once."""

    train: IntArray  # (n_train,), never empty
    validation: IntArray  # (n_validation,), empty where none was asked for
    test: IntArray  # (n_test,), empty where none was asked for


def split_rows(
    n_rows: int,
    seed: int,
    *,
    validation: float = 0.0,
    test: float = 0.0,
    shuffle: bool = True,
    labels: IntArray | None = None,
    classes: Sequence[str] = (),
    groups: IntArray | None = None,
    source: str | None = None,
) -> Split:
    """Divide the rows, drawn at random by the stream `split`, or else in order with the test last.

    Given `labels` (n_rows,) and the `classes` that they count, each class is divided alike. Given
    `groups` (n_rows,), a number for each row's group, no group is in two sets (`divide_groups`).
    Raises DataError about `source` where there are too few rows or groups for a set that was asked
    for, and where both labels and groups are given.
    """
    refuse_stratified_groups(labels, groups, source)
    if labels is not None and validation + test > 0:
        check_class_sizes(labels, classes, source)
    shares = np.array([1.0 - validation - test, validation, test])
    rows = np.arange(n_rows)
    return Split(*divide_rows(rows, seed, shares, shuffle, labels, groups, source))


def divide_rows(
    rows: IntArray,
    seed: int,
    shares: FloatArray,
    shuffle: bool,
    labels: IntArray | None,
    groups: IntArray | None,
    source: str | None,
) -> list[IntArray]:
    """Divide some of the rows, which are in order, among training, validation and test.

    `labels` and `groups` are those of all rows of the data. Raises DataError.
    """
    rng = stream(seed, "split") if shuffle else None
    if groups is not None:
        check_group_count(groups[rows], shares, source)
        set_of_row = divide_groups(groups[rows], shares, rng)
        return [rows[set_of_row == number] for number in range(len(shares))]
    strata = stratify(rows if rng is None else rows[rng.permutation(len(rows))], labels)
    counts = apportion([len(stratum) for stratum in strata], shares)
    check_set_sizes(counts.sum(axis=0), shares, source)
    return cut(strata, counts)


def stratify(rows: IntArray, labels: IntArray | None) -> list[IntArray]:
    """Return the rows of each class, in the order given; all of them as one without `labels`."""
    if labels is None:
        return [rows]
    by_class = rows[np.argsort(labels[rows], kind="stable")]
    ends = np.cumsum(np.bincount(labels[rows]))
    return np.split(by_class, ends[:-1])


def cut(strata: Sequence[IntArray], counts: IntArray) -> list[IntArray]:
    """Return the rows of each set, in the order of the data: `counts` (n_strata, n_sets)."""
    parts = [
        np.split(stratum, np.cumsum(count)[:-1])
        for stratum, count in zip(strata, counts, strict=True)
    ]
    return [np.sort(np.concatenate(part)) for part in zip(*parts, strict=True)]


def apportion(sizes: Sequence[int], shares: FloatArray) -> IntArray:
    """Return how many rows of each stratum go to each set: shape (n_strata, n_sets).

    Each set gets its share of each stratum rounded down, and the rows left over go, one a set, to
    the sets that are furthest behind their share so far. So every count is within one row of its
    share, and training gets one row of every stratum at least. (Rounding each stratum by itself, as
    the method of largest remainders does, may leave a set empty where there are many small strata.)
    """
    counts = np.zeros((len(sizes), len(shares)), dtype=np.int64)
    behind = np.where(shares > 0, 0.0, -np.inf)  # a set that nobody asked for gets nothing
    for size, count in zip(sizes, counts, strict=True):
        quota = size * shares
        count[:] = np.floor(quota)
        behind += quota - count
        urgency = behind.copy()
        if count[TRAIN] == 0:  # a class that is never trained is never predicted
            urgency[TRAIN] = np.inf
        furthest = np.argsort(-urgency, kind="stable")[: size - count.sum()]
        count[furthest] += 1
        behind[furthest] -= 1
    return counts


def refuse_stratified_groups(
    labels: IntArray | None, groups: IntArray | None, source: str | None
) -> None:
    """Refuse to divide classes alike where whole groups are to stay together."""
    if labels is not None and groups is not None:
        message = (
            "a split cannot keep groups together and divide each class alike; "
            "write `stratify: false` in `split`, or remove `group`"
        )
        raise DataError(Problem(message, source))


def check_class_sizes(labels: IntArray, classes: Sequence[str], source: str | None) -> None:
    """Refuse to divide a class of one row."""
    sizes = np.bincount(labels, minlength=len(classes))
    lonely = [name for name, size in zip(classes, sizes, strict=True) if size == 1]
    if lonely:
        message = (
            f"a stratified split cannot divide a class of one row (received {listed(lonely)}); "
            "add rows, remove them, or write `stratify: false` in `split`"
        )
        raise DataError(Problem(message, source))


def check_set_sizes(sizes: IntArray, shares: FloatArray, source: str | None) -> None:
    """Refuse a split that leaves a set without rows that was to have a share of them."""
    for name, size, share in zip(SET_TITLES, sizes, shares, strict=True):
        if share > 0 and size == 0:
            message = (
                f"there are too few rows for the split (received {sizes.sum()}): {name} has a "
                f"share of {share:.3g} and gets none; add rows, or change `split`"
            )
            raise DataError(Problem(message, source))


def check_group_count(groups: IntArray, shares: FloatArray, source: str | None) -> None:
    """Refuse to divide fewer groups than there are sets with a share of the rows."""
    asked_for = [name for name, share in zip(SET_TITLES, shares, strict=True) if share > 0]
    n_groups = len(np.unique(groups))
    if n_groups < len(asked_for):
        *others, last = asked_for
        message = (
            f"there are too few groups for the split (received {n_groups}): {', '.join(others)} "
            f"and {last} need one each at least; add rows of other groups, change `split`, or "
            "remove `group`"
        )
        raise DataError(Problem(message, source))
