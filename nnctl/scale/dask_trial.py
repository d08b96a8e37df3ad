"""What a worker of a Dask scheduler does: train a trial as a local worker would, and return it."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp
from threading import Event, Lock, Thread
from typing import Any

import distributed
import numpy as np

import nnctl
from nnctl.config import Config
from nnctl.data.loading import Tables
from nnctl.errors import UsageError
from nnctl.runs.sweep import SweepDirectory
from nnctl.scale.dask_parcel import Files, files_of, fill, unpacked
from nnctl.scale.space import Parameters
from nnctl.scale.trial import TableStore
from nnctl.scale.worker import Post, Worker

LOOKS_APART = 0.2  # seconds between two looks whether the trial is still wanted
# BLAS has one number of threads a process, and a trial's own is part of its result.
ONE_AT_A_TIME = Lock()


@dataclass(frozen=True)
class Order:
    """All that a worker needs to train a trial, but for the rows."""

    trial: int
    parameters: Parameters
    sweep: str  # sweep.yaml and base.yaml of the sweep's directory
    base: str
    files: Files  # the trial as far as it has come
    versions: dict[str, str]


@dataclass(frozen=True)
class Ended:
    """A trial as it has become: how it ended (None: it was stopped), and its run."""

    result: dict[str, Any] | None
    files: Files


class Wanted(Post):
    """A post without a socket, on which nothing is said but that the trial is wanted no more.

    Dask stops no task that has begun; one for a sweep that is gone would keep others waiting.
    """

    def __init__(self) -> None:
        self.pause_requested = False
        self.training = None
        self._worker = distributed.get_worker()
        self._key = self._worker.get_current_task()
        self._ended = Event()

    def send(self, message: Any) -> None:
        """Nobody listens before the end."""

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Look now and then, while the block runs, whether the trial was cancelled."""
        thread = Thread(target=self._look, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()

    def _look(self) -> None:
        while not self._ended.wait(LOOKS_APART):
            task = self._worker.state.tasks.get(self._key)
            if task is None or task.state == "cancelled":
                self.pause_requested = True
                self.pause_training()


class Given(TableStore):
    """The tables that the sweep sent along."""

    def __init__(self, tables: Tables) -> None:
        super().__init__()
        self.given = tables

    def tables(self, config: Config) -> Tables:
        """Return them; the files that the config names are on another machine."""
        return self.given


class Workplace:
    """Where the trials of one sweep are trained in this process: a directory of Dask's."""

    def __init__(self, sweep: str, base: str) -> None:
        path = mkdtemp(prefix="nnctl-", dir=distributed.get_worker().local_directory)
        self.directory = SweepDirectory(Path(path))
        self.directory.sweep.write_text(sweep, encoding="utf-8")
        self.directory.base.write_text(base, encoding="utf-8")
        self.worker = Worker(Wanted(), self.directory)
        self.own_store, self.given = self.worker.store, dict[str, Given]()

    def lay_out(self, digest: str, data: bytes | None) -> None:
        """Have packed tables at hand, which are told from others by their digest, or none."""
        if data is None:
            self.worker.store = self.own_store
            return
        if digest not in self.given:
            self.given.clear()  # one set of tables in memory, and not two
            self.given[digest] = Given(unpacked(data))
        self.worker.store = self.given[digest]

    def train(self, order: Order) -> Ended:
        """Train a trial, and leave nothing of it here."""
        run, wanted = self.directory.trial(order.trial), Wanted()
        try:
            shutil.rmtree(run.path, ignore_errors=True)
            if order.files:
                fill(run, order.files)
            self.worker.post = wanted
            with wanted.watched():
                result = self.worker.result(order.trial, order.parameters, None)
            return Ended(None if result is None else result.to_dict(), files_of(run))
        finally:
            shutil.rmtree(run.path, ignore_errors=True)


@lru_cache(maxsize=1)
def workplace(sweep: str, base: str) -> Workplace:
    """Return the place where the trials of the sweep are trained, which is made once."""
    return Workplace(sweep, base)


def train(order: Order, digest: str = "", data: bytes | None = None) -> Ended:
    """Train a trial on a worker, from where it stands to its end.

    `data` are the packed tables; without them the config makes its rows itself. Raises UsageError
    where this machine has other versions than the sweep's.
    """
    if order.versions != versions():
        who = f"the worker {distributed.get_worker().address}"
        raise UsageError(other_versions(who, versions(), order.versions))
    with ONE_AT_A_TIME:
        place = workplace(order.sweep, order.base)
        place.lay_out(digest, data)
        return place.train(order)


def kept(data: bytes) -> bytes:
    """Be a task whose result is the packed tables: Dask copies it to whoever needs it."""
    return data


def versions() -> dict[str, str]:
    """Return what must be the same here and there for a trial to come out the same."""
    return {"nnctl": nnctl.__version__, "NumPy": np.__version__}


def other_versions(who: str, theirs: dict[str, str], ours: dict[str, str]) -> str:
    """Say what someone has otherwise than the sweep."""
    pairs = [
        f"{name} {theirs.get(name)} (here: {version})"
        for name, version in ours.items()
        if theirs.get(name) != version
    ]
    return f"{who} has {' and '.join(pairs)}; install the same versions on both machines"
