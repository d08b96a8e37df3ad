"""The steps of an epoch, taken by several networks at once: one set of products for all of them.

A small network spends its time on the calls of a step, not on its numbers. Of 64 networks stacked
each call is made once, and each network has the bytes that it has alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnctl.data.arrays import FloatArray, IntArray
from nnctl.data.batching import shuffled_order
from nnctl.data.streams import stream
from nnctl.nn.descent import Optimizer
from nnctl.nn.layers import Dropout
from nnctl.nn.loss import Loss
from nnctl.nn.network import Network, Workspace
from nnctl.nn.objective import Objective
from nnctl.nn.penalties import WeightPenalty
from nnctl.nn.stage import leading_rows
from nnctl.training.evaluation import Examples
from nnctl.training.steps import EpochSettings, regularize


class StackedSteps:
    """Everything that a step of n stacked networks needs; they share the rows, not their order."""

    def __init__(
        self,
        network: Network,
        loss: Loss,
        optimizer: Optimizer,
        train: Examples,
        settings: Sequence[EpochSettings],
    ) -> None:
        """`settings` are those of each network; they differ in seed, l1 and l2."""
        self.network, self.optimizer, self.train = network, optimizer, train
        self.seeds, self.settings = [each.seed for each in settings], settings[0]
        self.batch_rows = min(self.settings.batch_size, len(train))
        self.shuffle = self.settings.shuffle and self.batch_rows < len(train)
        self.workspace = Workspace(network, self.batch_rows)
        self.has_dropout = any(isinstance(stage, Dropout) for stage in self.workspace.stages)
        activation, shape = network.layers[-1].activation, (self.batch_rows, network.n_outputs)
        self.objective = Objective(activation, loss, *shape, network.dtype, network.stack)
        n = network.n_weights
        weights, gradients = network.parameters[:, :n], self.workspace.gradients[:, :n]
        l1, l2 = column([each.l1 for each in settings]), column([each.l2 for each in settings])
        self.penalty = WeightPenalty(weights, gradients, l1, l2)
        self.batches = StackedBatches(train, len(settings), self.batch_rows, shuffle=self.shuffle)
        # In the order in which each network saw the rows.
        shape_of_all = (len(settings), len(train), network.n_outputs)
        self.outputs: FloatArray = np.empty(shape_of_all, network.dtype)

    def take(
        self, epoch: int, learning_rates: FloatArray, before_last: Callable[[], None] | None = None
    ) -> FloatArray:
        """Take the steps of an epoch, each network at its own rate (n, 1); return the losses (n,).

        `before_last` is called before the last step. What is not finite is left to the caller.
        """
        if self.shuffle:
            self.batches.reorder(self.seeds, epoch)
        n_rows, loss_sum, share_sum = len(self.train), *np.zeros((2, len(self.seeds)))
        for batch, start in enumerate(range(0, n_rows, self.batch_rows)):
            rows = slice(start, min(start + self.batch_rows, n_rows))
            if before_last is not None and rows.stop == n_rows:
                before_last()
            loss, share = self._propagate(epoch, batch, rows)
            self.optimizer.step(self.workspace.gradients, learning_rates)
            loss_sum += share * loss
            share_sum += share
        losses: FloatArray = loss_sum / np.where(share_sum > 0.0, share_sum, 1.0)
        return losses

    def _propagate(
        self, epoch: int, batch: int, rows: slice
    ) -> tuple[FloatArray, FloatArray | float]:
        """Pass a batch forward and back; return each network's loss (n,) and total weight."""
        n_rows = rows.stop - rows.start
        workspace, objective = self.workspace.narrowed(n_rows), self.objective.narrowed(n_rows)
        inputs, encoded, weights = self.batches.gather(rows)
        if self.has_dropout:
            workspace.draw_masks(*(stream(seed, "dropout", epoch, batch) for seed in self.seeds))
        scores = workspace.forward(inputs)
        loss: FloatArray = objective(scores, encoded, weights)
        self.outputs[:, rows] = objective.decisions(scores)
        workspace.backward(objective.d_scores)
        regularize(self.workspace.gradients, self.penalty, self.settings)
        return loss, float(n_rows) if weights is None else weights.sum(axis=-1).astype(np.float64)


class StackedBatches:
    """The rows of each batch, others for each of n networks where they are shuffled.

    Where they are not, all networks take the same inputs, and only targets and weights, which
    elementwise operations meet, are spread over an axis of networks.
    """

    def __init__(self, examples: Examples, n: int, batch_rows: int, *, shuffle: bool) -> None:
        self.examples, self.n = examples, n
        self.orders: IntArray | None = None  # (n, n_rows), of the epoch in hand
        if shuffle:
            self.inputs, self.encoded = (
                np.empty((n, batch_rows, values.shape[1]), values.dtype)
                for values in (examples.inputs, examples.encoded)
            )
            return
        self.encoded = spread(examples.encoded, n)
        self.weights = None if examples.weights is None else spread(examples.weights, n)

    def reorder(self, seeds: Sequence[int], epoch: int) -> None:
        """Draw the epoch's order for each network, as it has it alone."""
        n_rows = len(self.examples)
        self.orders = np.stack([shuffled_order(n_rows, seed, epoch) for seed in seeds])

    def gather(self, rows: slice) -> tuple[FloatArray, FloatArray, FloatArray | None]:
        """Return inputs (n, rows, n_inputs) or those of all, encoded targets and weights."""
        examples = self.examples
        if self.orders is None:
            weights = None if self.weights is None else self.weights[:, rows]
            return examples.inputs[rows], self.encoded[:, rows], weights
        chosen = self.orders[:, rows]
        n_rows = chosen.shape[1]
        inputs = examples.inputs.take(chosen, 0, leading_rows(self.inputs, n_rows), "clip")
        encoded = examples.encoded.take(chosen, 0, leading_rows(self.encoded, n_rows), "clip")
        return inputs, encoded, None if examples.weights is None else examples.weights[chosen]

    def seen(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the values (n_rows, ...) of all rows in each network's order: (n, n_rows, ...)."""
        if self.orders is None:
            return seen_by_all(values, self.n)
        return values[self.orders]


def column(values: Sequence[float]) -> FloatArray:
    """Return a number for each of n networks as (n, 1), in float64."""
    return np.array(values, np.float64)[:, np.newaxis]


def spread(values: NDArray[Any], n: int) -> NDArray[Any]:
    """Return the same values for each of n networks, copied: (n, ...)."""
    return seen_by_all(values, n).copy()


def seen_by_all(values: NDArray[Any], n: int) -> NDArray[Any]:
    """Return the same values, as each of n networks sees them: (n, ...)."""
    return np.broadcast_to(values, (n, *values.shape))
