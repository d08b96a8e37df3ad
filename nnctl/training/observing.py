"""What goes on inside a network as it learns: a few numbers a layer, now and then.

The network is shown some training rows once more, forward and back as in training, with nothing
dropped. That writes into arrays of its own, and what batch normalization counts is put back, so
that training goes on as if nobody had looked.

    activation_mean, activation_spread   mean and standard deviation of a over rows and units
    dead            share of a rectifier's units whose slope is 0 on all rows: nothing passes back
    saturated       share of sigmoid, tanh or softsign units that are at a limit on most rows
    gradient_norm   |dL/dW| on these rows, without penalties and clipping
    weight_norm     |W| at the end of the epoch
    update_ratio    |W - W'| / |W|, with W' the weights before the epoch's last step (0 if skipped)

Of a kind of unit that a measure does not speak of, it is NaN.

References: Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward neural
networks", who watch the first four; the ratio of updates to weights is that of the notes of
Stanford's CS231n, "Neural Networks Part 3".
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnctl.data.arrays import FloatArray, IntArray
from nnctl.nn.activation import Activation
from nnctl.nn.layers import Activate
from nnctl.nn.loss import Loss, OutputLoss
from nnctl.nn.network import Network, Workspace
from nnctl.nn.objective import Objective
from nnctl.training.evaluation import Examples

MEASURES = (
    "activation_mean",
    "activation_spread",
    "dead",
    "saturated",
    "gradient_norm",
    "weight_norm",
    "update_ratio",
)
MOST_ROWS = 256
# All observations but the first together take at most this share of the time of the steps so far.
# No clock is asked, so that the same run observes the same epochs: one costs about a step for its
# calls, and half a step for each batch's worth of rows, as far as their products take time at all.
SHARE_OF_STEPS = 0.03
MOST_STEPS = 5.0

RECTIFIERS = frozenset({"relu", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus", "mish"})
LARGEST_SLOPES = {"sigmoid": 0.25, "tanh": 1.0, "softsign": 1.0}
FLAT = 1e-3  # a rectifier's slope that lets nothing through
AT_A_LIMIT = 0.05  # of the largest slope: |tanh z| is above 0.97 there
MOST_OF_THE_ROWS = 0.9


@dataclass(frozen=True, eq=False)
class Observations:
    """What was seen, in the order of the epochs."""

    epochs: IntArray  # (n_observations,)
    values: FloatArray  # (n_observations, n_layers, n_measures) float64

    def of(self, measure: str) -> FloatArray:
        """Return one measure (n_observations, n_layers)."""
        values: FloatArray = self.values[:, :, MEASURES.index(measure)]
        return values

    def joined_by(self, epoch: int, values: FloatArray) -> Observations:
        """Return these and one more, with values (n_layers, n_measures)."""
        return Observations(np.append(self.epochs, epoch), np.append(self.values, [values], 0))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what a checkpoint holds of them."""
        return {"observed_epochs": self.epochs, "observations": self.values}


def no_observations(n_layers: int) -> Observations:
    """Return what there is before the first."""
    return Observations(np.empty(0, np.int64), np.empty((0, n_layers, len(MEASURES))))


def restored_observations(arrays: Mapping[str, NDArray[Any]], n_layers: int) -> Observations:
    """Return what the arrays of a checkpoint hold; nothing, where an older nnctl wrote them.

    Raises ValueError for observations of another network.
    """
    if "observations" not in arrays:
        return no_observations(n_layers)
    epochs, values = arrays["observed_epochs"], arrays["observations"]
    shape = (*epochs.shape, n_layers, len(MEASURES))
    if values.shape != shape or len(shape) != 3:
        raise ValueError(f"its observations have shape {values.shape}, not {shape}")
    return Observations(epochs, values)


