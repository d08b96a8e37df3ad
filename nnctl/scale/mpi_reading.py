"""The rows as several ranks read them: each the whole file, of which it keeps its shard."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from nnctl.config import Config
from nnctl.data.arrays import FloatArray
from nnctl.data.dataset import Dataset, Rows, load_dataset
from nnctl.data.fingerprint import changes
from nnctl.data.folds import Fold
from nnctl.data.loading import Tables, load_main_table
from nnctl.data.shards import Shard
from nnctl.errors import DataError, NnctlError, Problem
from nnctl.scale.mpi_rows import SpreadInputs

if TYPE_CHECKING:
    from nnctl.scale.mpi import Ranks


@dataclass(frozen=True)
class Reading:
    """What the others must know to read their shards while rank 0 reads its own."""

    config: Config
    fold: Fold | None


@dataclass(frozen=True)
class Read:
    """What a rank says of its reading."""

    failure: tuple[type[NnctlError], str] | None = None
    source: Mapping[str, Any] | None = None  # the fingerprint of what is divided into sets
    division: int = 0  # a checksum of the rows for training


def read_together(
    ranks: Ranks, config: Config, fold: Fold | None = None, tables: Tables | None = None
) -> Dataset:
    """Read the data as rank 0, which has all of its rows; or, if they are sharded, its shard.

    Then the others read theirs at the same time, and only these ranks together have all inputs of
    the training rows. Raises as load_dataset does, also for what another rank cannot read, and
    DataError where one has read something else.
    """
    if config.compute.rows == "shared":
        return load_dataset(config, fold, tables)
    ranks.tell(Reading(config, fold))
    with ranks.in_step(NnctlError):
        dataset = read_shard(ranks, config, fold, tables)
    train = dataset.train
    inputs = SpreadInputs(train.inputs, len(train.targets), ranks)
    return replace(dataset, train=replace(train, inputs=cast(FloatArray, inputs)))


def follow_reading(ranks: Ranks, reading: Reading) -> Rows | None:
    """Read this rank's shard; return its rows, or None where rank 0 has an error to tell."""
    config = reading.config
    try:
        dataset = read_shard(ranks, config, reading.fold, None)
    except NnctlError:
        return None
    return own_rows(dataset.train.inputs, dataset.train, ranks)


def own_rows(inputs: FloatArray, train: Rows, ranks: Ranks) -> Rows:
    """Return a rank's rows: its inputs, and its part of the others' targets and weights."""
    shard, weight = Shard(ranks.rank, ranks.size).rows, train.sample_weight
    # Copied, so that those of all rows need not be kept for them.
    return Rows(
        inputs, train.targets[shard].copy(), None if weight is None else weight[shard].copy()
    )


def read_shard(ranks: Ranks, config: Config, fold: Fold | None, tables: Tables | None) -> Dataset:
    """Read the data and keep this rank's shard; raise on every rank what one cannot read."""
    dataset, failure, read = None, None, Read()
    try:
        if tables is None and not ranks.leads:  # which evaluates nothing
            tables = Tables(load_main_table(config)[0])
        dataset = load_dataset(config, fold, tables, Shard(ranks.rank, ranks.size))
        division = zlib.crc32(np.ascontiguousarray(dataset.split.train).data)
        read = Read(None, dataset.fingerprints["source"], division)
    except NnctlError as error:
        failure, read = error, Read((type(error), str(error)))
    said = ranks.exchange(read)
    if failure is not None:
        raise failure
    refuse_differences(config, said)
    assert dataset is not None
    return dataset


def refuse_differences(config: Config, said: Sequence[Read]) -> None:
    """Raise what kept a rank from reading, and DataError where it read other rows than rank 0."""
    first, source = said[0], config.data.source
    remedy = "give all the same file" if source else "give all the same NumPy"
    for rank, read in enumerate(said):
        where = f"rank {rank} of {len(said)}"
        if read.failure is not None:
            kind, message = read.failure
            raise kind(f"{where}: {message}")
        assert first.source is not None, "rank 0 has said that it failed"
        assert read.source is not None
        if found := "; ".join(changes(first.source, read.source)):
            message = f"{where} has other rows here than rank 0: {found}; {remedy}"
            raise DataError(Problem(message, source))
        if read.division != first.division:
            message = f"{where} divides the rows otherwise than rank 0; give all the same NumPy"
            raise DataError(Problem(message, source))
