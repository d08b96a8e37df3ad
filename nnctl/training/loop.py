"""The training loop: a generator that yields one epoch's result after another.

It knows no disk and no screen. Batch, mini-batch and stochastic gradient descent are one thing
here: a batch of all rows, of some, or of one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nnctl.data.arrays import FloatArray, IntArray
from nnctl.data.batching import batches
from nnctl.data.streams import stream
from nnctl.errors import DivergenceError
from nnctl.nn.clipping import clip_by_norm, clip_by_value
from nnctl.nn.descent import Optimizer
from nnctl.nn.layers import Dropout
from nnctl.nn.loss import Loss
from nnctl.nn.network import Network, Workspace
from nnctl.nn.objective import Objective
from nnctl.nn.penalties import WeightPenalty
from nnctl.nn.schedules import LearningRate
from nnctl.training.decoding import Decoder
from nnctl.training.evaluation import Evaluator, Examples
from nnctl.training.snapshot import Snapshot
from nnctl.training.stopping import EarlyStopping


@dataclass(frozen=True)
class EpochSettings:
    """How an epoch goes through the training rows."""

    seed: int
    batch_size: int
    shuffle: bool
    metrics: tuple[str, ...]
    l1: float = 0.0
    l2: float = 0.0
    clip_norm: float | None = None
    clip_value: float | None = None
    plateau_monitor: str | None = None  # what a schedule that watches is told


@dataclass(frozen=True)
class EpochResult:
    """What an epoch brought; `values` are the row of the history."""

    epoch: int  # counted from 1
    values: dict[str, float]  # learning_rate, train_loss, validation_loss, train_accuracy, ...
    improved: bool  # whether this is the best epoch so far
    stop: bool  # whether patience is used up


class Batches:
    """Buffers into which the rows of each batch are gathered."""

    def __init__(self, examples: Examples, batch_size: int) -> None:
        self.examples = examples
        self.inputs: FloatArray = np.empty_like(examples.inputs[:batch_size])
        self.encoded: FloatArray = np.empty_like(examples.encoded[:batch_size])
        weights = examples.weights
        self.weights = None if weights is None else np.empty_like(weights[:batch_size])

    def gather(self, rows: IntArray) -> tuple[FloatArray, FloatArray, FloatArray | None]:
        """Return inputs, encoded targets and weights of these rows, valid until the next call."""
        n = len(rows)
        # The rows are known to be in range; without `mode` take copies once more to be safe.
        inputs = np.take(self.examples.inputs, rows, 0, out=self.inputs[:n], mode="clip")
        encoded = np.take(self.examples.encoded, rows, 0, out=self.encoded[:n], mode="clip")
        if self.weights is None or self.examples.weights is None:
            return inputs, encoded, None
        weights = np.take(self.examples.weights, rows, 0, out=self.weights[:n], mode="clip")
        return inputs, encoded, weights


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
        rows = min(settings.batch_size, len(train))
        self.batch_rows = rows
        self.workspace = Workspace(network, rows)
        self.has_dropout = any(isinstance(stage, Dropout) for stage in self.workspace.stages)
        activation = network.layers[-1].activation
        self.objective = Objective(activation, loss, rows, network.n_outputs, network.dtype)
        self.batches = Batches(train, rows)
        n = network.n_weights
        self.penalty = WeightPenalty(
            network.parameters[:n], self.workspace.gradients[:n], settings.l1, settings.l2
        )
        self.outputs: FloatArray = np.empty((len(train), network.n_outputs), network.dtype)
        self.evaluator = Evaluator(network, loss, decoder, len(validation)) if validation else None
        self.epoch = 0  # epochs finished
        self.best_parameters, self.best_state = network.parameters.copy(), network.state.copy()
        # The loss of a full batch is that of the weights before its only step. They, and not those
        # after it, are the best ones where such a loss is.
        measured_first = stopping.rule.monitor.startswith("train_") and rows == len(train)
        self.measured_parameters = self.best_parameters.copy() if measured_first else None
        self.snapshot, self._spare = Snapshot(), Snapshot()
        self.take_snapshot()

    def epochs(self, last: int) -> Iterator[EpochResult]:
        """Train up to epoch `last` or until the patience is used up, yielding after each epoch.

        Raises DivergenceError when the loss of a batch, or a parameter at the end, is not finite.
        """
        while self.epoch < last and not self.stopping.should_stop:
            # What overflows makes the loss or a parameter infinite, and that is told as divergence.
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                result = self._one_epoch()
            yield result

    def _one_epoch(self) -> EpochResult:
        values = {"learning_rate": self.learning_rate.rate(self.epoch)}
        penalty = self.penalty.value()
        if self.measured_parameters is not None:
            self.measured_parameters[...] = self.network.parameters
        values |= named("train", self._train_epoch(values["learning_rate"]))
        if not all(np.isfinite(v).all() for v in (self.network.parameters, self.network.state)):
            raise self._divergence("a parameter is not finite after", values["learning_rate"])
        if self.validation is not None and self.evaluator is not None:
            evaluation = self.evaluator.evaluate(self.validation, self.settings.metrics)
            values |= named("validation", evaluation.values)
        if self.settings.plateau_monitor is not None:
            self.learning_rate.observe(values[self.settings.plateau_monitor])
        self.epoch += 1
        improved = self.stopping.update(self.epoch, self._watched(values, penalty))
        if improved or self.stopping.best_epoch is None:
            self._keep_as_best()
        return EpochResult(self.epoch, values, improved, self.stopping.should_stop)

    def _watched(self, values: dict[str, float], penalty_before: float) -> float:
        """Return what the best epoch is chosen by: the monitored value.

        The training loss is joined by the penalties of the weights that it was measured with.
        Without them the least regularized epoch would pass for the best.
        """
        monitor = self.stopping.rule.monitor
        if monitor != "train_loss":
            return values[monitor]
        before = self.measured_parameters is not None
        return values[monitor] + (penalty_before if before else self.penalty.value())

    def _keep_as_best(self) -> None:
        measured = self.measured_parameters
        self.best_parameters[...] = self.network.parameters if measured is None else measured
        self.best_state[...] = self.network.state

    def take_snapshot(self) -> None:
        """Put the state after the last epoch into `snapshot`: at once, for a signal may come."""
        weights = {
            "parameters": self.network.parameters,
            "state": self.network.state,
            "best_parameters": self.best_parameters,
            "best_state": self.best_state,
        }
        fresh = self._spare
        fresh.take(self.epoch, self.optimizer, self.learning_rate, self.stopping, weights)
        self._spare, self.snapshot = self.snapshot, fresh

    def _train_epoch(self, learning_rate: float) -> dict[str, float]:
        """Take a step for every batch; return the loss and metrics seen on the way."""
        settings, start = self.settings, 0
        loss_sum = share_sum = 0.0
        order = np.empty(len(self.train), np.int64)
        # All rows at once need no order: their gradient is a sum.
        shuffle = settings.shuffle and self.batch_rows < len(self.train)
        parts = batches(len(self.train), self.batch_rows, settings.seed, self.epoch, shuffle)
        for batch, rows in enumerate(parts):
            stop = start + len(rows)
            loss, share = self._step(batch, rows, learning_rate, self.outputs[start:stop])
            loss_sum += share * loss
            share_sum += share
            order[start:stop], start = rows, stop
        sample_weight = self.train.sample_weight
        metrics = self.decoder.metrics(
            settings.metrics,
            self.outputs,
            self.train.targets[order],
            None if sample_weight is None else sample_weight[order],
        )
        return {"loss": loss_sum / share_sum if share_sum > 0.0 else 0.0, **metrics}

    def _step(
        self, batch: int, rows: IntArray, learning_rate: float, outputs: FloatArray
    ) -> tuple[float, float]:
        """Forward, backward, update; return the batch's loss and its share of the epoch's."""
        workspace = self.workspace.narrowed(len(rows))
        objective = self.objective.narrowed(len(rows))
        inputs, encoded, weights = self.batches.gather(rows)
        if self.has_dropout:
            workspace.draw_masks(stream(self.settings.seed, "dropout", self.epoch, batch))
        scores = workspace.forward(inputs)
        loss = objective(scores, encoded, weights)
        if not math.isfinite(loss):
            raise self._divergence(f"the loss became {loss} in batch {batch + 1} of", learning_rate)
        outputs[...] = objective.decisions(scores)
        workspace.backward(objective.d_scores)
        self._regularize()
        self.optimizer.step(workspace.gradients, learning_rate)
        return loss, float(len(rows)) if weights is None else float(weights.sum())

    def _regularize(self) -> None:
        settings, gradients = self.settings, self.workspace.gradients
        self.penalty.add_gradient()
        if settings.clip_value is not None:
            clip_by_value(gradients, settings.clip_value)
        if settings.clip_norm is not None:
            clip_by_norm(gradients, settings.clip_norm)

    def _divergence(self, what: str, learning_rate: float) -> DivergenceError:
        return DivergenceError(
            f"training diverged: {what} epoch {self.epoch + 1}{self._first_not_finite()}, at "
            f"learning rate {learning_rate:g}; lower optimizer.learning_rate, scale the data, or "
            "set training.gradient_clipping"
        )

    def _first_not_finite(self) -> str:
        """Name the first layer whose parameters are not finite, as part of a sentence."""
        for slot in self.network.layout.slots:
            if not np.isfinite(self.network.parameters[slot.start : slot.stop]).all():
                return f" (first in the {slot.name} of layer {slot.layer + 1})"
        return ""


def named(set_name: str, values: dict[str, float]) -> dict[str, float]:
    """Put a set's name before each metric: `loss` becomes `train_loss`."""
    return {f"{set_name}_{name}": value for name, value in values.items()}
