"""Which rows are for training, which for validation and which for the final test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nnctl.data.arrays import FloatArray, IntArray
from nnctl.data.streams import stream
from nnctl.data.table import listed
from nnctl.errors import DataError, Problem

TRAIN, VALIDATION, TEST = range(3)
SET_NAMES = ("training", "validation", "test")


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
    source: str | None = None,
) -> Split:
    """Divide the rows, drawn at random by the stream `split`, or else in order with the test last.

    Given `labels` (n_rows,) and the `classes` that they count, each class is divided alike.
    Raises DataError about `source` where there are too few rows for a set that was asked for.
    """
    order = stream(seed, "split").permutation(n_rows) if shuffle else np.arange(n_rows)
    groups: list[IntArray] = [order]
    if labels is not None:
        by_class = order[np.argsort(labels[order], kind="stable")]
        ends = np.cumsum(np.bincount(labels, minlength=len(classes)))
        groups = np.split(by_class, ends[:-1])
    sizes = [len(group) for group in groups]
    if labels is not None and validation + test > 0:
        check_class_sizes(sizes, classes, source)
    shares = np.array([1.0 - validation - test, validation, test])
    counts = apportion(sizes, shares)
    check_set_sizes(counts.sum(axis=0), shares, source)
    parts = [
        np.split(group, np.cumsum(count)[:-1]) for group, count in zip(groups, counts, strict=True)
    ]
    train, validation_rows, test_rows = (
        np.sort(np.concatenate(part)) for part in zip(*parts, strict=True)
    )
    return Split(train, validation_rows, test_rows)


def apportion(sizes: Sequence[int], shares: FloatArray) -> IntArray:
    """Return how many of each group's rows go to each set: shape (n_groups, n_sets).

    Each set gets its share of each group rounded down, and the rows left over go, one a set, to the
    sets that are furthest behind their share so far. So every count is within one row of its
    share, and training gets one row of every group at least. (Rounding each group by itself, as the
    method of largest remainders does, may leave a set empty where there are many small groups.)
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


def check_class_sizes(sizes: Sequence[int], classes: Sequence[str], source: str | None) -> None:
    """Refuse to divide a class of one row."""
    lonely = [name for name, size in zip(classes, sizes, strict=True) if size == 1]
    if lonely:
        message = (
            f"a stratified split cannot divide a class of one row (received {listed(lonely)}); "
            "add rows, remove them, or write `stratify: false` in `split`"
        )
        raise DataError(Problem(message, source))


def check_set_sizes(sizes: IntArray, shares: FloatArray, source: str | None) -> None:
    """Refuse a split that leaves a set without rows that was to have a share of them."""
    for name, size, share in zip(SET_NAMES, sizes, shares, strict=True):
        if share > 0 and size == 0:
            message = (
                f"there are too few rows for the split (received {sizes.sum()}): {name} has a "
                f"share of {share:.3g} and gets none; add rows, or change `split`"
            )
            raise DataError(Problem(message, source))
