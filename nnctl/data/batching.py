"""The order in which an epoch visits its rows, cut into batches."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from nnctl.data.arrays import IntArray
from nnctl.data.streams import stream


def batches(
    n_rows: int,
    batch_size: int,
    seed: int,
    epoch: int,
    shuffle: bool,
    first: int = 0,
    shards: int = 1,
) -> Iterator[IntArray]:
    """Yield the row indices of each batch from `first` on, each of shape (at most batch_size,).

    Every row comes exactly once in an epoch; the last batch may be short. Shuffled, the order
    depends on `seed`, `epoch` and `shards` alone; otherwise it is the rows' own.
    """
    order = shuffled_order(n_rows, seed, epoch, shards) if shuffle else own_order(n_rows)
    for start in range(first * batch_size, n_rows, batch_size):
        yield order[start : start + batch_size]


@lru_cache(maxsize=1)
def shuffled_order(n_rows: int, seed: int, epoch: int, shards: int = 1) -> IntArray:
    """Return the epoch's order, drawn once: a range test begins anew after each of its batches.

    Of several shards (`nnctl.data.shards`) each is shuffled by itself, and the k-th place of the
    order belongs to a row of the shard that row k is of. So every batch has as many rows of each
    shard as it would have in the rows' own order.
    """
    if shards == 1:
        order = stream(seed, "shuffle", epoch).permutation(n_rows)
    else:
        order = np.arange(n_rows)
        for number in range(min(shards, n_rows)):  # the others are empty
            stream(seed, "shuffle", epoch, number).shuffle(order[number::shards])
    order.flags.writeable = False
    return order


@lru_cache(maxsize=1)
def own_order(n_rows: int) -> IntArray:
    """Return 0, 1, ... n_rows - 1, made once: an epoch of one tiny batch would notice it."""
    order = np.arange(n_rows)
    order.flags.writeable = False
    return order
