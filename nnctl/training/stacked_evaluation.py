"""Loss and metrics of several networks on the same rows, as in prediction."""

from __future__ import annotations

import numpy as np

from nnctl.nn.arrays import FloatArray
from nnctl.nn.loss import Loss
from nnctl.nn.network import Network, Workspace
from nnctl.nn.objective import Objective
from nnctl.training.decoding import Decoder
from nnctl.training.evaluation import CHUNK_ROWS, Examples
from nnctl.training.stacked_metrics import stacked_metrics
from nnctl.training.stacked_steps import spread


class StackedEvaluator:
    """Evaluates stacked networks again and again on one set of rows, in buffers made once."""

    def __init__(self, network: Network, loss: Loss, decoder: Decoder, examples: Examples) -> None:
        self.decoder, self.examples = decoder, examples
        (n,), n_rows = network.stack, len(examples)
        self.rows = min(n_rows, CHUNK_ROWS)
        self.workspace = Workspace(network, self.rows)
        activation, shape = network.layers[-1].activation, (self.rows, network.n_outputs)
        self.objective = Objective(activation, loss, *shape, network.dtype, network.stack)
        self.encoded, self.targets = spread(examples.encoded, n), spread(examples.targets, n)
        self.weights, self.sample_weight = (
            None if weights is None else spread(weights, n)
            for weights in (examples.weights, examples.sample_weight)
        )
        self.outputs: FloatArray = np.empty((n, n_rows, network.n_outputs), network.dtype)

    def evaluate(self, metrics: tuple[str, ...]) -> dict[str, FloatArray]:
        """Return `loss` and the named metrics of each network (n,)."""
        losses = self._losses()
        measured = stacked_metrics(
            self.decoder, metrics, self.outputs, self.targets, self.sample_weight
        )
        return {"loss": losses, **measured}

    def _losses(self) -> FloatArray:
        """Fill in the outputs of all rows; return the losses (n,)."""
        n_rows, loss_sum, share_sum = len(self.examples), np.zeros(len(self.outputs)), 0.0
        for start in range(0, n_rows, self.rows):
            part = slice(start, min(start + self.rows, n_rows))
            rows = part.stop - part.start
            weights = None if self.weights is None else self.weights[:, part]
            scores = self.workspace.narrowed(rows).scores(self.examples.inputs[part])
            objective = self.objective.narrowed(rows)
            share = float(rows) if weights is None else float(weights[0].sum())
            loss_sum += share * objective(scores, self.encoded[:, part], weights)
            share_sum += share
            self.outputs[:, part] = objective.decisions(scores)
        return loss_sum / share_sum if share_sum > 0.0 else loss_sum
