"""One command line and several processes: of those that MPI started, the first speaks for all."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ParamSpec

from nnctl.cli import console
from nnctl.errors import NnctlError, UsageError

if TYPE_CHECKING:
    from nnctl.data.dataset import Dataset
    from nnctl.scale.mpi import Ranks
    from nnctl.training.experiment import Experiment

P = ParamSpec("P")
# What ranks do together; every other command is done by one process.
SHARED = ("train", "resume")
# How many processes were started together, and which of them this one is.
LAUNCHERS = (
    ("PMI_SIZE", "PMI_RANK"),  # MPICH and its kin, Slurm with pmi2
    ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"),  # Open MPI
)


@dataclass
class Job:
    """The MPI job that this process belongs to, if it does."""

    ranks: Ranks | None = None


JOB = Job()


def run_command(command: Callable[[], None]) -> None:
    """Run the command: alone, or as the first of several ranks, which the others follow."""
    size, rank = launched()
    if size == 1 and "mpi4py" not in sys.modules:
        command()
        return
    try:
        ranks = joined(size)
        if ranks.size == 1:
            run_single(command)
            return
        from nnctl.scale.mpi_job import run_job

        JOB.ranks = ranks
        run_job(ranks, command)
    except NnctlError as error:
        if rank == 0:
            console.say(f"error: {error}")
        raise SystemExit(error.exit_code) from None


def run_single(command: Callable[[], None]) -> None:
    """Run the command as the only rank, whose exit code is no accident that MPI is to tell of."""
    from nnctl.scale.mpi import leave

    try:
        command()
    finally:
        leave()


def launched() -> tuple[int, int]:
    """Return how many processes an MPI launcher says it started, and the place of this one."""
    for size, rank in LAUNCHERS:
        if os.environ.get(size, "").isdecimal() and os.environ.get(rank, "").isdecimal():
            return int(os.environ[size]), int(os.environ[rank])
    return 1, 0


def joined(size: int) -> Ranks:
    """Return the ranks; raise UsageError where MPI is missing, or knows nothing of the others."""
    try:
        with signals_at_once():
            from nnctl.scale.mpi import all_ranks
    except (ImportError, RuntimeError) as error:
        message = f"{size} processes were started together, but MPI cannot be used ({error})"
        raise UsageError(f"{message}; install it: pip install 'nnctl[mpi]'") from None
    ranks = all_ranks()
    if ranks.size == 1 and size > 1:
        raise UsageError(
            f"{size} processes were started together, but each finds itself alone: the launcher is "
            "of another MPI than mpi4py; start them with the mpiexec that belongs to it"
        )
    return ranks


@contextlib.contextmanager
def signals_at_once() -> Iterator[None]:
    """Let a signal end this process without a word, as Python would not while it waits in C.

    So it does where MPI starts, and forever where another rank was ended before it got there.
    """
    before = {each: signal.getsignal(each) for each in console.ENDINGS}
    heeded = {each: way for each, way in before.items() if way is not signal.SIG_IGN}
    for each in heeded:
        signal.signal(each, signal.SIG_DFL)
    try:
        yield
    finally:
        for each, way in heeded.items():
            signal.signal(each, way)


def reading() -> Callable[..., Dataset]:
    """Return what reads the data: this process, or all ranks together, as the config says."""
    if JOB.ranks is None:
        from nnctl.data.dataset import load_dataset

        return load_dataset
    from nnctl.scale.mpi_reading import read_together

    return functools.partial(read_together, JOB.ranks)


def share(experiment: Experiment) -> tuple[str, ...]:
    """Let the other ranks take part, if there are any; return what is to be said of it."""
    ranks = JOB.ranks
    if ranks is None:
        return ()
    from nnctl.scale.mpi_job import lead

    lead(experiment, ranks)
    return (*of_shards(experiment, ranks.size), *of_idle_ranks(experiment, ranks.size))


def of_shards(experiment: Experiment, size: int) -> tuple[str, ...]:
    """Say how many rows a rank has where they are sharded, and what follows for the batches."""
    steps = experiment.assembly.trainer.steps
    if experiment.config.compute.rows == "shared":
        return ()
    most = console.numbered(-(-steps.n_rows // size), "training row")
    others = ", shuffled by themselves: the batches are others than those of one process"
    return (f"each of {size} ranks has {most} at most{others if steps.shuffle else ''}",)


def of_idle_ranks(experiment: Experiment, size: int) -> tuple[str, ...]:
    """Say where a batch has fewer rows than there are ranks."""
    rows = experiment.assembly.trainer.batch_rows
    if rows >= size:
        return ()
    has, idle = console.numbered(rows, "row"), size - rows
    have = "has" if idle == 1 else "have"
    return (f"a batch has {has}: {idle} of {size} ranks {have} none of it",)


def alone(name: str, function: Callable[P, None]) -> Callable[P, None]:
    """Let a command refuse to run as several ranks."""

    @functools.wraps(function)
    def command(*args: P.args, **kwargs: P.kwargs) -> None:
        require_alone(name)
        function(*args, **kwargs)

    return command


def require_alone(what: str) -> None:
    """Raise UsageError where several ranks were started for what one process does."""
    if JOB.ranks is not None:
        raise UsageError(
            f"{what} is done by one process (received {JOB.ranks.size} ranks); start it without "
            "mpiexec: ranks share `train CONFIG` and the `resume` of a run"
        )
