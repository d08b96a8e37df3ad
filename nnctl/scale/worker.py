"""A process that trains trials, one after another or several stacked; the sweep tells it which.

Messages are JSON, over a socket. A thread reads them, so that a pause is heard while a trial is
trained, and so that the worker ends at once when the sweep does, however that died: at any moment
all that is needed to go on is on the disk.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import traceback
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

from nnctl.config import Config
from nnctl.config.sweep_loading import SweepFile, load_sweep
from nnctl.errors import NnctlError
from nnctl.runs.sweep import SweepDirectory
from nnctl.scale.results import (
    FAILED,
    FINISHED,
    PRUNED,
    TrialResult,
    described,
    epochs_of,
    finite,
    status_of,
)
from nnctl.scale.space import Parameters
from nnctl.scale.trial import (
    TableStore,
    begin_trial,
    finished_summary,
    is_pruned,
    pruned_result,
)
from nnctl.training.experiment import Experiment
from nnctl.training.loop import EpochResult, Trainer
from nnctl.training.together import JointTraining

PAUSE = "pause"


class Post:
    """What the sweep and the worker write to one another."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.orders: SimpleQueue[Any] = SimpleQueue()
        self.pause_requested = False
        self.training: Trainer | JointTraining | None = None  # the one in hand
        Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                message = json.loads(self.connection.recv_bytes())
                if message == PAUSE:
                    self.pause_requested = True
                    self.pause_training()
                else:
                    self.orders.put(message)
        os._exit(0)  # the sweep has ended, and with it all that it is good for

    def train(self, training: Trainer | JointTraining) -> None:
        """Take a training in hand; a pause may have been requested while it was being made."""
        self.training = training
        self.pause_training()

    def pause_training(self) -> None:
        """Let the training in hand end after its batch, if a pause was requested."""
        if self.pause_requested and self.training is not None:
            self.training.pause()

    def send(self, message: Any) -> None:
        """Write to the sweep."""
        with contextlib.suppress(OSError):  # it has ended, and this process is about to
            self.connection.send_bytes(json.dumps(message).encode())


class Worker:
    """Trains the trials of one sweep."""

    def __init__(self, post: Post, directory: SweepDirectory) -> None:
        self.post, self.directory = post, directory
        self.file: SweepFile = load_sweep(directory.sweep)
        self.store = TableStore()

    def work(self) -> None:
        """Train what is ordered, for ever."""
        while True:
            order = self.post.orders.get()
            trials = dict(order["trials"])
            if len(trials) > 1:
                results = StackedTrials(self, trials).results()
            else:
                results = [self.result(*trial, order["reported"]) for trial in trials.items()]
            ended = [result.to_dict() for result in results if result is not None]
            self.post.send({"ended": ended})

    def result(
        self, number: int, parameters: Parameters, reported: str | None
    ) -> TrialResult | None:
        """Train a trial, and return how it ended; None where a pause came before its end."""
        run = self.directory.trial(number)
        config = partial(self.file.trial_config, parameters)
        return self.outcome(
            number,
            parameters,
            lambda: finished_summary(run, config) or self.trained(number, config, reported),
        )

    def outcome(
        self, number: int, parameters: Parameters, train: Callable[[], dict[str, Any] | None]
    ) -> TrialResult | None:
        """Return how a trial ends whose summary is what `train` returns, if it gets that far."""
        run = self.directory.trial(number)
        try:
            summary = train()
        except NnctlError as error:
            status, why = status_of(error), described(error)
            epochs = epochs_of(run, status)
            return TrialResult(number, run.name, parameters, status, why, epochs)
        except Exception as error:
            traceback.print_exc()
            why = f"a bug in nnctl: {type(error).__name__}: {error}"
            return TrialResult(number, run.name, parameters, FAILED, why)
        if summary is None:
            return pruned_result(run, number, parameters)
        epochs, best = summary["epochs"], summary["best_epoch"]
        metrics = finite(summary["best"])
        return TrialResult(number, run.name, parameters, FINISHED, None, epochs, best, metrics)

    def trained(
        self, number: int, config: Callable[[], Config], reported: str | None
    ) -> dict[str, Any] | None:
        """Train a trial to its end and return its summary; None if it does not get there."""
        run = self.directory.trial(number)
        if is_pruned(run):
            return None
        experiment = begin_trial(config(), run, self.store)
        self.post.train(experiment.assembly.trainer)
        try:
            with contextlib.closing(experiment.epochs()) as epochs:
                pruned = self.is_pruned(experiment, epochs, reported)
            if pruned:
                experiment.set_status(PRUNED)
            return experiment.finish() if experiment.is_trained and not pruned else None
        finally:
            self.post.training = None

    def is_pruned(
        self, experiment: Experiment, epochs: Iterable[EpochResult], reported: str | None
    ) -> bool:
        """Train as long as there are epochs; tell whether the sweep ended it before."""
        if reported is not None and self.ends_here(experiment, reported):
            return True  # the sweep had said so, and was killed before that could be written
        return any(reported is not None and self.ends_here(experiment, reported) for _ in epochs)

    def ends_here(self, experiment: Experiment, reported: str) -> bool:
        """Report the last epoch; return whether it is to be the last one of the trial.

        A trial that does not measure what is reported, as one without validation rows, goes on.
        """
        row = experiment.history[-1] if experiment.history else {}
        if reported not in row or experiment.is_trained:
            return False
        self.post.send([row["epoch"], row[reported]])
        return bool(self.post.orders.get())


