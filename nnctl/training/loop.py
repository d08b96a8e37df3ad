"""The training loop: a generator that yields one epoch's result after another.

It knows no disk and no screen. Batch, mini-batch and stochastic gradient descent are one thing
here: a batch of all rows, of some, or of one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import copy_context
from typing import NamedTuple, TypeVar

import numpy as np

from nnctl.errors import DivergenceError
from nnctl.nn.descent import Optimizer
from nnctl.nn.loss import Loss
from nnctl.nn.network import Network
from nnctl.nn.operations import is_finite
from nnctl.nn.schedules import LearningRate
from nnctl.training.decoding import Decoder
from nnctl.training.divergence import Origin, find_origin
from nnctl.training.evaluation import Evaluator, Examples
from nnctl.training.observing import Observer, restored_observations
from nnctl.training.setback import MOST_HALVINGS, Beginning
from nnctl.training.snapshot import Snapshot
from nnctl.training.steps import EpochSettings, NotFiniteError, Progress, Steps
from nnctl.training.stopping import EarlyStopping
from nnctl.training.trajectory import no_trajectory, restored_trajectory

Measured = TypeVar("Measured")  # a number, or one for each of stacked networks


class EpochResult(NamedTuple):
    """What an epoch brought; `values` are the row of the history."""

    epoch: int  # counted from 1
    values: dict[str, float]  # learning_rate, train_loss, validation_loss, train_accuracy, ...
    improved: bool  # whether this is the best epoch so far
    stop: bool  # whether patience is used up
    notices: tuple[str, ...] = ()  # what a person should know of it, a sentence each


class Trainer:
    """A network in training: what an epoch changes, and nothing else."""

    def __init__(
        self,
        network: Network,
        loss: Loss,
        decoder: Decoder,
        optimizer: Optimizer,
        learning_rate: LearningRate,
        stopping: EarlyStopping,
        train: Examples,
        validation: Examples | None,
        settings: EpochSettings,
    ) -> None:
        self.network, self.loss, self.decoder = network, loss, decoder
        self.optimizer, self.learning_rate, self.stopping = optimizer, learning_rate, stopping
        self.train, self.validation, self.settings = train, validation, settings
        self.steps = Steps(network, loss, optimizer, train, settings)
        self.batch_rows = self.steps.batch_rows
        self.observer = Observer(network, loss, train, self.batch_rows)
        self.evaluator = Evaluator(network, loss, decoder, len(validation)) if validation else None
        self.trajectory = no_trajectory(network)
        self.epoch = 0  # epochs finished
        self.progress: Progress | None = None  # of the epoch that has begun, if one has
        self.pause_requested = False
        self.setbacks: list[str] = []  # what the next result has to say of them
        self.best_parameters, self.best_state = network.parameters.copy(), network.state.copy()
        # The loss of a full batch is that of the weights before its only step. They, and not those
        # after it, are the best ones where such a loss is.
        measured_first = stopping.rule.monitor.startswith("train_") and self.batch_rows == len(
            train
        )
        self.measured_parameters = self.best_parameters.copy() if measured_first else None
        self._join_trajectory()
        self.snapshot, self._spare = Snapshot(), Snapshot()
        self.take_snapshot()
        halving = settings.on_divergence == "halve_learning_rate"
        self.beginning = Beginning(self) if halving else None

    def pause(self) -> None:
        """Let `epochs` end after the batch in hand; a signal handler may call it at any time."""
        self.pause_requested = True

    def is_done(self, last: int) -> bool:
        """Whether epoch `last` has ended, or the patience is used up."""
        return self.epoch >= last or self.stopping.should_stop

    def epochs(self, last: int) -> Iterator[EpochResult]:
        """Train up to epoch `last` or until the patience is used up, yielding after each epoch.

        Ends after the batch in hand where a pause was requested, and goes on from there when it is
        called again. Raises DivergenceError when a number is not finite and nothing else is to be
        done about it.
        """
        # What overflows makes the loss or a parameter infinite, and that is told as divergence.
        # What NumPy warns of belongs to a context. One made for that is entered in no time, and
        # whoever is yielded to is not in it.
        silence = copy_context()
        silence.run(np.seterr, over="ignore", invalid="ignore", divide="ignore")
        while not self.is_done(last) and not self.pause_requested:
            result = silence.run(self._one_epoch)
            if result is not None:
                yield result

    def _one_epoch(self) -> EpochResult | None:
        """Train and measure an epoch; None where a pause or a setback came before its end."""
        learning_rate = self.learning_rate.rate(self.epoch)
        progress = self.begun()
        observed = self.observer.is_due(self.epoch + 1)
        try:
            if not self.steps.take(
                progress,
                self.epoch,
                learning_rate,
                lambda: self.pause_requested,
                self.observer.remember_weights if observed else None,
            ):
                return None
            self._require_finite(progress)
        except NotFiniteError as error:
            self._set_back(error, learning_rate)
            return None
        values = {"learning_rate": learning_rate, "train_loss": progress.loss}
        values |= named("train", self._measured(progress))
        if self.validation is not None and self.evaluator is not None:
            evaluation = self.evaluator.evaluate(self.validation, self.settings.metrics)
            values |= named("validation", evaluation.values)
        if self.settings.plateau_monitor is not None:
            self.learning_rate.observe(values[self.settings.plateau_monitor])
        self.epoch, self.progress = self.epoch + 1, None
        if observed:
            self.observer.observe(self.epoch)
        self._join_trajectory()
        improved = self.stopping.update(self.epoch, self._watched(values, progress.penalty))
        if improved or self.stopping.best_epoch is None:
            self._keep_as_best()
        notices, self.setbacks = tuple(self.setbacks), []
        if progress.skipped:
            batches = f"{progress.skipped} of {progress.batches} batches"
            notices += (f"epoch {self.epoch}: {batches} skipped, whose numbers were not finite",)
        return EpochResult(self.epoch, values, improved, self.stopping.should_stop, notices)

    def _join_trajectory(self) -> None:
        if self.trajectory.is_due(self.epoch):
            self.trajectory = self.trajectory.joined_by(self.epoch, self.network)

    def begun(self) -> Progress:
        """Return the progress of the epoch in hand, a new one unless it has begun before.

        It begins anew where another number of processes has other shards, and so other batches.
        """
        shards = self.steps.shards
        if self.progress is not None and self.progress.shards != shards:
            counts = f"were of {self.progress.shards} shards, and are of {shards} now"
            self.setbacks.append(f"epoch {self.epoch + 1} begins anew: its batches {counts}")
            self.progress = None
        if self.progress is None:
            self.progress = Progress(penalty=self.steps.penalty.value(), shards=shards)
            if self.measured_parameters is not None:
                self.measured_parameters[...] = self.network.parameters
        return self.progress

    def _require_finite(self, progress: Progress) -> None:
        if not (is_finite(self.network.parameters) and is_finite(self.network.state)):
            raise NotFiniteError("a parameter is not finite")
        if progress.rows == 0:
            raise NotFiniteError("every batch was skipped")
        if self.beginning is not None and self.beginning.is_ruined(self, progress.loss):
            raise NotFiniteError(f"the loss became {progress.loss:g}")

    def _measured(self, progress: Progress) -> dict[str, float]:
        """Return the metrics of the outputs that the epoch's batches gave on the way."""
        sample_weight = self.train.sample_weight
        return self.decoder.metrics(
            self.settings.metrics,
            self.steps.outputs[: progress.rows],
            self.steps.seen(self.train.targets, progress),
            None if sample_weight is None else self.steps.seen(sample_weight, progress),
        )

    def _watched(self, values: dict[str, float], penalty_before: float) -> float:
        """Return what the best epoch is chosen by: the monitored value.

        The training loss is joined by the penalties of the weights that it was measured with.
        Without them the least regularized epoch would pass for the best.
        """
        monitor = self.stopping.rule.monitor
        if monitor != "train_loss":
            return values[monitor]
        before = self.measured_parameters is not None
        return values[monitor] + (penalty_before if before else self.steps.penalty.value())

    def _keep_as_best(self) -> None:
        measured = self.measured_parameters
        self.best_parameters[...] = self.network.parameters if measured is None else measured
        self.best_state[...] = self.network.state

    def take_snapshot(self) -> None:
        """Put the present state into `snapshot`; only between two batches does it belong together.

        At once, for a signal may come.
        """
        weights = {
            "parameters": self.network.parameters,
            "state": self.network.state,
            "best_parameters": self.best_parameters,
            "best_state": self.best_state,
        }
        fresh = self._spare
        fresh.take(self.epoch, self.optimizer, self.learning_rate, self.stopping, weights)
        fresh.arrays |= self.observer.observations.arrays()
        fresh.trajectory = self.trajectory
        fresh.setbacks = (*self.setbacks,)
        if self.progress is not None:
            fresh.take_progress(self.progress, self.steps.outputs, self.steps.order)
        self._spare, self.snapshot = self.snapshot, fresh

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot, to the bit; ValueError where it is of another network."""
        arrays = snapshot.arrays
        for name, own in (
            ("parameters", self.network.parameters),
            ("state", self.network.state),
            ("best_parameters", self.best_parameters),
            ("best_state", self.best_state),
        ):
            if arrays[name].shape != own.shape:
                raise ValueError(f"its {name} must have shape {own.shape}")
            own[...] = arrays[name]
        self.optimizer.restore(snapshot.slots(), snapshot.optimizer_steps)
        self.learning_rate.restore(snapshot.learning_rate)
        self.stopping.restore(snapshot.stopping)
        self.observer.observations = restored_observations(arrays, len(self.network.layers))
        kept = snapshot.trajectory or restored_trajectory(arrays, self.network, snapshot.epoch)
        self.trajectory = kept
        self.epoch, self.progress = snapshot.epoch, None
        self.setbacks = [*snapshot.setbacks]
        if snapshot.progress is not None:
            self.progress = Progress(**snapshot.progress)
            rows = self.progress.rows
            self.steps.outputs[:rows] = arrays["epoch_outputs"]
            self.steps.order[:rows] = arrays["epoch_order"]
        self.take_snapshot()

    def _set_back(self, error: NotFiniteError, learning_rate: float) -> None:
        """Go back to better weights with half the learning rate, or raise DivergenceError."""
        if self.beginning is not None and self.learning_rate.halvings < MOST_HALVINGS:
            taken = self.beginning.set_back(self)
            self.setbacks.append(
                f"epoch {self.epoch + 1} diverged at learning rate {learning_rate:g}: begun anew "
                f"at {self.learning_rate.rate(self.epoch):g} with {taken}"
            )
            self.take_snapshot()
            return
        origin = Origin(error.what, error.batch)
        if self.settings.on_divergence != "skip_batch":
            origin = find_origin(self, learning_rate) or origin
        batch = "" if origin.batch is None else f", batch {origin.batch + 1}"
        rate = f"learning rate {learning_rate:g}{self._halved()}"
        raise DivergenceError(
            f"training diverged in epoch {self.epoch + 1}{batch}: {origin.what}, at {rate}; "
            "lower optimizer.learning_rate, scale the data, or set training.gradient_clipping"
        ) from error

    def _halved(self) -> str:
        """Return why the learning rate is not the one in the config, where setbacks are why."""
        times, first = self.learning_rate.halvings, self.learning_rate.learning_rate
        halvings = f"{times} halving{'s' if times > 1 else ''}"
        return f" after {halvings}, from {first:g}" if times else ""


def named(set_name: str, values: dict[str, Measured]) -> dict[str, Measured]:
    """Put a set's name before each metric: `loss` becomes `train_loss`."""
    return {f"{set_name}_{name}": value for name, value in values.items()}
