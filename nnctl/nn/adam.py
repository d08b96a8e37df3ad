"""Adam and its kin: a momentum of the gradients over a running size of the gradients.

The papers keep averages that start at 0, `m <- beta * m + (1 - beta) * g`, and divide them by
`1 - beta^t` to make up for that start. The same number is the discounted sum
`s <- beta * s + g` over the sum of its weights, `1 + beta + ... + beta^(t-1)`: a plain weighted
mean. The code keeps the sums, and folds the sums of weights into scalars, epsilon's included.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from nnctl.nn.arrays import FloatArray
from nnctl.nn.descent import Calls, Optimizer, discount_and_add
from nnctl.nn.operations import Rate


class Adam(Optimizer):
    """Weighted mean of the gradients over the root of the weighted mean of their squares.

        first_moment  <- beta_1 * first_moment  + (1 - beta_1) * gradients
        second_moment <- beta_2 * second_moment + (1 - beta_2) * gradients^2
        parameters    <- parameters - learning_rate * (first_moment / (1 - beta_1^t))
                                      / (sqrt(second_moment / (1 - beta_2^t)) + epsilon)

    with t = 1 in the first step. With `amsgrad` the largest second moment so far takes the place
    of the last one, so that a rare large gradient is never forgotten (Reddi, Kale & Kumar 2018,
    who correct no start; here, as in PyTorch, the maximum is corrected after it is taken).

    Reference: Kingma & Ba 2015, arXiv:1412.6980, algorithm 1. Epsilon is added to the corrected
    root, as there and in PyTorch. The faster form at the end of the paper's section 2, and
    TensorFlow's, add an unscaled "epsilon hat" to the uncorrected root: another number, and one
    that matters when gradients are small.

    Args:
        beta_1: in [0, 1), the share of the first moment that a step keeps.
        beta_2: in [0, 1), the share of the second moment that a step keeps.
        epsilon: keeps the division finite.
        amsgrad: divide by the largest second moment so far.
    """

    def __init__(
        self,
        parameters: FloatArray,
        n_weights: int,
        *,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        amsgrad: bool = False,
        weight_decay: Rate = 0.0,
    ) -> None:
        super().__init__(parameters, n_weights, weight_decay=weight_decay)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.amsgrad = amsgrad
        self._discount_1, self._discount_2 = self._constant(beta_1), self._constant(beta_2)
        self._epsilon = self._constant(epsilon)  # of the sums, set anew by each step
        self._add_slots("gradient_sum", "square_sum")
        if amsgrad:
            self._add_slots("largest_square_sum")

    def _calls_on(self, gradients: FloatArray) -> Calls:
        gradient_sum, scratch = self.slots["gradient_sum"], self._scratch
        return [
            *discount_and_add(gradient_sum, self._discount_1, gradients),
            *self._divide_by_root(gradients, gradient_sum, out=scratch),
            *self._subtract(self._factor, scratch),
        ]

    def _divide_by_root(
        self, gradients: FloatArray, numerator: FloatArray, out: FloatArray
    ) -> Calls:
        """Put `numerator / (sqrt(square_sum) + root_weight * epsilon)` into `out`.

        Times root_weight, it is the quotient by the mean's root + epsilon.
        """
        square_sum, scratch = self.slots["square_sum"], self._scratch
        calls: Calls = [
            partial(np.multiply, gradients, gradients, scratch),
            *discount_and_add(square_sum, self._discount_2, scratch),
        ]
        if self.amsgrad:
            largest = self.slots["largest_square_sum"]
            calls.append(partial(np.maximum, largest, square_sum, out=largest))
            square_sum = largest
        return [
            *calls,
            partial(np.sqrt, square_sum, scratch),
            partial(np.add, scratch, self._epsilon, scratch),
            partial(np.divide, numerator, scratch, out),
        ]

    def _set_scalars(self, learning_rate: Rate) -> None:
        root_weight = self._set_epsilon()
        self._factor[...] = learning_rate * root_weight / sum_of_weights(self.beta_1, self.steps)

    def _set_epsilon(self) -> float:
        """Set the epsilon of the sums; return root_weight, the root of the squares' weights."""
        root_weight = math.sqrt(sum_of_weights(self.beta_2, self.steps))
        self._epsilon[...] = root_weight * self.epsilon
        return root_weight


class AdamW(Adam):
    """`Adam` with decoupled weight decay switched on: 0.01 unless said.

    Reference: Loshchilov & Hutter 2019, arXiv:1711.05101, algorithm 2. There the decay is scaled
    by the schedule alone; here, as in PyTorch, by the learning rate, so that one weight_decay is
    weaker at a smaller rate. An l2 penalty is another thing under Adam: it enters the gradient
    and is divided by its root.

    Args: those of `Adam`.
    """

    def __init__(
        self,
        parameters: FloatArray,
        n_weights: int,
        *,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        amsgrad: bool = False,
        weight_decay: Rate = 0.01,
    ) -> None:
        super().__init__(
            parameters,
            n_weights,
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            amsgrad=amsgrad,
            weight_decay=weight_decay,
        )


