"""Who trains the trials: processes of this machine, or the workers of a Dask scheduler."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from nnctl.config.sweep_loading import SweepFile
from nnctl.config.sweep_schema import DASK
from nnctl.errors import UsageError
from nnctl.runs.machine import usable_processors
from nnctl.runs.sweep import SweepDirectory
from nnctl.scale.pool import Pool
from nnctl.scale.space import Parameters

# Trials that a scheduler has at once, where none learns from another: enough to keep workers busy
# that join later. More would fill its memory.
MOST_AHEAD = 128


class Crew(Protocol):
    """What a sweep asks of those who train. The `trial` of a member is what it has in hand."""

    @property
    def idle(self) -> list[Any]:
        """The members that wait for a trial."""

    @property
    def busy(self) -> list[Any]:
        """The members that have one."""

    def give(self, member: Any, number: int, parameters: Parameters, reported: str | None) -> None:
        """Let a member train a trial, and report a metric after each epoch."""

    def answer(self, member: Any, is_pruned: bool) -> None:
        """Tell a member that has reported whether its trial is to end."""

    def heard(self) -> Iterable[tuple[Any, bytes | None]]:
        """Wait, and yield members with what they say; None for one that died."""

    def replace(self, member: Any) -> int:
        """Put a new member where one has died; return its exit code."""

    def pause(self) -> None:
        """Ask all members to end soon."""

    def ring(self) -> None:
        """Let `heard` return; a signal handler may call it at any time."""


def is_remote(workers: int | str) -> bool:
    """Whether a Dask scheduler is asked for."""
    return isinstance(workers, str) and workers.startswith(DASK)


def available(workers: int | str) -> int:
    """Return how many trials can be trained at once.

    Raises UsageError where Dask is needed and not installed, or the scheduler is of no use.
    """
    if isinstance(workers, int):
        return workers
    if not is_remote(workers):
        return usable_processors()
    if importlib.util.find_spec("distributed") is None:
        message = f"`workers: {workers}` needs Dask; install it with `pip install 'nnctl[dask]'`"
        raise UsageError(message)
    from nnctl.scale.dask_cluster import count_workers

    return count_workers(workers)


def opened_crew(
    directory: SweepDirectory, file: SweepFile, count: int, held: int, *, learns: bool
) -> AbstractContextManager[Crew]:
    """Return so many workers; `learns` tells that trials are chosen by those before them."""
    workers = file.sweep.workers
    if isinstance(workers, int) or not is_remote(workers):
        return Pool(directory, count, held)
    from nnctl.scale.dask_pool import DaskPool

    return DaskPool(workers, directory, file, count if learns else max(count, MOST_AHEAD))
