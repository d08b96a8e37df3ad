"""One gradient check for everything that a config can put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
import pytest

from nnctl.nn.activations import ACTIVATIONS
from nnctl.nn.arrays import FloatArray
from nnctl.nn.gradient_check import compare_gradients, numeric_gradient
from nnctl.nn.layers import Activate
from nnctl.nn.losses import LOSSES
from nnctl.nn.network import Workspace
from nnctl.nn.normalization import NORMALIZATIONS
from nnctl.nn.objective import Objective
from tests.nn.helpers import TANH, network_of, objective_of, random_labels

ROWS = 7
HIDDEN = [name for name in ACTIVATIONS if name not in ("step", "softmax")]
PAIRS = [(output, name) for name, loss in LOSSES.items() for output in loss.outputs]
PENALTIES = [(0.0, 0.0), (0.01, 0.0), (0.0, 0.3), (0.02, 0.1)]


def targets_for(
    loss_name: str, output: str, n_outputs: int, rng: np.random.Generator
) -> FloatArray:
    loss = LOSSES[loss_name]()
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
        kink = LOSS_KINKS.get(self.objective.loss.name, no_kink)
        network = self.workspace.network
        weights = np.abs(network.parameters[: network.n_weights]).min()
        loss = kink(self.objective.outputs, self.target)
        return float(min([*hidden, output, np.min(loss), weights]))


def no_kink(outputs: FloatArray, target: FloatArray) -> FloatArray:
    return np.full(1, np.inf)


KINKED = ("relu", "leaky_relu", "selu", "step")
LOSS_KINKS: dict[str, Callable[[FloatArray, FloatArray], FloatArray]] = {
    "mean_absolute_error": lambda outputs, target: np.abs(outputs - target),
    "huber": lambda outputs, target: np.abs(np.abs(outputs - target) - 1.0),
    "hinge": lambda outputs, target: np.abs(1.0 - outputs * target),
}


def make_case(
    hidden: str,
    output: str,
    loss_name: str,
    n_outputs: int,
    normalization: str | None,
    dropout: float,
    seed: int,
) -> Case:
    rng = np.random.default_rng(seed)
    kind = NORMALIZATIONS[normalization]() if normalization else None
    units = (5, 4, n_outputs)
    activations = ACTIVATIONS[hidden](), ACTIVATIONS[output]()
    network = network_of(3, units, *activations, kind, dropout, seed)
    workspace = Workspace(network, ROWS)
    workspace.draw_masks(rng)
    objective = objective_of(network, LOSSES[loss_name](), ROWS)
    target = targets_for(loss_name, output, n_outputs, rng)
    return Case(workspace, objective, rng.normal(size=(ROWS, 3)), target)


def worst_error(
    hidden: str,
    output: str,
    loss_name: str,
    n_outputs: int,
    normalization: str | None = None,
    dropout: float = 0.0,
    penalty: tuple[float, float] = (0.0, 0.0),
    weighted: bool = False,
) -> float:
    cases = (
        make_case(hidden, output, loss_name, n_outputs, normalization, dropout, seed)
        for seed in range(200)
    )
    case = next(case for case in cases if case.distance_from_kinks() > 4e-3)
    weights = np.random.default_rng(0).uniform(0.2, 3.0, ROWS) if weighted else None
    comparisons = compare_gradients(
        case.workspace, case.objective, case.inputs, case.target, weights, *penalty
    )
    assert len(comparisons) == 6 + (4 if normalization else 0)
    assert any(np.abs(c.analytic).max() > 1e-3 for c in comparisons)
    return max(c.relative_error for c in comparisons)


@pytest.mark.parametrize(("output", "loss"), PAIRS)
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_every_pair_of_output_and_loss(output: str, loss: str, n_outputs: int) -> None:
    if output == "softmax" and n_outputs == 1:
        n_outputs = 2  # softmax over one unit is the constant 1
    for penalty, weighted in product(PENALTIES, (False, True)):
        error = worst_error("tanh", output, loss, n_outputs, penalty=penalty, weighted=weighted)
        assert error < 1e-6, (penalty, weighted)


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("normalization", [None, *NORMALIZATIONS])
@pytest.mark.parametrize(
    ("output", "loss"),
    [
        ("softmax", "categorical_cross_entropy"),
        ("sigmoid", "mean_squared_error"),
        ("identity", "huber"),
    ],
)
def test_every_hidden_activation_and_normalization(
    hidden: str, normalization: str | None, output: str, loss: str
) -> None:
    for n_outputs, penalty in product((2, 3), PENALTIES):
        error = worst_error(hidden, output, loss, n_outputs, normalization, 0.0, penalty)
        assert error < 1e-6, (n_outputs, penalty)


@pytest.mark.parametrize("normalization", [None, *NORMALIZATIONS])
def test_dropout_with_its_mask_frozen(normalization: str | None) -> None:
    error = worst_error("tanh", "softmax", "categorical_cross_entropy", 3, normalization, 0.4)
    assert error < 1e-6


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
