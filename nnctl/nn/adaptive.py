"""Optimizers that divide each gradient by the size it usually has: Adagrad, RMSprop, Adadelta.

All divide by the root of a sum of squared gradients. Where the papers keep an average,
`a <- rho * a + (1 - rho) * g^2`, the code keeps the discounted sum `s <- rho * s + g^2`, which is
`a / (1 - rho)`: one vector operation less a step, with the constant folded into scalars.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from nnctl.nn.arrays import FloatArray
from nnctl.nn.descent import Calls, Optimizer, discount_and_add
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
        self._epsilon = self._constant(epsilon)
        self._add_slots("square_sum")

    def _calls_on(self, gradients: FloatArray) -> Calls:
        square_sum, scratch = self.slots["square_sum"], self._scratch
        return [
            partial(np.multiply, gradients, gradients, scratch),
            partial(np.add, square_sum, scratch, square_sum),
            partial(np.sqrt, square_sum, scratch),
            partial(np.add, scratch, self._epsilon, scratch),
            partial(np.divide, gradients, scratch, scratch),
            *self._subtract(self._factor, scratch),
        ]


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
        self._root_weight = 1.0 / math.sqrt(1.0 - rho)  # a sum's root / its mean's
        self._epsilon = self._constant(epsilon * self._root_weight)
        self._rho, self._momentum = self._constant(rho), self._constant(momentum)
        self._add_slots("square_sum")
        if momentum:
            self._add_slots("velocity")

    def _calls_on(self, gradients: FloatArray) -> Calls:
        square_sum, scratch = self.slots["square_sum"], self._scratch
        calls: Calls = [
            partial(np.multiply, gradients, gradients, scratch),
            *discount_and_add(square_sum, self._rho, scratch),
            partial(np.sqrt, square_sum, scratch),
            partial(np.add, scratch, self._epsilon, scratch),
            partial(np.divide, gradients, scratch, scratch),
        ]
        direction = scratch
        if self.momentum:
            direction = self.slots["velocity"]
            calls += discount_and_add(direction, self._momentum, scratch)
        return calls + self._subtract(self._factor, direction)

    def _set_scalars(self, learning_rate: Rate) -> None:
        self._factor[...] = learning_rate * self._root_weight


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
        self._rho = self._constant(rho)
        self._epsilon = self._constant(epsilon / (1.0 - rho))  # of sums, the means / (1 - rho)
        self._add_slots("square_sum", "change_sum")
        self._delta = np.empty_like(parameters)

    def _calls_on(self, gradients: FloatArray) -> Calls:
        square_sum, change_sum = self.slots["square_sum"], self.slots["change_sum"]
        scratch, delta = self._scratch, self._delta
        return [
            partial(np.multiply, gradients, gradients, scratch),
            *discount_and_add(square_sum, self._rho, scratch),
            partial(np.add, square_sum, self._epsilon, scratch),
            partial(np.add, change_sum, self._epsilon, delta),
            partial(np.divide, delta, scratch, delta),
            partial(np.sqrt, delta, delta),
            partial(np.multiply, delta, gradients, delta),
            partial(np.multiply, delta, delta, scratch),
            *discount_and_add(change_sum, self._rho, scratch),
            *self._subtract(self._factor, delta),
        ]
