"""One gradient check for everything that a config can put together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pytest

from nnctl.nn.activation import Activation
from nnctl.nn.activations import ACTIVATIONS
from nnctl.nn.arrays import FloatArray
from nnctl.nn.layers import Activate
from nnctl.nn.loss import Loss
from nnctl.nn.losses import LOSSES
from nnctl.nn.network import Workspace
from nnctl.nn.normalization import NORMALIZATIONS
from nnctl.nn.objective import Objective
from nnctl.nn.output_losses import Hinge, Huber, MeanAbsoluteError
from nnctl.nn.penalties import WeightPenalty
from nnctl.nn.rectifiers import ELU, GELU, LeakyReLU
from nnctl.nn.score_losses import BinaryCrossEntropy, CategoricalCrossEntropy
from tests.nn.gradient_check import compare_gradients, numeric_gradient
from tests.nn.helpers import TANH, network_of, objective_of, random_labels

ROWS = 4
HIDDEN = [name for name in ACTIVATIONS if name not in ("step", "softmax")]
PAIRS = [(output, name) for name, loss in LOSSES.items() for output in loss.outputs]
PENALTIES = [(0.0, 0.0), (0.01, 0.0), (0.0, 0.3), (0.02, 0.1)]


def targets_for(loss: Loss, output: str, n_outputs: int, rng: np.random.Generator) -> FloatArray:
    if loss.mean_over_outputs:
        return rng.normal(0.0, 2.0, (ROWS, n_outputs))
    return loss.encode(random_labels(n_outputs, ROWS, rng), n_outputs, output)


@dataclass
class Case:
    """A network, a batch and a loss, all random."""

    workspace: Workspace
    objective: Objective
    inputs: FloatArray
    target: FloatArray

    def distance_from_kinks(self) -> float:
        """How far the nearest z, error or weight is from where a derivative jumps."""
        z_out = self.workspace.forward(self.inputs)
        self.objective(z_out, self.target)
        hidden = [
            np.abs(stage.z).min()
            for stage in self.workspace.stages
            if isinstance(stage, Activate) and stage.activation.name in KINKED
        ]
        output = np.abs(z_out).min() if self.objective.activation.name in KINKED else np.inf
        network = self.workspace.network
        weights = np.abs(network.parameters[: network.n_weights]).min()
        loss = loss_kink(self.objective.loss, self.objective.outputs, self.target)
        return float(min([*hidden, output, loss, weights]))

    def has_a_gradient(self) -> bool:
        """Whether anything can be learnt: not where all of a small net's units are dead."""
        self.objective(self.workspace.forward(self.inputs), self.target)
        self.workspace.backward(self.objective.d_scores)
        return bool(np.abs(self.workspace.gradients).max() > 1e-2)


# Softsign and elu have no kink, but a second derivative that jumps.
KINKED = ("relu", "leaky_relu", "selu", "elu", "softsign", "step")


def loss_kink(loss: Loss, outputs: FloatArray, target: FloatArray) -> float:
    """How far the outputs are from where the loss's derivative jumps."""
    if isinstance(loss, MeanAbsoluteError):
        return float(np.abs(outputs - target).min())
    if isinstance(loss, Huber):
        return float(np.abs(np.abs(outputs - target) - loss.delta).min())
    if isinstance(loss, Hinge):
        return float(np.abs(1.0 - outputs * target).min())
    return math.inf


def make_case(
    hidden: str | Activation,
    output: str,
    loss: str | Loss,
    n_outputs: int,
    normalization: str | None,
    dropout: float = 0.0,
    bias: bool = True,
    *,
    seed: int,
) -> Case:
    rng = np.random.default_rng(seed)
    kind = NORMALIZATIONS[normalization]() if normalization else None
    units = (3, 3, n_outputs)
    inner = ACTIVATIONS[hidden]() if isinstance(hidden, str) else hidden
    network = network_of(2, units, inner, ACTIVATIONS[output](), kind, dropout, seed, bias)
    workspace = Workspace(network, ROWS)
    workspace.draw_masks(rng)
    chosen = LOSSES[loss]() if isinstance(loss, str) else loss
    objective = objective_of(network, chosen, ROWS)
    target = targets_for(chosen, output, n_outputs, rng)
    return Case(workspace, objective, rng.normal(size=(ROWS, 2)), target)


def penalty_error(case: Case, l1: float, l2: float) -> float:
    """The largest difference between a penalty's gradient and its slope, which is piecewise."""
    network = case.workspace.network
    weights, gradients = network.parameters[: network.n_weights], np.zeros(network.n_weights)
    penalty = WeightPenalty(weights, gradients, l1, l2)
    penalty.add_gradient()
    return float(np.abs(gradients - numeric_gradient(penalty.value, weights)).max())


