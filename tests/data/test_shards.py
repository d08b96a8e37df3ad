"""Shards have every row once, and of every batch as many rows as of rows in their own order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnctl.data.batching import batches
from nnctl.data.shards import Shard


@given(st.integers(0, 100), st.integers(1, 12))
def test_shards_have_every_row_once_and_differ_by_one(n_rows: int, count: int) -> None:
    rows = np.arange(n_rows)
    shards = [rows[Shard(number, count).rows] for number in range(count)]
    assert sorted(np.concatenate(shards).tolist()) == rows.tolist()
    sizes = [len(shard) for shard in shards]
    assert max(sizes) - min(sizes) <= 1
    assert sizes == sorted(sizes, reverse=True)


@given(st.integers(1, 60), st.integers(1, 70), st.integers(1, 7), st.booleans())
def test_each_shard_finds_its_rows_of_a_batch_where_they_stand(
    n_rows: int, size: int, count: int, shuffle: bool
) -> None:
    for index, batch in enumerate(batches(n_rows, size, 1, 2, shuffle, shards=count)):
        places = np.full(len(batch), -1)
        for number in range(count):
            shard = Shard(number, count)
            own, part = shard.of(batch), shard.rows_from(index * size)
            assert len(own) == len(batch[part])
            assert abs(len(own) - len(batch) / count) < 1.0
            assert np.array_equal(np.arange(n_rows)[shard.rows][own], batch[part])
            places[part] = own
        assert (places >= 0).all()


@pytest.mark.parametrize("count", [2, 3, 5])
def test_shards_are_shuffled_each_by_itself(count: int) -> None:
    (order,) = batches(40, 40, 3, 1, shuffle=True, shards=count)
    assert sorted(order.tolist()) == [*range(40)]
    own = [Shard(number, count).of(order).tolist() for number in range(count)]
    assert len({str(places[:8]) for places in own}) == count
    assert all(places != sorted(places) for places in own)
    (other,) = batches(40, 40, 3, 2, shuffle=True, shards=count)
    assert order.tolist() != other.tolist()


def test_shards_without_rows_take_no_time() -> None:
    (order,) = batches(5, 5, 3, 1, shuffle=True, shards=10**12)
    assert order.tolist() == [*range(5)]


def test_one_shard_is_shuffled_as_the_rows_of_one_process() -> None:
    (one,) = batches(40, 40, 3, 1, shuffle=True, shards=1)
    (alone,) = batches(40, 40, 3, 1, shuffle=True)
    assert np.array_equal(one, alone)


def test_only_the_first_shard_evaluates() -> None:
    rows = np.array([3, 5, 8])
    assert Shard(0, 2).evaluated(rows).tolist() == [3, 5, 8]
    assert Shard(1, 2).evaluated(rows).tolist() == []