class StackedTrials:
    """Trials of one architecture in the hands of a worker, which trains them together."""

    def __init__(self, worker: Worker, trials: Mapping[int, Parameters]) -> None:
        self.worker, self.trials = worker, trials
        self.found: dict[int, TrialResult | None] = {}
        self.experiments: dict[int, Experiment] = {}

    def results(self) -> list[TrialResult | None]:
        """Train them, and return how each ended; None where a pause came before its end."""
        for number in self.trials:
            self._take_in(number, partial(self._begun, number))
        training = JointTraining([*self.experiments.values()])
        self.worker.post.train(training)
        try:
            with contextlib.closing(training.epochs()) as epochs:
                for _ in epochs:
                    self._finish(training)
            self._finish(training)
        except Exception as error:  # as of a full disk, which ends them all
            for number in self.experiments.keys() - self.found.keys():
                self._take_in(number, partial(reraised, error))
        finally:
            self.worker.post.training = None
        return [*self.found.values()]

    def _take_in(self, number: int, train: Callable[[], dict[str, Any] | None]) -> None:
        result = self.worker.outcome(number, self.trials[number], train)
        if result is not None:
            self.found[number] = result

    def _begun(self, number: int) -> dict[str, Any] | None:
        """Return the summary of a trial that had ended; else take it among those to be trained."""
        worker, run = self.worker, self.worker.directory.trial(number)
        config = partial(worker.file.trial_config, self.trials[number])
        summary = finished_summary(run, config)
        if summary is None and not is_pruned(run):
            first = next(iter(self.experiments.values()), None)
            dataset = None if first is None else first.dataset
            self.experiments[number] = begin_trial(config(), run, worker.store, dataset)
        return summary

    def _finish(self, training: JointTraining) -> None:
        numbers, experiments = [*self.experiments], training.experiments
        while training.ended:
            index, error = training.ended.popleft()
            finish = experiments[index].finish if error is None else partial(reraised, error)
            self._take_in(numbers[index], finish)


def reraised(error: Exception) -> None:
    """Raise the error."""
    raise error


def main(descriptor: str, directory: str) -> None:
    """Be a worker of the sweep at `directory`, at the other end of the socket `descriptor`."""
    gc.freeze()  # what was imported stays, and need not be looked through
    post = Post(Connection(int(descriptor)))
    Worker(post, SweepDirectory(Path(directory))).work()