class Nadam(Adam):
    """`Adam` with Nesterov's look ahead, and a momentum that grows towards beta_1.

        mu(t)          = beta_1 * (1 - 0.96^(t * momentum_decay) / 2),   M(t) = mu(1) ... mu(t)
        first_moment, second_moment as in Adam
        direction      = (1 - mu(t)) / (1 - M(t)) * gradients
                         + mu(t + 1) / (1 - M(t + 1)) * first_moment
        parameters    <- parameters - learning_rate * direction
                                      / (sqrt(second_moment / (1 - beta_2^t)) + epsilon)

    Reference: Dozat 2016, "Incorporating Nesterov Momentum into Adam", ICLR workshop. The moment
    decays by the fixed beta_1 and epsilon stands as in `Adam`, both as in PyTorch; the paper's
    algorithm 2 uses a general mu.

    Args:
        momentum_decay: how fast mu grows; the paper's 0.004.
        others: those of `Adam`, but for amsgrad.
    """

    def __init__(
        self,
        parameters: FloatArray,
        n_weights: int,
        *,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        momentum_decay: float = 0.004,
        weight_decay: Rate = 0.0,
    ) -> None:
        super().__init__(
            parameters,
            n_weights,
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            weight_decay=weight_decay,
        )
        self.momentum_decay = momentum_decay
        self.slots["momentum_product"] = np.ones(1)  # M(t), in float64 whatever the parameters
        self._direction = np.empty_like(parameters)
        self._moment_share = self._constant(0.0)  # of the moment beside the gradient, in each step

    def _calls_on(self, gradients: FloatArray) -> Calls:
        gradient_sum, direction = self.slots["gradient_sum"], self._direction
        return [
            *discount_and_add(gradient_sum, self._discount_1, gradients),
            partial(np.multiply, gradient_sum, self._moment_share, direction),
            partial(np.add, direction, gradients, direction),
            *self._divide_by_root(gradients, direction, out=direction),
            *self._subtract(self._factor, direction),
        ]

    def _set_scalars(self, learning_rate: Rate) -> None:
        of_gradient, of_moment = self._advance_momentum()
        self._moment_share[...] = of_moment * (1.0 - self.beta_1) / of_gradient
        self._factor[...] = learning_rate * of_gradient * self._set_epsilon()

    def _advance_momentum(self) -> tuple[float, float]:
        """Take M(t - 1) to M(t); return the weights of the gradient and of the first moment."""
        product = float(self.slots["momentum_product"][0])
        momentum, next_momentum = self.momentum(self.steps), self.momentum(self.steps + 1)
        product *= momentum
        self.slots["momentum_product"][0] = product
        return (1.0 - momentum) / (1.0 - product), next_momentum / (1.0 - product * next_momentum)

    def momentum(self, step: int) -> float:
        """mu of a step, counted from 1."""
        return float(self.beta_1 * (1.0 - 0.5 * 0.96 ** (step * self.momentum_decay)))


class Adamax(Optimizer):
    """`Adam` with the largest recent gradient in place of the root of the mean square.

        first_moment <- beta_1 * first_moment + (1 - beta_1) * gradients
        largest      <- max(beta_2 * largest, |gradients| + epsilon)
        parameters   <- parameters - learning_rate * (first_moment / (1 - beta_1^t)) / largest

    Reference: Kingma & Ba 2015, section 7.1 and algorithm 2, which have no epsilon and divide
    0 by 0 where a gradient has always been 0; here it stands as in PyTorch. A maximum needs no
    correction of its start.

    Args:
        beta_1: in [0, 1), the share of the first moment that a step keeps.
        beta_2: in [0, 1), the share of the largest gradient that a step keeps.
        epsilon: keeps the division finite.
    """

    def __init__(
        self,
        parameters: FloatArray,
        n_weights: int,
        *,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: Rate = 0.0,
    ) -> None:
        super().__init__(parameters, n_weights, weight_decay=weight_decay)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self._discount_1, self._discount_2 = self._constant(beta_1), self._constant(beta_2)
        self._epsilon = self._constant(epsilon)
        self._add_slots("gradient_sum", "largest_gradient")

    def _calls_on(self, gradients: FloatArray) -> Calls:
        gradient_sum, largest = self.slots["gradient_sum"], self.slots["largest_gradient"]
        scratch = self._scratch
        return [
            *discount_and_add(gradient_sum, self._discount_1, gradients),
            partial(np.absolute, gradients, scratch),
            partial(np.add, scratch, self._epsilon, scratch),
            partial(np.multiply, largest, self._discount_2, largest),
            partial(np.maximum, largest, scratch, out=largest),
            partial(np.divide, gradient_sum, largest, scratch),
            *self._subtract(self._factor, scratch),
        ]

    def _set_scalars(self, learning_rate: Rate) -> None:
        self._factor[...] = learning_rate / sum_of_weights(self.beta_1, self.steps)


def sum_of_weights(beta: float, steps: int) -> float:
    """`1 + beta + ... + beta^(steps-1)`: what a discounted sum of `steps` terms is divided by."""
    return float((1.0 - beta**steps) / (1.0 - beta))
