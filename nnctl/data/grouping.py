"""Dividing whole groups of rows among sets: all rows of a patient, a session, a document."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nnctl.data.arrays import FloatArray, IntArray


def divide_groups(
    groups: IntArray, shares: FloatArray, rng: np.random.Generator | None
) -> IntArray:
    """Return the set of each row (n_rows,), a position in `shares`; no group is in two sets.

    With `rng` the groups are dealt out (`deal_groups`) in an order drawn at random, but those of
    2^i rows and more before those of fewer: small groups even out what large ones upset, and each
    set gets large and small ones. Without it they keep the order of their first rows
    (`cut_groups`). Either way each set has its share of the rows within the largest group's size,
    unless there are too few groups for that, and each set with a share has a group.
    Wants at least as many groups as there are sets with a share.
    """
    _, first_rows, codes, sizes = np.unique(
        groups, return_index=True, return_inverse=True, return_counts=True
    )
    set_of_group = np.empty_like(sizes)
    if rng is None:
        order = np.argsort(first_rows)
        set_of_group[order] = cut_groups(sizes[order], shares)
    else:
        order = rng.permutation(len(sizes))
        powers_of_two = np.frexp(sizes)[1]
        order = order[np.argsort(-powers_of_two[order], kind="stable")]
        set_of_group[order] = deal_groups(sizes[order].tolist(), shares.tolist())
    divided: IntArray = set_of_group[codes]
    return divided


def deal_groups(sizes: Sequence[int], shares: Sequence[float]) -> list[int]:
    """Give one group after another to the set furthest behind its share of the rows so far.

    The first of such sets where there are several. The last groups go to the sets that have none,
    should there be as many. Returns the set of each group.
    """
    asked_for = [number for number, share in enumerate(shares) if share > 0]
    behind = [0.0] * len(shares)  # rows
    sets: list[int] = []
    without = list(asked_for)
    for groups_left, size in zip(range(len(sizes), 0, -1), sizes, strict=True):
        behind = [rows + size * share for rows, share in zip(behind, shares, strict=True)]
        candidates = without if groups_left <= len(without) else asked_for
        furthest = max(candidates, key=behind.__getitem__)
        behind[furthest] -= size
        sets.append(furthest)
        if furthest in without:
            without.remove(furthest)
    return sets


def cut_groups(sizes: IntArray, shares: FloatArray) -> IntArray:
    """Cut groups in their order into one set after another: the set of each (n_groups,).

    Each cut is between the two groups that is nearest to the end of the set's share of the rows, as
    far as it leaves a group for every set.
    """
    asked_for = np.flatnonzero(shares)
    ends = np.cumsum(sizes)
    wanted = np.cumsum(shares[asked_for])[:-1] * ends[-1]
    cuts = 1 + np.abs(ends[:, None] - wanted).argmin(axis=0)  # groups before each
    at_least = 1 + np.arange(len(cuts))
    at_most = len(sizes) - at_least[::-1]
    cuts = np.maximum.accumulate(cuts - at_least) + at_least  # one group further each
    return asked_for[np.searchsorted(np.minimum(cuts, at_most), np.arange(len(sizes)), "right")]
