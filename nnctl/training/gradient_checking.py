"""The gradients of a config's own network held against numeric ones, array by array.

Analytic gradients are those of training: a pass forward and a pass back. A numeric one moves a
single parameter, passes forward and looks at the loss, which is slow and needs no derivative at
all. Both are computed in float64, where they agree to ten digits unless a derivative is wrong.

Where the loss has a kink (relu at 0, the mean absolute error at 0, ...) it has no derivative, and a
difference across the kink says nothing. So it is watched on which side of each kink everything is;
a number that cannot be moved without crossing one is left out, and counted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from nnctl.data.arrays import FloatArray, IntArray
from nnctl.data.streams import stream
from nnctl.errors import DivergenceError
from nnctl.nn.layers import Activate
from nnctl.nn.layout import Slot
from nnctl.nn.loss import Loss
from nnctl.nn.network import Workspace
from nnctl.nn.objective import Objective
from nnctl.nn.output_losses import Huber
from nnctl.nn.penalties import WeightPenalty
from nnctl.training.evaluation import Examples
from nnctl.training.explaining import layer_names
from nnctl.training.loop import Trainer

# A five-point difference errs by h⁴ f⁽⁵⁾ / 30, which a small h makes small, and by rounding, about
# 1e-16 / h, which a large one does. Which is best depends on the network's numbers.
STEP_SIZES = (2e-4, 2e-5, 2e-6)
STENCIL = ((-2, 1.0), (-1, -8.0), (1, 8.0), (2, -1.0))  # Abramowitz & Stegun (1964), 25.3.6
TOLERANCE = 1e-6  # of the relative error; a wrong derivative misses by far more
NEGLIGIBLE_NORM = 1e-3  # times the loss, if that is above 1: a gradient below counts as zero
MOST_NUMBERS = 64  # checked of an array, drawn from all of it

# Activations whose slope, or whose slope's slope, jumps at 0.
KINKED = frozenset({"relu", "leaky_relu", "elu", "selu", "softsign", "step"})
# Loss -> what is 0 where its slope, or its slope's slope, jumps.
LOSS_KINKS: dict[str, Callable[[Loss, FloatArray, FloatArray], FloatArray]] = {
    "mean_absolute_error": lambda _, a, y: a - y,
    "huber": lambda loss, a, y: np.abs(a - y) - (loss.delta if isinstance(loss, Huber) else 0.0),
    "hinge": lambda _, a, y: 1.0 - y * a,
}


@dataclass(frozen=True)
class ArrayCheck:
    """One array of one layer: how far its gradient is from the numeric one."""

    layer: str
    array: str  # weights, biases, scale, shift
    numbers: int
    checked: int
    at_kinks: int  # drawn to be checked, and left out
    relative_error: float | None  # None where nothing could be checked

    @property
    def verdict(self) -> str:
        """passed, failed or unchecked."""
        if self.relative_error is None:
            return "unchecked"
        return "passed" if self.relative_error <= TOLERANCE else "failed"  # NaN fails


@dataclass(frozen=True)
class GradientCheck:
    """What came out for a network, from the first layer to the output."""

    rows: int
    loss: float
    arrays: tuple[ArrayCheck, ...]

    @property
    def failed(self) -> tuple[ArrayCheck, ...]:
        """The arrays whose gradients are wrong."""
        return tuple(check for check in self.arrays if check.verdict == "failed")

    @property
    def verdict(self) -> str:
        """failed where one array did, unchecked where none could be checked, else passed."""
        verdicts = {check.verdict for check in self.arrays}
        return next(word for word in ("failed", "passed", "unchecked") if word in verdicts)

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        arrays = [{**vars(check), "verdict": check.verdict} for check in self.arrays]
        return {
            "verdict": self.verdict,
            "tolerance": TOLERANCE,
            "dtype": "float64",
            "rows": self.rows,
            "loss": self.loss,
            "arrays": arrays,
        }


class Probe:
    """The loss of some rows as a function of the parameters, and the sides of all kinks."""

    def __init__(self, trainer: Trainer, examples: Examples) -> None:
        network, settings, rows = trainer.network, trainer.settings, len(examples)
        if network.dtype != np.float64:
            raise ValueError(f"gradients are checked in float64, not in {network.dtype}")
        self.network, self.examples, self.seed = network, examples, settings.seed
        self.workspace = Workspace(network, rows)
        # The same units stay dropped: another loss for every difference would be no function.
        self.workspace.draw_masks(stream(settings.seed, "dropout", 0, 0))
        activation = network.layers[-1].activation
        self.objective = Objective(activation, trainer.loss, rows, network.n_outputs, network.dtype)
        n = network.n_weights
        self.weights = network.parameters[:n]
        self.penalty = WeightPenalty(
            self.weights, self.workspace.gradients[:n], settings.l1, settings.l2
        )

    def loss(self) -> tuple[float, FloatArray]:
        """Return the loss with its penalties, and a sign for each side of a kink."""
        examples, sides = self.examples, []
        values = examples.inputs
        for stage in self.workspace.stages:
            if isinstance(stage, Activate) and stage.activation.name in KINKED:
                sides.append(np.sign(values).ravel())
            values = stage.forward(values)
        if self.objective.activation.name in KINKED:
            sides.append(np.sign(values).ravel())
        value = self.objective(values, examples.encoded, examples.weights) + self.penalty.value()
        loss = self.objective.loss
        if loss.name in LOSS_KINKS:
            kink = LOSS_KINKS[loss.name](loss, self.objective.outputs, examples.encoded)
            sides.append(np.sign(kink).ravel())
        if self.penalty.l1 > 0.0:
            sides.append(np.sign(self.weights))
        return value, np.concatenate(sides) if sides else np.empty(0)

    def analytic(self) -> FloatArray:
        """Return the gradients (n_parameters,) by a pass forward and a pass back."""
        self.loss()
        self.workspace.backward(self.objective.d_scores)
        self.penalty.add_gradient()
        return self.workspace.gradients.copy()

    def numeric(self, index: int, sides: FloatArray) -> float | None:
        """Return the slope by one parameter; None where every step crosses a kink.

        Of the step sizes those two are believed that agree best, and of them the larger.
        """
        slopes = [self._difference(index, size, sides) for size in STEP_SIZES]
        pairs = [
            (abs(first - second), first)
            for first, second in pairwise(slopes)
            if first is not None and second is not None
        ]
        if pairs:
            return min(pairs)[1]
        return next((slope for slope in slopes if slope is not None), None)

    def _difference(self, index: int, size: float, sides: FloatArray) -> float | None:
        parameters, total = self.network.parameters, 0.0
        value = parameters[index]
        try:
            for steps, factor in STENCIL:
                parameters[index] = value + steps * size
                loss, now = self.loss()
                if not np.array_equal(now, sides):
                    return None
                total += factor * loss
        finally:
            parameters[index] = value
        return total / (12.0 * size)


def gradient_check(trainer: Trainer, examples: Examples) -> GradientCheck:
    """Check the gradients of a trainer's network, which must be in float64, on some rows.

    Raises DivergenceError where their loss is not finite.
    """
    probe = Probe(trainer, examples)
    network, state = trainer.network, trainer.network.state.copy()
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            loss, sides = probe.loss()
            if not math.isfinite(loss):
                raise DivergenceError(f"the loss is {loss} before the first step; scale the data")
            analytic = probe.analytic()
            slots = sorted(network.layout.slots, key=lambda slot: slot.layer)
            arrays = tuple(_check_array(probe, slot, analytic, loss, sides) for slot in slots)
    finally:
        network.state[...] = state  # batch normalization has counted every pass
    return GradientCheck(len(examples), loss, arrays)


def _check_array(
    probe: Probe, slot: Slot, analytic: FloatArray, loss: float, sides: FloatArray
) -> ArrayCheck:
    drawn = _drawn(probe.seed, slot)
    found = [(index, probe.numeric(index, sides)) for index in drawn.tolist()]
    pairs = np.array([(analytic[index], slope) for index, slope in found if slope is not None])
    error = None
    if len(pairs):
        by_analysis, by_differences = pairs.T
        norms = [float(np.linalg.norm(gradient)) for gradient in (by_analysis, by_differences)]
        scale = max(*norms, NEGLIGIBLE_NORM * max(1.0, abs(loss)))
        error = float(np.linalg.norm(by_analysis - by_differences) / scale)
        error = error if math.isfinite(error) else math.inf
    return ArrayCheck(
        layer=layer_names(len(probe.network.layers))[slot.layer],
        array=slot.name,
        numbers=slot.stop - slot.start,
        checked=len(pairs),
        at_kinks=len(drawn) - len(pairs),
        relative_error=error,
    )


def _drawn(seed: int, slot: Slot) -> IntArray:
    """Return which numbers of an array are checked: all, or as many as time allows."""
    numbers = np.arange(slot.start, slot.stop)
    if len(numbers) <= MOST_NUMBERS:
        return numbers
    rng = stream(seed, "gradient check", slot.start)
    return np.sort(rng.choice(numbers, MOST_NUMBERS, replace=False))


def explained_failure(check: GradientCheck) -> Iterator[str]:
    """Say what wrong gradients mean, and where to look for the reason."""
    nearest = check.failed[-1]
    yield (
        "the pass back does not follow from the pass forward, so that training would not go down "
        "the slope of its loss"
    )
    yield (
        f"seen from the output, the first gradient to differ is that of the {nearest.array} of "
        f"{nearest.layer}: the derivative of its activation, of its normalization or of what "
        "stands above it is wrong"
    )
    yield "that is a fault of nnctl and not of the config: please report it, with the config"