class Observer:
    """Looks at a network in training, and keeps what it saw."""

    def __init__(self, network: Network, loss: Loss, train: Examples, batch_rows: int) -> None:
        self.network, self.loss, self.train = network, loss, train
        self.n_rows = min(len(train), MOST_ROWS)
        self.steps_in_an_epoch = -(-len(train) // batch_rows)
        self.cost = min(1.0 + self.n_rows / batch_rows / 2.0, MOST_STEPS)  # in steps
        self.observations = no_observations(len(network.layers))

    def is_due(self, epoch: int) -> bool:
        """Whether to look at the end of an epoch, counted from 1: of 1, 2, 3, 4, 6, 8, 12, 16 ...

        Of these, the first and those that the steps before them make cheap.
        """
        halves = epoch // (epoch & -epoch)  # without its factors of two
        if halves not in (1, 3):
            return False
        taken = len(self.observations.epochs)
        allowed = SHARE_OF_STEPS * epoch * self.steps_in_an_epoch
        return taken == 0 or (taken + 1) * self.cost <= allowed

    def remember_weights(self) -> None:
        """Keep the weights as they are before the epoch's last step."""
        self._weights_before[...] = self._weights

    def observe(self, epoch: int) -> None:
        """Look at the network at the end of an epoch."""
        # The pass back, which writes here, comes after what is read here.
        np.subtract(self._weights, self._weights_before, out=self._weights_before)
        updates = self._norms(self._workspace.gradients)
        values = self.look()
        values[:, MEASURES.index("update_ratio")] = (
            updates / values[:, MEASURES.index("weight_norm")]
        )
        self.observations = self.observations.joined_by(epoch, values)

    @cached_property
    def _weights(self) -> FloatArray:
        """The network's weights (n_weights,)."""
        return self.network.parameters[: self.network.n_weights]

    @cached_property
    def _weights_before(self) -> FloatArray:
        """Room for as many: that of their gradients."""
        return self._workspace.gradients[: self.network.n_weights]

    @cached_property
    def _rows(self) -> Examples:
        """The rows that are shown, evenly spaced among those for training."""
        train = self.train
        rows = np.linspace(0, len(train) - 1, self.n_rows).astype(np.int64)
        weights, sample_weight = train.weights, train.sample_weight
        return Examples(
            train.inputs[rows],
            train.targets[rows],
            train.encoded[rows],
            None if weights is None else weights[rows],
            None if sample_weight is None else sample_weight[rows],
        )

    @cached_property
    def _workspace(self) -> Workspace:
        """What the passes write. Its dropout draws nothing, and so drops nothing."""
        return Workspace(self.network, self.n_rows)

    @cached_property
    def _objective(self) -> Objective:
        network = self.network
        activation, shape = network.layers[-1].activation, (self.n_rows, network.n_outputs)
        return Objective(activation, self.loss, *shape, network.dtype)

    def look(self) -> FloatArray:
        """Return what the network shows now (n_layers, n_measures), but for the update ratio."""
        with np.errstate(over="ignore", invalid="ignore"):
            values = self._passed()
        values[:, MEASURES.index("gradient_norm")] = self._norms(self._workspace.gradients)
        values[:, MEASURES.index("weight_norm")] = self._norms(self.network.parameters)
        return values

    def _passed(self) -> FloatArray:
        """Pass forward and back; return what the pass forward shows (n_layers, n_measures)."""
        rows, objective, workspace = self._rows, self._objective, self._workspace
        values = np.full((len(self.network.layers), len(MEASURES)), np.nan)
        state = self.network.state.copy()
        scores = workspace.forward(rows.inputs)
        self.network.state[...] = state
        objective(scores, rows.encoded, rows.weights)
        hidden = (stage for stage in workspace.stages if isinstance(stage, Activate))
        for layer, stage in enumerate(hidden):
            values[layer, :2] = mean_and_spread(stage.a, stage.d_z)
            stage.activation.derivative(stage.z, stage.a, stage.d_z, stage.scratch)
            values[layer, 2:4] = flat_shares(stage.activation, stage.d_z)
        slopes = objective.d_outputs
        values[-1, :2] = mean_and_spread(objective.outputs, slopes)
        # A cross-entropy's gradient does not pass through the slope of its activation.
        if isinstance(self.loss, OutputLoss):
            activation = objective.activation
            activation.derivative(scores, objective.outputs, slopes, objective.scratch)
            values[-1, 2:4] = flat_shares(activation, slopes)
        workspace.backward(objective.d_scores)
        return values

    def _norms(self, vector: FloatArray) -> FloatArray:
        """Return the length of each layer's weights in a vector (n_parameters,): (n_layers,)."""
        return np.array([norm(vector[part]) for part in self._parts])

    @cached_property
    def _parts(self) -> list[slice]:
        """Where each layer's weights stand."""
        slots = self.network.layout.slots
        return [slice(slot.start, slot.stop) for slot in slots if slot.name == "weights"]


def norm(vector: FloatArray) -> float:
    """Return the length of a vector (n,); in float64, where no square of a float32 is 0."""
    return math.sqrt(np.einsum("i,i", vector, vector, dtype=np.float64))


def mean_and_spread(values: FloatArray, scratch: FloatArray) -> tuple[float, float]:
    """Return mean and standard deviation of values (rows, units); `scratch` is overwritten."""
    mean = values.mean()
    np.subtract(values, mean, out=scratch)
    return float(mean), norm(scratch.ravel()) / math.sqrt(values.size)


def flat_shares(activation: Activation, slopes: FloatArray) -> tuple[float, float]:
    """Return the shares of dead and of saturated units, given f'(z) (rows, units)."""
    n_rows, n_units = slopes.shape
    if activation.name in RECTIFIERS:
        alive = (np.abs(slopes) > FLAT).any(axis=0)
        return 1.0 - np.count_nonzero(alive) / n_units, math.nan
    if activation.name in LARGEST_SLOPES:
        limited = slopes < AT_A_LIMIT * LARGEST_SLOPES[activation.name]
        saturated = np.count_nonzero(limited, axis=0) >= MOST_OF_THE_ROWS * n_rows
        return math.nan, np.count_nonzero(saturated) / n_units
    return math.nan, math.nan
