"""Optimizers that divide each gradient by the size it usually has: Adagrad, RMSprop, Adadelta.

All divide by the root of a sum of squared gradients. Where the papers keep an average,
`a <- rho * a + (1 - rho) * g^2`, the code keeps the discounted sum `s <- rho * s + g^2`, which is
`a / (1 - rho)`: one vector operation less a step, with the constant folded into scalars.
"""

from __future__ import annotations

import math

import numpy as np

from nnctl.nn.arrays import FloatArray
from nnctl.nn.descent import Optimizer, discount_and_add
from nnctl.nn.operations import Rate


class Adagrad(Optimizer):
    """Divides by the root of the sum of all squared gradients so far.

        square_sum <- square_sum + gradients^2
        parameters <- parameters - learning_rate * gradients / (sqrt(square_sum) + epsilon)

    The steps can only shrink. Epsilon stands outside the root; Duchi, Hazan & Singer 2011
    (JMLR 12) put their delta there too, some frameworks put it inside or start the sum at 0.1.

    Args:
        epsilon: keeps the division finite while a gradient has always been 0.
    """

    def __init__(
        self,
        parameters: FloatArray,
        n_weights: int,
        *,
        epsilon: float = 1e-10,
        weight_decay: Rate = 0.0,
    ) -> None:
        super().__init__(parameters, n_weights, weight_decay=weight_decay)
        self.epsilon = epsilon
        self._add_slots("square_sum")

    def _update(self, gradients: FloatArray, learning_rate: Rate) -> None:
        square_sum, scratch = self.slots["square_sum"], self._scratch
        np.multiply(gradients, gradients, out=scratch)
        np.add(square_sum, scratch, out=square_sum)
        np.sqrt(square_sum, out=scratch)
        np.add(scratch, self.epsilon, out=scratch)
        np.divide(gradients, scratch, out=scratch)
        self._subtract(learning_rate, scratch)


class RMSprop(Optimizer):
    """Divides by the root of a running mean of squared gradients, so that steps can grow again.

        mean_square <- rho * mean_square + (1 - rho) * gradients^2          (from 0, uncorrected)
        scaled       = gradients / (sqrt(mean_square) + epsilon)
        parameters  <- parameters - learning_rate * scaled

    With momentum, `velocity <- momentum * velocity + scaled` takes the place of `scaled` in the
    last line. As the mean starts at 0 and is not corrected, the first steps are larger by up to
    1 / sqrt(1 - rho).

    Reference: Tieleman & Hinton 2012, Coursera "Neural Networks for Machine Learning", lecture
    6e. Epsilon stands outside the root, as in PyTorch; TensorFlow has had it inside, where the
    same number means something else: compare runs only with the same form.

    Args:
        rho: in [0, 1), the share of the running mean that a step keeps.
        momentum: in [0, 1), the share of the velocity that a step keeps.
        epsilon: keeps the division finite.
    """

    def __init__(
        self,
        parameters: FloatArray,
        n_weights: int,
        *,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-8,
        weight_decay: Rate = 0.0,
    ) -> None:
        super().__init__(parameters, n_weights, weight_decay=weight_decay)
        self.rho = rho
        self.momentum = momentum
        self.epsilon = epsilon
        self._square_discount = self._discount(rho)
        self._velocity_discount = self._discount(momentum)
        self._add_slots("square_sum")
        if momentum:
            self._add_slots("velocity")

    def _update(self, gradients: FloatArray, learning_rate: Rate) -> None:
        square_sum, scratch = self.slots["square_sum"], self._scratch
        root_weight = 1.0 / math.sqrt(1.0 - self.rho)
        np.multiply(gradients, gradients, out=scratch)
        discount_and_add(square_sum, self._square_discount, scratch)
        np.sqrt(square_sum, out=scratch)  # root_weight times the papers' root
        np.add(scratch, self.epsilon * root_weight, out=scratch)
        np.divide(gradients, scratch, out=scratch)
        direction = scratch
        if self.momentum:
            direction = self.slots["velocity"]
            discount_and_add(direction, self._velocity_discount, scratch)
        self._subtract(learning_rate * root_weight, direction)


class Adadelta(Optimizer):
    """Measures each step by the steps before it, so that no learning rate is needed.

        mean_square  <- rho * mean_square + (1 - rho) * gradients^2
        delta         = sqrt(mean_change + epsilon) / sqrt(mean_square + epsilon) * gradients
        mean_change  <- rho * mean_change + (1 - rho) * delta^2
        parameters   <- parameters - learning_rate * delta

    Reference: Zeiler 2012, arXiv:1212.5701, algorithm 1, where the learning rate is 1. Epsilon
    stands inside both roots. It is no mere guard: it alone gets the first steps going, and a
    smaller one makes a slower start.

    Args:
        rho: in [0, 1), the share of both running means that a step keeps.
        epsilon: the mean square of the change that the first step presumes.
    """

    def __init__(
        self,
        parameters: FloatArray,
        n_weights: int,
        *,
        rho: float = 0.9,
        epsilon: float = 1e-6,
        weight_decay: Rate = 0.0,
    ) -> None:
        super().__init__(parameters, n_weights, weight_decay=weight_decay)
        self.rho = rho
        self.epsilon = epsilon
        self._square_discount = self._discount(rho)
        self._add_slots("square_sum", "change_sum")
        self._delta = np.empty_like(parameters)

    def _update(self, gradients: FloatArray, learning_rate: Rate) -> None:
        square_sum, change_sum = self.slots["square_sum"], self.slots["change_sum"]
        scratch, delta = self._scratch, self._delta
        epsilon = self.epsilon / (1.0 - self.rho)  # both sums are their means / (1 - rho)
        np.multiply(gradients, gradients, out=scratch)
        discount_and_add(square_sum, self._square_discount, scratch)
        np.add(square_sum, epsilon, out=scratch)
        np.add(change_sum, epsilon, out=delta)
        np.divide(delta, scratch, out=delta)
        np.sqrt(delta, out=delta)
        np.multiply(delta, gradients, out=delta)
        np.multiply(delta, delta, out=scratch)
        discount_and_add(change_sum, self._square_discount, scratch)
        self._subtract(learning_rate, delta)
