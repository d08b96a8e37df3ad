"""Training rows that several ranks keep, each its shard, and rank 0 may ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import DTypeLike

from nnctl.data.arrays import FloatArray, IntArray
from nnctl.data.shards import Shard

if TYPE_CHECKING:
    from nnctl.scale.mpi import Ranks


@dataclass(frozen=True)
class Request:
    """Rank 0 asks for these rows; each rank sends those of them that it has."""

    rows: IntArray  # (n,) their positions among all

    def answer(self, own: FloatArray, ranks: Ranks) -> FloatArray:
        """Return those (n_found, n_inputs) that this rank has: `own` (n_own, n_inputs)."""
        found: FloatArray = own[Shard(ranks.rank, ranks.size).of(self.rows)]
        return found


class SpreadInputs:
    """The inputs (n_rows, n_inputs) of all training rows, of which rank 0 has its shard.

    Some of them at a time can be read as of an array, and come from the ranks that have them. So
    whatever looks at a few rows, or at one portion after another, finds what one process has.
    """

    def __init__(self, own: FloatArray, n_rows: int, ranks: Ranks) -> None:
        """`own` (n_own, n_inputs) are the shard's."""
        self.own, self.ranks = own, ranks
        self.shape, self.dtype = (n_rows, own.shape[1]), own.dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice | IntArray) -> FloatArray:
        """Return some of the rows (n, n_inputs); only rank 0 may ask, while the others wait."""
        positions = np.arange(*rows.indices(len(self))) if isinstance(rows, slice) else rows
        request, owners = Request(positions), positions % self.ranks.size
        found: FloatArray = np.empty((len(positions), self.shape[1]), self.dtype)
        with self.ranks.in_step():
            self.ranks.tell(request)
            counts = np.bincount(owners, minlength=self.ranks.size)
            parts = self.ranks.collect(request.answer(self.own, self.ranks), counts)
        found[np.argsort(owners, kind="stable")] = parts
        return found

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> FloatArray:
        """Refuse to be taken for an array as a whole, for which memory is not meant to suffice."""
        raise TypeError("the training rows are spread over ranks; read some of them at a time")
