"""The workers of a Dask scheduler as a sweep sees them; Dask spreads the trials and repeats them.

A trial whose worker dies is given to another one by the scheduler. What it needs to be trained
stands with the scheduler, so that any of the workers may die.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

import dask
from distributed import Future, KilledWorker

from nnctl.config.sweep_loading import SweepFile
from nnctl.data.loading import Tables
from nnctl.errors import NnctlError, RunError, UsageError
from nnctl.runs.sweep import SweepDirectory
from nnctl.scale.crew import Crew
from nnctl.scale.dask_cluster import connected, not_installed
from nnctl.scale.dask_parcel import files_of, lay, packed
from nnctl.scale.dask_trial import Ended, Order, kept, train, versions
from nnctl.scale.results import FAILED, TrialResult, described, status_of
from nnctl.scale.space import Parameters
from nnctl.scale.trial import TableStore

CLOSE_SECONDS = 2.0
# Dask warns of tasks that are large; ours is the data, which is sent once.
LARGE = {"distributed.admin.large-graph-warning-threshold": "1TB"}
STOPPED = json.dumps({"ended": []}).encode()


@dataclass(eq=False)
class Place:
    """A trial that the scheduler has, or room for one."""

    trials: Mapping[int, Parameters] = field(default_factory=dict)  # one, or none
    future: Future[Any] | None = None


class DaskPool(Crew[Place]):
    """So many trials at once with a scheduler. It is used as `Pool` is."""

    def __init__(
        self, workers: str, directory: SweepDirectory, file: SweepFile, count: int
    ) -> None:
        self.workers, self.directory, self.file = workers, directory, file
        self.members = [Place() for _ in range(count)]
        self.sweep_text = directory.sweep.read_text(encoding="utf-8")
        self.base_text = directory.base.read_text(encoding="utf-8")
        self.store = TableStore()
        self.sent: dict[str, Future[Any]] = {}  # digest -> packed tables
        self.last_sent: Tables | None = None
        self.digest = ""  # of these
        self.heard_of: SimpleQueue[tuple[Place, Future[Any] | bytes] | None] = SimpleQueue()
        self.paused = False
        self.client: Any = connected(workers)

    def give(self, member: Place, trials: Mapping[int, Parameters], reported: str | None) -> None:
        """Let the scheduler have a trial; what cannot be trained is heard of at once."""
        member.trials = trials
        ((number, parameters),) = trials.items()
        try:
            tables = self._tables(parameters)
        except NnctlError as error:
            result = self._unmade(member, status_of(error), described(error))
            self.heard_of.put((member, result))
            return
        files = files_of(self.directory.trial(number))
        texts = (self.sweep_text, self.base_text)
        order = Order(number, parameters, *texts, files, versions())
        key = f"trial-{number:03}-{uuid.uuid4().hex}"
        future = member.future = self.client.submit(train, order, *tables, key=key)
        future.add_done_callback(lambda future: self.heard_of.put((member, future)))

    def _tables(self, parameters: Parameters) -> tuple[str, Future[Any]] | tuple[()]:
        """Return the digest and the place of a trial's tables; nothing where it makes its own."""
        config = self.file.trial_config(parameters)
        if config.data.generator is not None:
            return ()
        tables = self.store.tables(config)
        if tables is not self.last_sent:
            self.last_sent, self.digest = tables, self._sent(packed(tables))
        return self.digest, self.sent[self.digest]

    def _sent(self, data: bytes) -> str:
        """Let the scheduler have packed tables, unless it has them; return their digest."""
        digest = hashlib.sha256(data).hexdigest()
        if digest not in self.sent:
            with dask.config.set(LARGE):
                self.sent[digest] = self.client.submit(kept, data, key=f"tables-{digest}")
        return digest

    def answer(self, member: Place, is_pruned: bool) -> None:
        """No trial of a sweep with a pruner is given to a scheduler."""
        raise AssertionError("nobody has asked")

    def pause(self) -> None:
        """Take back all trials that have not ended; what was trained of them is lost."""
        self.paused = True
        futures = [member.future for member in self.busy if member.future is not None]
        with contextlib.suppress(OSError):  # the scheduler is gone, and so are they
            self.client.cancel([future for future in futures if future.status == "pending"])

    def ring(self) -> None:
        """Let `heard` return; a signal handler may call it at any time."""
        self.heard_of.put(None)

    def heard(self) -> Iterator[tuple[Place, bytes]]:
        """Wait, and yield a trial that has ended with what a local worker would have written.

        Its run stands in the sweep's directory then. Raises RunError where the scheduler is lost.
        """
        news = self.heard_of.get()
        if news is not None:
            member, outcome = news
            yield member, outcome if isinstance(outcome, bytes) else self._message(member, outcome)

    def _message(self, member: Place, future: Future[Any]) -> bytes:
        (number,) = member.trials
        member.future = None
        if future.status == "cancelled":
            if self.paused:
                return STOPPED
            raise self._lost()
        try:
            ended: Ended = future.result()
        except KilledWorker as error:
            why = f"all workers that had it died: {error.allowed_failures + 1}"
            return self._unmade(member, FAILED, why)
        except CancelledError as error:
            raise self._lost() from error
        except ImportError as error:
            raise UsageError(not_installed("a worker", error)) from error
        except NnctlError:
            raise
        except Exception as error:  # as of a full disk there
            why = f"its worker failed: {type(error).__name__}: {error}"
            return self._unmade(member, FAILED, why)
        lay(self.directory.trial(number), ended.files)
        return json.dumps({"ended": [ended.result] if ended.result else []}).encode()

    def _lost(self) -> RunError:
        message = "is lost, or has given the trials up; look whether it still runs"
        return RunError(f"the Dask scheduler at {self.workers} {message}")

    def _unmade(self, member: Place, status: str, why: str) -> bytes:
        """Return what is said of a trial of which there is no run."""
        ((number, parameters),) = member.trials.items()
        result = TrialResult(number, self.directory.trial(number).name, parameters, status, why)
        return json.dumps({"ended": [result.to_dict()]}).encode()

    def replace(self, member: Place) -> int:
        """A scheduler has its own way with workers that died."""
        raise AssertionError("nobody has died")

    def close(self) -> None:
        """Leave the scheduler, which drops what it still has of this sweep."""
        with contextlib.suppress(OSError):
            self.client.close(timeout=CLOSE_SECONDS)