def clear_case(*settings: Any, **more: Any) -> Case:
    """A case in which no small step meets a kink."""
    cases = (make_case(*settings, seed=seed, **more) for seed in range(400))
    return next(
        case for case in cases if case.distance_from_kinks() > 2e-3 and case.has_a_gradient()
    )


def worst_error(
    case: Case, weights: FloatArray | None = None, l1: float = 0, l2: float = 0
) -> float:
    comparisons = compare_gradients(
        case.workspace, case.objective, case.inputs, case.target, weights, l1, l2
    )
    assert any(np.abs(c.analytic).max() > 1e-2 for c in comparisons)
    return max(c.relative_error for c in comparisons)


@pytest.mark.parametrize("normalization", [None, *NORMALIZATIONS])
@pytest.mark.parametrize("hidden", HIDDEN)
def test_every_combination(hidden: str, normalization: str | None) -> None:
    """Every hidden activation, normalization, output, loss, 1 and 3 outputs, and penalty.

    The loss's numeric gradient is taken once for all penalties: derivatives of a sum add up.
    """
    checked = 0
    for (output, loss), n_outputs in product(PAIRS, (1, 3)):
        if output == "softmax" and n_outputs == 1:
            continue  # the constant 1, which the config refuses
        case = clear_case(hidden, output, loss, n_outputs, normalization)
        assert worst_error(case) < 1e-6, (output, loss, n_outputs)
        for l1, l2 in PENALTIES:
            assert penalty_error(case, l1, l2) < 1e-9
        checked += 1
    n_softmax = sum(output == "softmax" for output, _ in PAIRS)
    assert checked == 2 * len(PAIRS) - n_softmax


@pytest.mark.parametrize(("output", "loss"), PAIRS)
def test_weighted_rows_and_both_penalties_at_once(output: str, loss: str) -> None:
    case = clear_case("tanh", output, loss, 3, None)
    weights = np.random.default_rng(0).uniform(0.2, 3.0, ROWS)
    assert worst_error(case, weights, l1=0.02, l2=0.1) < 1e-6


@pytest.mark.parametrize("normalization", [None, *NORMALIZATIONS])
def test_dropout_with_its_mask_frozen(normalization: str | None) -> None:
    case = clear_case("tanh", "softmax", "categorical_cross_entropy", 3, normalization, dropout=0.4)
    assert worst_error(case) < 1e-6


@pytest.mark.parametrize(
    "activation",
    [GELU(approximate="tanh"), LeakyReLU(0.3), ELU(0.4), ELU(2.5)],
    ids=str,
)
def test_activations_with_other_parameters(activation: Activation) -> None:
    case = clear_case(activation, "identity", "mean_squared_error", 2, None)
    assert worst_error(case) < 1e-6


@pytest.mark.parametrize(
    "loss", [Huber(0.3), BinaryCrossEntropy(0.2), CategoricalCrossEntropy(0.2)], ids=str
)
def test_losses_with_other_parameters(loss: Loss) -> None:
    case = clear_case("tanh", loss.outputs[0], loss, 3, None)
    assert worst_error(case) < 1e-6


def test_layers_without_biases() -> None:
    case = clear_case("tanh", "identity", "log_cosh", 2, None, bias=False)
    assert len(case.workspace.network.layout.slots) == 3
    assert worst_error(case) < 1e-6


def test_a_wrong_gradient_is_seen() -> None:
    network = network_of(3, (4, 1), TANH, TANH)
    workspace, rng = Workspace(network, ROWS), np.random.default_rng(0)
    objective = objective_of(network, LOSSES["mean_squared_error"](), ROWS)
    workspace.gradients = workspace.gradients.copy()  # backward writes elsewhere from here on
    comparisons = compare_gradients(
        workspace, objective, rng.normal(size=(ROWS, 3)), rng.normal(size=(ROWS, 1))
    )
    assert min(c.relative_error for c in comparisons) == 1.0


def test_numeric_gradient_of_a_polynomial_is_exact() -> None:
    x = np.array([1.0, -2.0, 0.5])
    gradient = numeric_gradient(lambda: float((x**4).sum()), x)
    np.testing.assert_allclose(gradient, 4.0 * x**3, rtol=1e-10)
    assert x.tolist() == [1.0, -2.0, 0.5]


def test_gradients_are_compared_in_float64_only() -> None:
    network = network_of(3, (4, 1), TANH, TANH)
    network.parameters = network.parameters.astype(np.float32)
    workspace = Workspace(network, ROWS)
    objective = objective_of(network, LOSSES["mean_squared_error"](), ROWS)
    with pytest.raises(ValueError, match="float64, not in float32"):
        compare_gradients(workspace, objective, np.zeros((ROWS, 3)), np.zeros((ROWS, 1)))
