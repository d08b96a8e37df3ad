"""Batches cover every row once an epoch, in an order that depends on seed and epoch."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nnctl.data.batching import batches


@given(st.integers(0, 200), st.integers(1, 250), st.integers(0, 2**63 - 1), st.booleans())
def test_batches_cover_every_row_once(n_rows: int, size: int, seed: int, shuffle: bool) -> None:
    parts = [*batches(n_rows, size, seed, epoch=3, shuffle=shuffle)]
    assert sorted(np.concatenate([*parts, np.array([], dtype=int)]).tolist()) == [*range(n_rows)]
    assert all(len(part) == size for part in parts[:-1])
    assert all(0 < len(part) <= size for part in parts)


def test_unshuffled_batches_keep_the_order_of_the_rows() -> None:
    parts = [part.tolist() for part in batches(5, 2, seed=0, epoch=0, shuffle=False)]
    assert parts == [[0, 1], [2, 3], [4]]


def test_an_epoch_has_its_own_order_and_always_the_same() -> None:
    def order(seed: int, epoch: int) -> list[int]:
        return [int(row) for part in batches(50, 7, seed, epoch, shuffle=True) for row in part]

    assert order(1, 4) == order(1, 4)
    assert order(1, 4) != order(1, 5)
    assert order(1, 4) != order(2, 4)


def test_the_order_does_not_depend_on_the_batch_size() -> None:
    small, large = (
        np.concatenate([*batches(20, size, seed=3, epoch=1, shuffle=True)]) for size in (3, 20)
    )
    assert np.array_equal(small, large)


def test_an_epoch_can_begin_at_any_batch() -> None:
    whole = [part.tolist() for part in batches(11, 3, seed=3, epoch=1, shuffle=True)]
    for first in range(5):
        rest = batches(11, 3, seed=3, epoch=1, shuffle=True, first=first)
        assert [part.tolist() for part in rest] == whole[first:]
