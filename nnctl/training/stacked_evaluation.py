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
from nnctl.training.stacked_steps import seen_by_all, spread

# Of what a pass writes over a chunk of rows; networks whose passes do not fit take turns.
BYTES_AT_ONCE = 2**20


class StackedEvaluator:
    """Evaluates stacked networks again and again on one set of rows, in buffers made once.

    A chunk has many more rows than a batch. As few networks pass it at once as leave what they
    write in the cache; each has the bytes that it has among any others.
    """

    def __init__(self, network: Network, loss: Loss, decoder: Decoder, examples: Examples) -> None:
        self.decoder, self.examples, self.all = decoder, examples, network
        (n,), n_rows = network.stack, len(examples)
        self.rows = min(n_rows, CHUNK_ROWS)
        self.at_once = networks_at_once(network, self.rows)
        stack = (self.at_once,)
        self.network = Network(network.n_inputs, network.layers, network.dtype.type, stack)
        self.workspace = Workspace(self.network, self.rows)
        activation, shape = network.layers[-1].activation, (self.rows, network.n_outputs)
        self.objective = Objective(activation, loss, *shape, network.dtype, stack)
        self.encoded = spread(examples.encoded, self.at_once)
        self.weights = None if examples.weights is None else spread(examples.weights, self.at_once)
        self.targets = seen_by_all(examples.targets, n)
        weights = examples.sample_weight
        self.sample_weight = None if weights is None else seen_by_all(weights, n)
        self.outputs: FloatArray = np.empty((n, n_rows, network.n_outputs), network.dtype)

    def evaluate(self, metrics: tuple[str, ...]) -> dict[str, FloatArray]:
        """Return `loss` and the named metrics of each network (n,)."""
        n, losses = len(self.outputs), np.empty(len(self.outputs))
        for start in range(0, n, self.at_once):
            first = min(start, n - self.at_once)  # the last ones may pass once more
            some = slice(first, first + self.at_once)
            self.network.parameters[...] = self.all.parameters[some]
            self.network.state[...] = self.all.state[some]
            losses[some] = self._losses(self.outputs[some])
        measured = stacked_metrics(
            self.decoder, metrics, self.outputs, self.targets, self.sample_weight
        )
        return {"loss": losses, **measured}

    def _losses(self, outputs: FloatArray) -> FloatArray:
        """Write the outputs of some networks for all rows; return their losses (at_once,)."""
        n_rows, loss_sum, share_sum = len(self.examples), np.zeros(len(outputs)), 0.0
        for start in range(0, n_rows, self.rows):
            part = slice(start, min(start + self.rows, n_rows))
            rows = part.stop - part.start
            weights = None if self.weights is None else self.weights[:, part]
            scores = self.workspace.narrowed(rows).scores(self.examples.inputs[part])
            objective = self.objective.narrowed(rows)
            share = float(rows) if weights is None else float(weights[0].sum())
            loss_sum += share * objective(scores, self.encoded[:, part], weights)
            share_sum += share
            outputs[:, part] = objective.decisions(scores)
        return loss_sum / share_sum if share_sum > 0.0 else loss_sum


def networks_at_once(network: Network, rows: int) -> int:
    """Return how many networks pass so many rows together, in groups of one size."""
    (n,), units = network.stack, sum(layer.units for layer in network.layers)
    fitting = max(1, BYTES_AT_ONCE // (rows * units * network.dtype.itemsize))
    groups = -(-n // fitting)
    return -(-n // groups)
