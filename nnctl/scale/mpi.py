"""The ranks of an MPI job, and the few things that they tell one another.

Rank 0 leads: it alone reads, writes and decides. The others wait for what it tells them, and take
part in the sums of the steps. What is summed has the same bits on every rank.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from nnctl.nn.arrays import FloatArray, IntArray

LONGEST_NAP = 0.01  # seconds for which a rank sleeps that has nothing to do
NAP_GROWTH = 1e-5
LAST_WORDS = 0.5  # seconds in which a launcher passes on what was said; an abort cuts that short


class Ranks:
    """One rank's view of the job."""

    def __init__(self, comm: MPI.Intracomm) -> None:
        self.comm, self.rank, self.size = comm, comm.rank, comm.size
        self.out_of_step = False  # the others wait for something that this rank will not do

    @property
    def leads(self) -> bool:
        """Whether this is the rank that the others follow."""
        return self.rank == 0

    def part(self, rows: int) -> slice:
        """Return this rank's part of so many rows: none has more than one row more than another."""
        return slice(rows * self.rank // self.size, rows * (self.rank + 1) // self.size)

    def add(self, vector: NDArray[Any]) -> None:
        """Put the sum over all ranks in the place of each one's vector."""
        self.comm.Allreduce(MPI.IN_PLACE, vector)

    def add_at_first(self, values: FloatArray) -> None:
        """Put the sum over all ranks in the place of rank 0's values."""
        if self.leads:
            self.comm.Reduce(MPI.IN_PLACE, values)
        else:
            self.comm.Reduce(values, None)

    def have_alike(self, number: int) -> bool:
        """Whether all ranks have the same number."""
        bounds = np.array([number, -number], np.int64)
        self.comm.Allreduce(MPI.IN_PLACE, bounds, MPI.MAX)
        return bool(bounds[0] == -bounds[1])

    def collect(self, rows: FloatArray, counts: IntArray | None = None) -> FloatArray:
        """Return rank 0's rows (n, n_values) with those of the others below, at rank 0.

        It knows how many each of them has (n_ranks,); the others get back what they gave.
        """
        if counts is None:
            self.comm.Gatherv(rows, None)
            return rows
        joined: FloatArray = np.empty((counts.sum(), rows.shape[1]), rows.dtype)
        self.comm.Gatherv(rows, [joined, (counts * rows.shape[1]).tolist()])
        return joined

    def exchange(self, word: object) -> list[Any]:
        """Return what all ranks say, this one `word`; they may be minutes apart."""
        self.wait()
        return self.comm.allgather(word)

    def send(self, array: NDArray[Any]) -> NDArray[Any]:
        """Give rank 0's array to all; return it as they have it."""
        self.comm.Bcast(array)
        return array

    def tell(self, message: object) -> None:
        """Give the others a message, for which they wait in `hear`."""
        with self.in_step():
            self.comm.Ibarrier().Wait()
            self.comm.bcast(message)

    def hear(self) -> Any:
        """Return rank 0's next message."""
        self.wait()
        return self.comm.bcast(None)

    def wait(self) -> None:
        """Wait for all ranks, which may be minutes away, and so not busily."""
        request, nap = self.comm.Ibarrier(), 0.0
        while not request.Test():
            time.sleep(nap)
            nap = min(nap + NAP_GROWTH, LONGEST_NAP)

    @contextlib.contextmanager
    def in_step(self, *shared: type[Exception]) -> Iterator[None]:
        """Notice where this rank leaves in the middle what all do together.

        Not so by one of the `shared` errors, which all ranks raise at the same place.
        """
        try:
            yield
        except shared:
            raise
        except BaseException:
            self.out_of_step = True
            raise

    def abort(self, code: int) -> None:
        """End all ranks at once."""
        sys.stderr.flush()
        time.sleep(LAST_WORDS)
        self.comm.Abort(code)


def all_ranks() -> Ranks:
    """Return the ranks that were started together."""
    return Ranks(MPI.COMM_WORLD)


def leave() -> None:
    """Take leave of MPI, when all have done their part; an exit code is no accident after that."""
    MPI.Finalize()
