"""What every optimizer shares, and the plainest one: stochastic gradient descent."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from nnctl.nn.arrays import FloatArray
from nnctl.nn.operations import Rate

Calls = list[Callable[[], object]]


class Optimizer(ABC):
    """Moves a vector of parameters against its gradient, one in-place step at a time.

    Decoupled weight decay comes before the update and touches weights alone (Loshchilov & Hutter
    2019): `weights <- (1 - learning_rate * weight_decay) * weights`. Biases, scales and shifts,
    which stand after the weights, are left alone.

    A step makes no array, and it does the same to the same arrays each time, but for a few numbers.
    So it is written down once, as a list of calls (`_calls_on`), and each step sets the numbers
    that they use (`_set_scalars`): a small network spends its time on looking things up. Stacked
    networks share all hyperparameters but for learning rate and weight decay, which may be arrays
    (..., 1) of float64 with one for each.

    Args:
        parameters: (..., n_parameters), changed in place; leading axes stack networks.
        n_weights: how many of the n_parameters are weights; they stand first.
        weight_decay: the share of the weights that a step at learning rate 1 would take away.

    Attributes:
        slots: the arrays that must be kept to go on later, by name.
        steps: updates made so far, to be kept too.
    """

    def __init__(self, parameters: FloatArray, n_weights: int, *, weight_decay: Rate = 0.0) -> None:
        self.parameters = parameters
        self.weight_decay, self._decays = weight_decay, bool(np.any(weight_decay))
        self.slots: dict[str, FloatArray] = {}
        self.steps = 0
        self._weights = parameters[..., :n_weights]
        self._scratch = np.empty_like(parameters)
        self._kept = self._scalar()  # what a step's decay multiplies the weights by
        self._factor = self._scalar()  # what the direction of a step is multiplied by
        self._gradients: FloatArray | None = None  # what `_calls` are on
        self._calls: Calls = []

    def step(self, gradients: FloatArray, learning_rate: Rate) -> None:
        """Make one update with `gradients` (..., n_parameters), which are not changed.

        Quickest with the same array each time, as a workspace has it.
        """
        if gradients is not self._gradients:
            self._gradients, self._calls = gradients, self._calls_on(gradients)
        if not isinstance(learning_rate, np.ndarray):
            learning_rate = float(learning_rate)
        self.steps += 1
        if self._decays:
            self._kept[...] = 1.0 - learning_rate * self.weight_decay
            self._weights *= self._kept
        self._set_scalars(learning_rate)
        for call in self._calls:
            call()

    def restore(self, slots: Mapping[str, FloatArray], steps: int) -> None:
        """Go on from another optimizer's `slots` and `steps`; the slots are copied.

        Raises:
            ValueError: when they are not the slots of this optimizer.
        """
        expected = {name: slot.shape for name, slot in self.slots.items()}
        received = {name: slot.shape for name, slot in slots.items()}
        if received != expected:
            raise ValueError(f"the optimizer's slots must be {expected} (received {received})")
        for name, slot in slots.items():
            self.slots[name][...] = slot
        self.steps = steps

    @abstractmethod
    def _calls_on(self, gradients: FloatArray) -> Calls:
        """Return what changes slots and parameters in a step."""

    def _set_scalars(self, learning_rate: Rate) -> None:
        """Set the numbers that the calls of this step use; the step is counted."""
        self._factor[...] = learning_rate

    def _constant(self, number: float) -> FloatArray:
        """Return a number as an array without axes, which a ufunc takes in half a float's time."""
        return np.array(number, self.parameters.dtype)

    def _scalar(self) -> FloatArray:
        """Return such an array for a number that each step sets; (..., 1) of stacked networks."""
        stack = self.parameters.shape[:-1]
        return np.empty((*stack, 1) if stack else (), self.parameters.dtype)

    def _subtract(self, factor: FloatArray, direction: FloatArray) -> Calls:
        """`parameters <- parameters - factor * direction`, which may be the scratch array."""
        return [
            partial(np.multiply, direction, factor, self._scratch),
            partial(np.subtract, self.parameters, self._scratch, self.parameters),
        ]

    def _add_slots(self, *names: str) -> None:
        for name in names:
            self.slots[name] = np.zeros_like(self.parameters)


class SGD(Optimizer):
    """Gradient descent on one batch at a time, with momentum where asked for.

        velocity   <- momentum * velocity + (1 - dampening) * gradients     (from velocity 0)
        parameters <- parameters - learning_rate * velocity

    With `nesterov` the step is `learning_rate * (gradients + momentum * velocity)`: the gradient
    counts once more, as if taken where the velocity leads.

    Without momentum the step is `learning_rate * gradients`. With `dampening` equal to `momentum`
    the velocity is an exponential average of the gradients. Dampening holds from the first step;
    frameworks that start the velocity at the first gradient leave it out there.

    References: Polyak 1964; Nesterov 1983, in the form of Sutskever, Martens, Dahl & Hinton 2013,
    with the velocity free of the learning rate, so that a schedule acts on the next step.

    Args:
        momentum: in [0, 1), the share of the velocity that a step keeps.
        dampening: in [0, 1], the share of the gradient that does not enter the velocity.
        nesterov: look ahead; it presumes momentum, and dampening 0.
    """

    def __init__(
        self,
        parameters: FloatArray,
        n_weights: int,
        *,
        momentum: float = 0.0,
        dampening: float = 0.0,
        nesterov: bool = False,
        weight_decay: Rate = 0.0,
    ) -> None:
        super().__init__(parameters, n_weights, weight_decay=weight_decay)
        self.momentum = momentum
        self.dampening = dampening
        self.nesterov = nesterov
        self._momentum, self._share = self._constant(momentum), self._constant(1.0 - dampening)
        self._ahead = self._scalar()  # the factor of a velocity that is looked along
        if momentum:
            self._add_slots("velocity")

    def _calls_on(self, gradients: FloatArray) -> Calls:
        if not self.momentum:
            return self._subtract(self._factor, gradients)
        velocity, scratch = self.slots["velocity"], self._scratch
        calls: Calls = [
            partial(np.multiply, gradients, self._share, scratch),
            *discount_and_add(velocity, self._momentum, scratch),
        ]
        if not self.nesterov:
            return calls + self._subtract(self._factor, velocity)
        calls += self._subtract(self._factor, gradients)
        return calls + self._subtract(self._ahead, velocity)

    def _set_scalars(self, learning_rate: Rate) -> None:
        self._factor[...] = learning_rate
        self._ahead[...] = learning_rate * self.momentum


def discount_and_add(total: FloatArray, discount: FloatArray, addend: FloatArray) -> Calls:
    """`total <- discount * total + addend`, in place: older addends count less and less."""
    return [partial(np.multiply, total, discount, total), partial(np.add, total, addend, total)]
