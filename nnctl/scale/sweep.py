"""A sweep: what `nnctl sweep` does, without a screen.

    sweep = start_sweep(load_sweep("sweep.yaml"), Path("runs"))
    for result in sweep.results():
        ...
    sweep.record()["best"]

A trial is a run like any other, the same to the byte as if it had been trained alone. Unless Optuna
learns from several at a time, which trials there are, and what becomes of them, depends neither on
how many workers there are nor on which of them is faster.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

from nnctl.config.sweep_loading import SweepFile
from nnctl.errors import NnctlError
from nnctl.runs.atomic import write_atomically
from nnctl.runs.json_file import write_json
from nnctl.runs.lock import hold_run
from nnctl.runs.sweep import SweepDirectory
from nnctl.scale.choosing import Chooser, Plan
from nnctl.scale.crew import Crew, opened_crew
from nnctl.scale.importance import importances
from nnctl.scale.records import best_entry, header, results_csv, write_best
from nnctl.scale.results import (
    FAILED,
    TrialResult,
    result_from_dict,
)
from nnctl.scale.space import Parameters
from nnctl.training.stacking import Alike, stacked_of

MOST_DEATHS = 3  # of workers with the same trial in hand
NO_PLAN = Plan({})


@dataclass
class Sweep:
    """A sweep in the making; `results` trains its trials."""

    file: SweepFile
    directory: SweepDirectory
    metric: str
    count: int  # of trials
    open_chooser: Callable[[int], Chooser]  # of the number of workers
    at_once: int  # how many trials the workers can train
    alike: Mapping[int, Alike]  # the trials that may train stacked
    data: Mapping[str, Any]  # fingerprints of the first trial's data
    notices: tuple[str, ...] = ()  # what a person should know before training, a sentence each
    status: str = "running"
    ended: dict[int, TrialResult] = field(default_factory=dict)
    pause_requested: bool = False
    pool: Crew[Any] | None = None  # the workers, while there are any
    chooser: Chooser = NO_PLAN  # while trials are trained
    _deaths: dict[int, int] = field(default_factory=dict)
    _waiting: list[int] = field(default_factory=list)
    _parameters: dict[int, Parameters] = field(default_factory=dict)

    @property
    def workers(self) -> int:
        """How many workers train trials: no more than there are trials to be trained."""
        return min(self.at_once, len(self.left))

    @property
    def _reported(self) -> str | None:
        """What a worker is to report after each epoch, if anything."""
        return self.metric if self.chooser.prunes else None

    @property
    def left(self) -> list[int]:
        """The trials that are still to be trained."""
        return [n for n in range(1, self.count + 1) if n not in self.ended]

    @property
    def in_order(self) -> list[TrialResult]:
        """How the trials ended that have, by number."""
        return [self.ended[number] for number in sorted(self.ended)]

    def results(self) -> Generator[TrialResult, None, None]:
        """Train every trial that has not ended, and yield how it ended once that is written down.

        They come in the order in which they end. Close it (`contextlib.closing`) if you leave it
        before its end. However this ends, sweep.json says so: finished, interrupted or failed.
        """
        with hold_run(self.directory) as held:
            self.directory.remove_temporaries()
            status = "interrupted"
            try:
                self._write_record()
                self._waiting = self.left
                if self._waiting:
                    self._open_chooser()
                    with self._crew(held) as self.pool:
                        yield from self._trained(self.pool)
                status = "interrupted" if self.left else "finished"
            except Exception:
                status = "failed"
                raise
            finally:
                self.pool = None
                self._close(status)

    def pause(self) -> None:
        """Let `results` end after the batches in hand; a signal handler may call it at any time."""
        self.pause_requested = True
        if self.pool is not None:
            with contextlib.suppress(OSError):
                self.pool.ring()

    def _open_chooser(self) -> None:
        self.chooser = self.open_chooser(self.workers)
        for result in self.in_order:  # of which it may not have heard before a kill
            self.chooser.tell(result)

    def _crew(self, held: int) -> Crew[Any]:
        learns = not isinstance(self.chooser, Plan)
        return opened_crew(self.directory, self.file, self.workers, held, learns=learns)

    def _trained(self, pool: Crew[Any]) -> Generator[TrialResult, None, None]:
        paused = False
        while True:
            if self.pause_requested and not paused:
                pool.pause()
                paused = True
            for member in pool.idle:
                if paused or not self._waiting:
                    break
                trials = {n: self.chooser.parameters(n) for n in self._next(pool)}
                self._parameters |= trials
                pool.give(member, trials, self._reported)
            if not pool.busy:
                return
            for member, message in pool.heard():
                for result in self._heard(pool, member, message):
                    self.chooser.tell(result)
                    self.ended[result.number] = result
                    self._write_record()
                    yield result

    def _next(self, pool: Crew[Any]) -> list[int]:
        """Take the next trial from those waiting, or those like it that may train stacked.

        Each worker gets its share of them. Who was in hand when a worker died trains alone.
        """
        first, shape = self._waiting[0], self.alike.get(self._waiting[0])
        numbers = [first]
        if shape is not None and pool.takes_several and isinstance(self.chooser, Plan):
            same = [n for n in self._waiting if self.alike.get(n) == shape]
            most = min(shape.most, -(-len(same) // len(pool.idle)))
            fresh = [n for n in same if n not in self._deaths]
            numbers = fresh[: stacked_of(most, len(fresh))] or [first]
        self._waiting = [n for n in self._waiting if n not in numbers]
        return numbers

    def _heard(self, pool: Crew[Any], member: Any, message: bytes | None) -> list[TrialResult]:
        """Take in what a worker says, or that it died; return how trials ended, if any have."""
        entry = None if message is None else json.loads(message)
        numbers = [*member.trials]
        if numbers and isinstance(entry, list):
            pool.answer(member, self.chooser.is_pruned(numbers[0], *entry))
            return []
        member.trials = {}
        if entry is not None:
            return [result_from_dict(result) for result in entry["ended"]]
        code = pool.replace(member)
        return [] if self.pause_requested else self._given_up(numbers, code)

    def _given_up(self, numbers: list[int], code: int) -> list[TrialResult]:
        """Let the trials of a worker that died be trained again; return those not tried again."""
        for number in numbers:
            self._deaths[number] = self._deaths.get(number, 0) + 1
        # They go on from their last checkpoints.
        self._waiting[:0] = [n for n in numbers if self._deaths[n] < MOST_DEATHS]
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        why = f"its process ended {how}, {MOST_DEATHS} times"
        return [
            TrialResult(n, self.directory.trial(n).name, self._parameters[n], FAILED, why)
            for n in numbers
            if self._deaths[n] >= MOST_DEATHS
        ]

    def _close(self, status: str) -> None:
        """Write down how it ended; a disk that fails now must not hide why it did so early."""
        self.status = status
        with contextlib.nullcontext() if status == "finished" else contextlib.suppress(NnctlError):
            self._write_record()
            text = results_csv(self.in_order, [*self.file.sweep.parameters], self.metric)
            write_atomically(self.directory.results, text.encode())
            write_best(self.directory, self.in_order, self.metric)

    def _write_record(self) -> None:
        write_json(self.directory.record, self.record())

    def _importance(self) -> dict[str, float]:
        return importances(self.in_order, self.file.sweep.parameters, self.metric)

    def record(self) -> dict[str, Any]:
        """Return what sweep.json says."""
        return {
            **header(self.file.sweep, self.metric, self.count, self.data, self.status),
            "best": best_entry(self.ended.values(), self.metric),
            "importance": self._importance() if self.status == "finished" else {},
            "results": [result.to_dict() for result in self.in_order],
        }
