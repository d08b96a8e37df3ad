"""What a pass needs of the other ranks, when each one has a part of a batch's rows."""

from __future__ import annotations

import numpy as np

from nnctl.nn.arrays import FloatArray
from nnctl.nn.network import Network, Workspace
from nnctl.nn.normalization import BatchNormalization, Standardize, StandardizeBatch
from nnctl.nn.objective import Objective
from nnctl.nn.operations import column_sums
from nnctl.nn.shares import EqualShares, RowShares, Shares
from nnctl.scale.mpi import Ranks


class SummedObjective(Objective):
    """The sum of the rows' losses, by their weights, where `Objective` has their mean.

    Ranks can add sums up, and divide by the sum of all weights at the end.
    """

    def _shares(self, weights: FloatArray | None) -> Shares:
        share = 1.0 / (self.n_outputs if self.loss.mean_over_outputs else 1)
        if weights is None:
            return EqualShares(share, self.outputs.dtype)
        np.multiply(weights[:, np.newaxis], share, out=self.shares)
        return RowShares(self.shares)


class StandardizeTogether(StandardizeBatch):
    """Batch normalization over the rows of all ranks.

    Each mean over rows, the two of the pass forward and the two of that back, is one of all their
    rows: column sums and the number of rows are added up over the ranks.
    """

    ranks: Ranks

    def over(self, ranks: Ranks) -> StandardizeTogether:
        """Let these ranks take part; return the stage."""
        self.ranks = ranks
        self.sums: FloatArray = np.empty(self.scale.shape[-1] + 1, self.scale.dtype)
        return self

    def _mean(self, values: FloatArray, out: FloatArray) -> None:
        column_sums(values, self.sums[:-1])
        self.sums[-1] = values.shape[-2]
        self.ranks.add(self.sums)
        np.divide(self.sums[:-1], self.sums[-1], out=out[..., 0, :])

    def _batch_rows(self) -> int:
        return int(self.sums[-1])


class SharedWorkspace(Workspace):
    """A workspace for one rank's part of each batch."""

    def __init__(self, network: Network, rows: int, ranks: Ranks) -> None:
        self.ranks = ranks
        super().__init__(network, rows)

    def _normalization(
        self, layer: int, parameters: dict[str, FloatArray], gradients: dict[str, FloatArray]
    ) -> Standardize:
        network, settings = self.network, self.network.layers[layer].normalization
        if not isinstance(settings, BatchNormalization):
            return super()._normalization(layer, parameters, gradients)
        state = network.state_layout.views(network.state, layer)
        stage = StandardizeTogether(settings, parameters, gradients, state, (self.rows,))
        return stage.over(self.ranks)
