"""The order in which an epoch visits its rows, cut into batches."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nnctl.data.arrays import IntArray
from nnctl.data.streams import stream


def batches(
    n_rows: int, batch_size: int, seed: int, epoch: int, shuffle: bool
) -> Iterator[IntArray]:
    """Yield the row indices of one batch after another, each of shape (at most batch_size,).

    Every row comes exactly once in an epoch; the last batch may be short. Shuffled, the order
    depends on `seed` and `epoch` alone; otherwise it is the rows' own.
    """
    order = stream(seed, "shuffle", epoch).permutation(n_rows) if shuffle else np.arange(n_rows)
    for start in range(0, n_rows, batch_size):
        yield order[start : start + batch_size]
