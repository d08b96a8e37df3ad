"""What every optimizer shares, and the plainest one: stochastic gradient descent."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np

from nnctl.nn.arrays import FloatArray
from nnctl.nn.operations import Rate, as_factor


class Optimizer(ABC):
    """Moves a vector of parameters against its gradient, one in-place step at a time.

    Decoupled weight decay comes before the update and touches weights alone (Loshchilov & Hutter
    2019): `weights <- (1 - learning_rate * weight_decay) * weights`. Biases, scales and shifts,
    which stand after the weights, are left alone.

    A step makes no array. Hyperparameters stay Python floats: a NumPy float64 among them would
    turn the arithmetic of float32 networks into float64. Stacked networks share them, but for
    learning rate and weight decay, which may be arrays (..., 1) of float64 with one for each.

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
        self._factor = self._scalar()  # what the direction of a step is multiplied by

    def step(self, gradients: FloatArray, learning_rate: Rate) -> None:
        """Make one update with `gradients` (..., n_parameters), which are not changed."""
        if not isinstance(learning_rate, np.ndarray):
            learning_rate = float(learning_rate)
        self.steps += 1
        if self._decays:
            kept = 1.0 - learning_rate * self.weight_decay
            self._weights *= as_factor(kept, self._weights)
        self._update(gradients, learning_rate)

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
    def _update(self, gradients: FloatArray, learning_rate: Rate) -> None:
        """Change slots and parameters; the step is counted and the weights are decayed."""

    def _discount(self, share: float) -> FloatArray:
        """Return a share as an array without axes, which a ufunc takes in half a float's time."""
        return np.array(share, self.parameters.dtype)

    def _scalar(self) -> FloatArray:
        """Return such an array for a number that each step sets; (..., 1) of stacked networks."""
        stack = self.parameters.shape[:-1]
        return np.empty((*stack, 1) if stack else (), self.parameters.dtype)

    def _subtract(self, factor: Rate, direction: FloatArray) -> None:
        """`parameters <- parameters - factor * direction`, which may be the scratch array."""
        self._factor[...] = factor
        np.multiply(direction, self._factor, out=self._scratch)
        self.parameters -= self._scratch

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
        if momentum:
            self._velocity_discount = self._discount(momentum)
            self._add_slots("velocity")

    def _update(self, gradients: FloatArray, learning_rate: Rate) -> None:
        if not self.momentum:
            self._subtract(learning_rate, gradients)
            return
        velocity = self.slots["velocity"]
        np.multiply(gradients, 1.0 - self.dampening, out=self._scratch)
        discount_and_add(velocity, self._velocity_discount, self._scratch)
        if self.nesterov:
            self._subtract(learning_rate, gradients)
            learning_rate = learning_rate * self.momentum
        self._subtract(learning_rate, velocity)


def discount_and_add(total: FloatArray, discount: FloatArray, addend: FloatArray) -> None:
    """`total <- discount * total + addend`, in place: older addends count less and less."""
    total *= discount
    total += addend
