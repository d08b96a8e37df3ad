"""Who trains the trials: processes of this machine, or the workers of a Dask scheduler."""

from __future__ import annotations

import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

from nnctl.config.sweep_loading import SweepFile
from nnctl.config.sweep_schema import DASK
from nnctl.errors import UsageError
from nnctl.runs.machine import usable_processors
from nnctl.runs.sweep import SweepDirectory
from nnctl.scale.space import Parameters

# Trials that a scheduler has at once, where none learns from another: enough to keep workers busy
# that join later. More would fill its memory.
MOST_AHEAD = 128


class Member(Protocol):
    """One who trains, or a place for one."""

    trials: Mapping[int, Parameters]  # that it has in hand, by number


AMember = TypeVar("AMember", bound=Member)


class Crew(ABC, Generic[AMember]):
    """What a sweep asks of those who train, which is closed when it is left."""

    members: list[AMember]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def idle(self) -> list[AMember]:
        """The members that wait for a trial."""
        return [member for member in self.members if not member.trials]

    @property
    def busy(self) -> list[AMember]:
        """The members that have one."""
        return [member for member in self.members if member.trials]

    @property
    def takes_several(self) -> bool:
        """Whether a member can train several trials together."""
        return False

    @abstractmethod
    def give(self, member: AMember, trials: Mapping[int, Parameters], reported: str | None) -> None:
        """Let a member train a trial, or several together; one may report a metric each epoch."""

    @abstractmethod
    def answer(self, member: AMember, is_pruned: bool) -> None:
        """Tell a member that has reported whether its trial is to end."""

    @abstractmethod
    def heard(self) -> Iterable[tuple[AMember, bytes | None]]:
        """Wait, and yield members with what they say; None for one that died."""

    @abstractmethod
    def replace(self, member: AMember) -> int:
        """Put a new member where one has died; return its exit code."""

    @abstractmethod
    def pause(self) -> None:
        """Ask all members to end soon."""

    @abstractmethod
    def ring(self) -> None:
        """Let `heard` return; a signal handler may call it at any time."""

    @abstractmethod
    def close(self) -> None:
        """Let all members go."""


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
) -> Crew[Any]:
    """Return so many workers; `learns` tells that trials are chosen by those before them."""
    workers = file.sweep.workers
    if isinstance(workers, int) or not is_remote(workers):
        from nnctl.scale.pool import Pool

        return Pool(directory, count, held)
    from nnctl.scale.dask_pool import DaskPool

    return DaskPool(workers, directory, file, count if learns else max(count, MOST_AHEAD))
