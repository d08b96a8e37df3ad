"""Loss and metrics of a network on a set of rows, as in prediction, in chunks of fixed size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnctl.data.arrays import FloatArray, IntArray
from nnctl.data.dataset import Rows
from nnctl.nn.loss import Loss
from nnctl.nn.network import Network, Workspace
from nnctl.nn.objective import Objective
from nnctl.training.decoding import Decoder

CHUNK_ROWS = 1024


@dataclass(frozen=True, eq=False)
class Examples:
    """A set of rows ready for the loss."""

    inputs: FloatArray  # (n_rows, n_features)
    targets: FloatArray | IntArray  # as in the data: labels (n_rows,) or scaled (n_rows, k)
    encoded: FloatArray  # (n_rows, n_outputs), what the outputs are compared with
    weights: FloatArray | None  # (n_rows,), of the loss: sample weight times class weight
    sample_weight: FloatArray | None  # (n_rows,), of the metrics

    def __len__(self) -> int:
        return len(self.inputs)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a set of rows says of a network."""

    values: dict[str, float]  # loss and metrics
    outputs: FloatArray  # (n_rows, n_outputs)
    targets: FloatArray | IntArray  # as in the data: labels (n_rows,) or scaled (n_rows, k)
    sample_weight: FloatArray | None  # (n_rows,), of the metrics
    decoder: Decoder

    @property
    def confusion(self) -> NDArray[Any] | None:
        """Counts, or sums of sample weights (n_classes, n_classes); None for a regression.

        Rows are true classes, columns predicted ones. Counted when asked for: no epoch needs it.
        """
        return self.decoder.confusion(self.outputs, self.targets, self.sample_weight)


def examples_of(
    rows: Rows,
    decoder: Decoder,
    n_outputs: int,
    class_weight: FloatArray | None = None,  # (n_classes,)
) -> Examples:
    """Encode a set's targets and join sample weights with class weights."""
    dtype, weights = rows.inputs.dtype, rows.sample_weight
    if class_weight is not None:
        of_class = class_weight[rows.targets.astype(np.int64)].astype(dtype)
        weights = of_class if weights is None else weights * of_class
    encoded = decoder.encode(rows.targets, n_outputs).astype(dtype, copy=False)
    return Examples(rows.inputs, rows.targets, encoded, weights, rows.sample_weight)


class Evaluator:
    """Evaluates one network again and again, in buffers made once."""

    def __init__(self, network: Network, loss: Loss, decoder: Decoder, rows: int) -> None:
        """`rows` is the size of the largest set; chunks are no larger than they need be."""
        self.chunk = min(rows, CHUNK_ROWS)
        self.network, self.decoder = network, decoder
        self.workspace = Workspace(network, self.chunk)
        activation = network.layers[-1].activation
        self.objective = Objective(activation, loss, self.chunk, network.n_outputs, network.dtype)

    def outputs_and_loss(self, examples: Examples) -> tuple[FloatArray, float]:
        """Return the outputs (n_rows, n_outputs) and the loss over all rows."""
        outputs = np.empty((len(examples), self.network.n_outputs), self.network.dtype)
        loss_sum = share_sum = 0.0
        for start in range(0, len(examples), self.chunk):
            part = slice(start, min(start + self.chunk, len(examples)))
            rows = part.stop - part.start
            objective = self.objective.narrowed(rows)
            weights = None if examples.weights is None else examples.weights[part]
            scores = self.workspace.narrowed(rows).scores(examples.inputs[part])
            share = float(rows) if weights is None else float(weights.sum())
            loss_sum += share * objective(scores, examples.encoded[part], weights)
            share_sum += share
            outputs[part] = objective.decisions(scores)
        return outputs, loss_sum / share_sum if share_sum > 0.0 else 0.0

    def evaluate(self, examples: Examples, metrics: tuple[str, ...]) -> Evaluation:
        """Return `loss` and the named metrics, and what the confusion is counted from."""
        decoder, targets, weights = self.decoder, examples.targets, examples.sample_weight
        # What overflows is infinite or NaN in the report, which says it better than a warning.
        with np.errstate(over="ignore", invalid="ignore"):
            outputs, loss = self.outputs_and_loss(examples)
            values = decoder.metrics(metrics, outputs, targets, weights)
        return Evaluation({"loss": loss, **values}, outputs, targets, weights, decoder)
