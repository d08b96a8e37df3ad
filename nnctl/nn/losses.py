"""The losses that a network may be trained on, in one table."""

from __future__ import annotations

from nnctl.nn.loss import Loss
from nnctl.nn.output_losses import Hinge, Huber, LogCosh, MeanAbsoluteError, MeanSquaredError
from nnctl.nn.score_losses import BinaryCrossEntropy, CategoricalCrossEntropy, Perceptron

LOSSES: dict[str, type[Loss]] = {
    kind.name: kind
    for kind in (
        MeanSquaredError,
        MeanAbsoluteError,
        Huber,
        LogCosh,
        BinaryCrossEntropy,
        CategoricalCrossEntropy,
        Hinge,
        Perceptron,
    )
}
