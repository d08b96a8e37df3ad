"""The steps of an epoch, taken by several ranks: each has a part of every batch's rows.

A step is what one process makes of the whole batch, up to rounding. Each rank passes its rows
forward and back, one `Allreduce` adds up the gradients of their summed losses, these losses and the
rows' weights, and every rank divides, regularizes and updates its own copy of the network, alike.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from nnctl.data.arrays import FloatArray, IntArray
from nnctl.data.shards import Shard
from nnctl.data.streams import stream
from nnctl.nn.descent import Optimizer
from nnctl.nn.layers import Dropout
from nnctl.nn.loss import Loss
from nnctl.nn.network import Network, Workspace
from nnctl.nn.objective import Objective
from nnctl.scale.mpi import Ranks
from nnctl.scale.mpi_stages import SharedWorkspace, SummedObjective
from nnctl.training.evaluation import Examples
from nnctl.training.steps import EpochSettings, NotFiniteError, Progress, Steps, regularize

LOSS, SHARE, WISH = -3, -2, -1  # what is summed beside the gradients


@dataclass(frozen=True)
class Order:
    """What the others must know to take the steps that an epoch has left."""

    epoch: int
    learning_rate: float
    progress: dict[str, Any]
    optimizer_steps: int


class SharedSteps(Steps):
    """Steps that all ranks take together, of each of which this one does its part."""

    def __init__(
        self,
        network: Network,
        loss: Loss,
        optimizer: Optimizer,
        train: Examples,
        settings: EpochSettings,
        ranks: Ranks,
    ) -> None:
        self.ranks = ranks
        self._alone: Steps | None = None
        super().__init__(network, loss, optimizer, train, settings)
        self.masks = [
            Dropout(stage.rate, (self.batch_rows,), stage.mask.shape[-1], self.network.dtype)
            for stage in dropouts(self.workspace)
        ]
        self.sums: FloatArray = np.empty(len(self.network.parameters) + 3, self.network.dtype)
        self.wishes_to_pause: Callable[[], bool] = lambda: False
        self.pausing = False

    def in_place_of(self, steps: Steps) -> SharedSteps:
        """Take the place of what rank 0 does alone, and go on with its outputs so far."""
        self._alone, self.outputs, self.order = steps, steps.outputs, steps.order
        return self

    @property
    def alone(self) -> Steps | None:
        return self._alone

    @property
    def most_rows(self) -> int:
        """The rows of the largest part of a batch that a rank has."""
        return -(-self.batch_rows // self.ranks.size)

    def _make_workspace(self) -> Workspace:
        return SharedWorkspace(self.network, self.most_rows, self.ranks)

    def _make_objective(self) -> Objective:
        network, shape = self.network, (self.most_rows, self.network.n_outputs)
        return SummedObjective(network.layers[-1].activation, self.loss, *shape, network.dtype)

    def take(
        self,
        progress: Progress,
        epoch: int,
        learning_rate: float,
        paused: Callable[[], bool],
        before_last: Callable[[], None] | None = None,
    ) -> bool:
        """Take the epoch's steps with the others, as `Steps.take` does alone; rank 0 tells them.

        A rank that wishes to pause lets the others know with its part of a sum, and all pause after
        the same batch. At the end rank 0 has the outputs of all rows.
        """
        if self.ranks.leads:
            self.ranks.tell(Order(epoch, learning_rate, asdict(progress), self.optimizer.steps))
        self.wishes_to_pause, self.pausing = paused, False
        before = progress.rows
        with self.ranks.in_step(NotFiniteError):
            self.align()
            ended = super().take(progress, epoch, learning_rate, lambda: self.pausing, before_last)
            self.ranks.add_at_first(self.outputs[before : progress.rows])
        return ended

    def align(self) -> None:
        """Give every rank rank 0's numbers, where theirs are others.

        So they are at first, after a resume, or when training was set back. The bits of two
        machines may also part, where their processors round a long sum otherwise.
        """
        arrays = [self.network.parameters, self.network.state, *self.optimizer.slots.values()]
        checksum = 0
        for array in arrays:
            checksum = zlib.crc32(array.data, checksum)
        if not self.ranks.have_alike(checksum):
            for array in arrays:
                self.ranks.send(array)

    def propagate(
        self, batch: int, rows: IntArray, epoch: int, outputs: FloatArray
    ) -> tuple[float, float]:
        """Pass this rank's part of a batch forward and back; return what all have of the batch."""
        part, places = self._own_part(batch, rows)
        own = len(places)
        workspace, objective = self.workspace.narrowed(own), self.objective.narrowed(own)
        inputs, encoded, weights = self._gathered(places)
        if self.has_dropout:
            self._draw_masks(workspace, len(rows), part, epoch, batch)
        scores = workspace.forward(inputs)
        loss = objective(scores, encoded, weights)
        outputs[...] = 0.0  # where other ranks have other numbers, to which these are added
        outputs[part] = objective.decisions(scores)
        workspace.backward(objective.d_scores)
        loss, share = self._add_up(loss, float(own) if weights is None else float(weights.sum()))
        if math.isfinite(loss):
            regularize(self.workspace.gradients, self.penalty, self.settings)
        return loss, share

    def _own_part(self, batch: int, rows: IntArray) -> tuple[slice, IntArray]:
        """Return which of a batch's rows are for this rank, and where they stand in `train`."""
        part = self.ranks.part(len(rows))
        return part, rows[part]

    def _gathered(self, rows: IntArray) -> tuple[FloatArray, FloatArray, FloatArray | None]:
        if len(rows) > 0:
            return self.batches.gather(rows)
        train = self.train  # more ranks than rows: this one adds zeros
        return train.inputs[:0], train.encoded[:0], None if train.weights is None else np.empty(0)

    def _draw_masks(
        self, workspace: Workspace, rows: int, part: slice, epoch: int, batch: int
    ) -> None:
        """Drop what one process drops: draw for the whole batch, and keep this rank's part."""
        rng = stream(self.settings.seed, "dropout", epoch, batch)
        for stage, whole in zip(dropouts(workspace), self.masks, strict=True):
            drawn = whole.narrowed(rows)
            drawn.draw(rng)
            stage.mask[...] = drawn.mask[part]

    def _add_up(self, loss: float, share: float) -> tuple[float, float]:
        """Turn this rank's sums into all ranks' means; return the batch's loss and weight."""
        sums, gradients = self.sums, self.workspace.gradients
        sums[: len(gradients)] = gradients
        sums[LOSS], sums[SHARE], sums[WISH] = loss, share, self.wishes_to_pause()
        self.ranks.add(sums)
        self.pausing, total = bool(sums[WISH] > 0.0), float(sums[SHARE])
        divisor = 1.0 / total if total > 0.0 else 0.0
        np.multiply(sums[: len(gradients)], divisor, out=gradients)
        return float(sums[LOSS]) * divisor, total


class ShardedSteps(SharedSteps):
    """Steps that all ranks take together, each with the rows of its own shard.

    A batch has as many rows of each shard as of that many rows in their own order. Unshuffled, and
    of all rows, batches are therefore those of one process; shuffled, each shard is by itself.
    """

    def __init__(
        self,
        network: Network,
        loss: Loss,
        optimizer: Optimizer,
        train: Examples,
        settings: EpochSettings,
        ranks: Ranks,
        n_rows: int,
    ) -> None:
        """`train` is the shard, and `n_rows` the number of all training rows."""
        self._n_rows, self.shard = n_rows, Shard(ranks.rank, ranks.size)
        super().__init__(network, loss, optimizer, train, settings, ranks)
        self.deal(self.shard.count)

    @property
    def n_rows(self) -> int:
        return self._n_rows

    @property
    def alone(self) -> None:
        return None

    def _own_part(self, batch: int, rows: IntArray) -> tuple[slice, IntArray]:
        return self.shard.rows_from(batch * self.batch_rows), self.shard.of(rows)


def dropouts(workspace: Workspace) -> list[Dropout]:
    """Return a workspace's stages of dropout, in their order."""
    return [stage for stage in workspace.stages if isinstance(stage, Dropout)]
