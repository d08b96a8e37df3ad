"""Analytic gradients held against numeric ones: the proof that backpropagation is right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nnctl.nn.arrays import FloatArray
from nnctl.nn.network import Workspace
from nnctl.nn.objective import Objective
from nnctl.nn.penalties import WeightPenalty

# A five-point difference errs by h⁴ f⁽⁵⁾ / 30 and by rounding, about 1e-16 / h: below 1e-11 in all.
# Half the points at a kink (of relu, say) would spoil it; a smaller h meets fewer of them.
STEP_SIZE = 2e-4
# Below this norm a gradient counts as zero, and its rounding is no error.
NEGLIGIBLE_NORM = 1e-4


@dataclass(frozen=True)
class GradientComparison:
    """One array of one layer: both gradients, and how far apart they are."""

    layer: int
    name: str
    analytic: FloatArray
    numeric: FloatArray

    @property
    def relative_error(self) -> float:
        """|analytic - numeric| / max(|analytic|, |numeric|), in Euclidean norms."""
        analytic, numeric, difference = (
            float(np.linalg.norm(gradient))
            for gradient in (self.analytic, self.numeric, self.analytic - self.numeric)
        )
        return difference / max(analytic, numeric, NEGLIGIBLE_NORM)


def numeric_gradient(function: Callable[[], float], parameters: FloatArray) -> FloatArray:
    """Return df/d(parameters) by central differences, moving one parameter (n,) at a time.

    (f(x - 2h) - 8 f(x - h) + 8 f(x + h) - f(x + 2h)) / 12h; Abramowitz & Stegun (1964), 25.3.6.
    """
    gradient = np.empty_like(parameters)
    for index, value in enumerate(parameters.copy()):
        difference = 0.0
        for steps, factor in ((-2, 1.0), (-1, -8.0), (1, 8.0), (2, -1.0)):
            parameters[index] = value + steps * STEP_SIZE
            difference += factor * function()
        parameters[index] = value
        gradient[index] = difference / (12.0 * STEP_SIZE)
    return gradient


def compare_gradients(
    workspace: Workspace,
    objective: Objective,
    inputs: FloatArray,  # (rows, n_inputs)
    target: FloatArray,  # (rows, n_outputs)
    weights: FloatArray | None = None,  # (rows,)
    l1: float = 0.0,
    l2: float = 0.0,
) -> list[GradientComparison]:
    """Compare all gradients of a float64 network on one batch, with dropout's masks as they are."""
    network = workspace.network
    if network.dtype != np.float64:
        raise ValueError(f"gradients are compared in float64, not in {network.dtype}")
    n = network.n_weights
    penalty = WeightPenalty(network.parameters[:n], workspace.gradients[:n], l1, l2)

    def loss() -> float:
        value = objective(workspace.forward(inputs), target, weights) + penalty.value()
        return float(value)

    state = network.state.copy()
    loss()
    workspace.backward(objective.d_scores)
    penalty.add_gradient()
    analytic = workspace.gradients.copy()
    numeric = numeric_gradient(loss, network.parameters)
    network.state[...] = state  # batch normalization has counted every pass
    return [
        GradientComparison(
            slot.layer,
            slot.name,
            analytic[slot.start : slot.stop].reshape(slot.shape),
            numeric[slot.start : slot.stop].reshape(slot.shape),
        )
        for slot in network.layout.slots
    ]
