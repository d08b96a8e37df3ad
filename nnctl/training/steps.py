"""The steps of an epoch: a forward pass, a backward pass and an update for every batch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnctl.data.arrays import FloatArray, IntArray
from nnctl.data.batching import batches, own_order
from nnctl.data.streams import stream
from nnctl.nn.clipping import clip_by_norm, clip_by_value
from nnctl.nn.descent import Optimizer
from nnctl.nn.layers import Dropout
from nnctl.nn.loss import Loss
from nnctl.nn.network import Network, Workspace
from nnctl.nn.objective import Objective
from nnctl.nn.operations import is_finite
from nnctl.nn.penalties import WeightPenalty
from nnctl.training.evaluation import Examples


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
    on_divergence: str = "stop"  # or skip_batch, halve_learning_rate


@dataclass
class Progress:
    """How far an epoch has come, and the sums over its batches so far."""

    batches: int = 0
    rows: int = 0  # without those of batches that were skipped
    loss_sum: float = 0.0
    share_sum: float = 0.0
    penalty: float = 0.0  # of the weights with which the epoch began
    skipped: int = 0  # batches without an update, since they gave no finite one
    shards: int = 1  # in which the rows were dealt out as the epoch began: its batches follow

    @property
    def loss(self) -> float:
        """The mean loss of the rows so far, by their weights."""
        return self.loss_sum / self.share_sum if self.share_sum > 0.0 else 0.0


class NotFiniteError(Exception):
    """A batch gave a number that is not finite; `batch` counts from 0, None stands for the end."""

    def __init__(self, what: str, batch: int | None = None) -> None:
        super().__init__(what)
        self.what, self.batch = what, batch


class Batches:
    """The rows of each batch: gathered into buffers, or where they lie side by side, as they are.

    `in_order` promises that every batch is of rows that follow one another.
    """

    def __init__(self, examples: Examples, batch_size: int, *, in_order: bool) -> None:
        self.examples, self.in_order = examples, in_order
        n, weights = 0 if in_order else batch_size, examples.weights
        inputs = examples.inputs
        self.inputs: FloatArray = np.empty((n, inputs.shape[1]), inputs.dtype)
        self.encoded: FloatArray = np.empty_like(examples.encoded[:n])
        self.weights = None if weights is None else np.empty_like(weights[:n])
        self.all_rows = examples.inputs, examples.encoded, examples.weights

    def gather(self, rows: IntArray) -> tuple[FloatArray, FloatArray, FloatArray | None]:
        """Return inputs, encoded targets and weights of these rows, valid until the next call."""
        n, examples = len(rows), self.examples
        if self.in_order:
            if n == len(examples.inputs):
                return self.all_rows
            part = slice(rows[0], rows[0] + n)
            weights = None if examples.weights is None else examples.weights[part]
            return examples.inputs[part], examples.encoded[part], weights
        # The rows are known to be in range; without `mode` take copies once more to be safe.
        inputs = examples.inputs.take(rows, 0, self.inputs[:n], "clip")
        encoded = examples.encoded.take(rows, 0, self.encoded[:n], "clip")
        if self.weights is None or examples.weights is None:
            return inputs, encoded, None
        return inputs, encoded, examples.weights.take(rows, 0, self.weights[:n], "clip")


class Steps:
    """Everything that a step needs, made once; `outputs` and `order` fill up over an epoch."""

    shards = 1  # in which the rows are dealt out to several processes, each shuffled by itself

    def __init__(
        self,
        network: Network,
        loss: Loss,
        optimizer: Optimizer,
        train: Examples,
        settings: EpochSettings,
    ) -> None:
        self.network, self.loss, self.optimizer = network, loss, optimizer
        self.train, self.settings = train, settings
        self.batch_rows = min(settings.batch_size, self.n_rows)
        self.workspace = self._make_workspace()
        self.has_dropout = any(isinstance(stage, Dropout) for stage in self.workspace.stages)
        self.objective = self._make_objective()
        self.in_one_batch = self.batch_rows == self.n_rows
        # All rows at once need no order: their gradient is a sum.
        self.shuffle = settings.shuffle and not self.in_one_batch
        self.batches = Batches(train, self.batch_rows, in_order=not self.shuffle)
        n = network.n_weights
        self.penalty = WeightPenalty(
            network.parameters[:n], self.workspace.gradients[:n], settings.l1, settings.l2
        )
        self.outputs: FloatArray = np.empty((self.n_rows, network.n_outputs), network.dtype)
        self.order: IntArray = np.empty(self.n_rows, np.int64)  # the rows that the outputs are of

    def _make_workspace(self) -> Workspace:
        return Workspace(self.network, self.batch_rows)

    def _make_objective(self) -> Objective:
        network = self.network
        activation, shape = network.layers[-1].activation, (self.batch_rows, network.n_outputs)
        return Objective(activation, self.loss, *shape, network.dtype)

    @property
    def n_rows(self) -> int:
        """How many rows an epoch has."""
        return len(self.train)

    @property
    def alone(self) -> Steps | None:
        """The steps as this process takes them alone; None where it does not have all rows."""
        return self

    def deal(self, shards: int) -> None:
        """Take the batches that so many shards make; in the rows' own order, they are the same."""
        self.shards = shards if self.shuffle else 1

    @property
    def batches_in_epoch(self) -> int:
        """How many steps an epoch has."""
        return -(-self.n_rows // self.batch_rows)

    def remaining(self, progress: Progress, epoch: int) -> Iterable[IntArray]:
        """Return the rows of each batch that is still to come in the epoch."""
        if self.in_one_batch and progress.batches == 0:
            return (own_order(self.batch_rows),)
        n_rows, rows, seed = self.n_rows, self.batch_rows, self.settings.seed
        return batches(n_rows, rows, seed, epoch, self.shuffle, progress.batches, self.shards)

    def take(
        self,
        progress: Progress,
        epoch: int,
        learning_rate: float,
        paused: Callable[[], bool],
        before_last: Callable[[], None] | None = None,
    ) -> bool:
        """Take the steps that the epoch has left; False where a pause came before its end.

        `progress` is that after the last step; `before_last` is called before the epoch's last one.
        Raises NotFiniteError where a batch's loss is not finite and such batches are not to be
        skipped.
        """
        skip = self.settings.on_divergence == "skip_batch"
        state = self.network.state.copy() if skip else self.network.state
        for rows in self.remaining(progress, epoch):
            if before_last is not None and progress.batches == self.batches_in_epoch - 1:
                before_last()
            outputs = self.outputs[progress.rows : progress.rows + len(rows)]
            loss, share = self.propagate(progress.batches, rows, epoch, outputs)
            if skip and not (math.isfinite(loss) and self._leaves_finite()):
                progress.skipped += 1
                self.network.state[...] = state  # running statistics have seen the batch
            elif not math.isfinite(loss):
                raise NotFiniteError(f"the loss became {loss}", progress.batches)
            else:
                self.optimizer.step(self.workspace.gradients, learning_rate)
                progress.loss_sum += share * loss
                progress.share_sum += share
                self.order[progress.rows : progress.rows + len(rows)] = rows
                progress.rows += len(rows)
                if skip:
                    state[...] = self.network.state
            progress.batches += 1
            if paused() and progress.batches < self.batches_in_epoch:
                return False
        return True

    def seen(self, values: NDArray[Any], progress: Progress) -> NDArray[Any]:
        """Return the values (n_rows, ...) of the rows that the epoch's outputs are of so far."""
        if self.batches.in_order and not progress.skipped:
            return values[: progress.rows]
        return values[self.order[: progress.rows]]

    def propagate(
        self, batch: int, rows: IntArray, epoch: int, outputs: FloatArray
    ) -> tuple[float, float]:
        """Pass a batch forward and, where its loss is finite, back; return loss and total weight.

        The outputs (n_rows, n_outputs) of its rows are written where they belong.
        """
        workspace = self.workspace.narrowed(len(rows))
        objective = self.objective.narrowed(len(rows))
        inputs, encoded, weights = self.batches.gather(rows)
        if self.has_dropout:
            workspace.draw_masks(stream(self.settings.seed, "dropout", epoch, batch))
        scores = workspace.forward(inputs)
        loss = objective(scores, encoded, weights)
        if math.isfinite(loss):
            outputs[...] = objective.decisions(scores)
            workspace.backward(objective.d_scores)
            regularize(self.workspace.gradients, self.penalty, self.settings)
        return loss, float(len(rows)) if weights is None else float(weights.sum())

    def _leaves_finite(self) -> bool:
        """Whether the batch gave finite gradients, and left finite running statistics."""
        return is_finite(self.workspace.gradients) and is_finite(self.network.state)


def regularize(gradients: FloatArray, penalty: WeightPenalty, settings: EpochSettings) -> None:
    """Add the penalty's gradient to gradients (..., n_parameters), and clip what is too large."""
    penalty.add_gradient()
    if settings.clip_value is not None:
        clip_by_value(gradients, settings.clip_value)
    if settings.clip_norm is not None:
        clip_by_norm(gradients, settings.clip_norm)
