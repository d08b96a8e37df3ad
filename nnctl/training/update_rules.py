"""How each optimizer moves a parameter, in the papers' terms and with the numbers it keeps.

The engine keeps discounted sums where the papers keep averages, which are those sums times a
constant; what is shown are the papers' averages.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nnctl.data.arrays import FloatArray
from nnctl.nn.adam import Adam, Adamax, AdamW, Nadam
from nnctl.nn.adaptive import Adadelta, Adagrad, RMSprop
from nnctl.nn.descent import SGD, Optimizer


@dataclass(frozen=True, eq=False)
class UpdateRule:
    """The formulas of an update, g standing for the gradient, and what it keeps from step to step.

    `moments` are copies (n_parameters,), after the step.
    """

    formulas: tuple[str, ...]
    moments: dict[str, FloatArray]


def update_rule(optimizer: Optimizer) -> UpdateRule:
    """Return the rule of an optimizer, with the numbers of its last step."""
    rule = RULES[type(optimizer)](optimizer)
    if not optimizer.weight_decay:
        return rule
    decay = f"first, of weights only: w <- (1 - learning_rate * {optimizer.weight_decay:g}) w"
    return UpdateRule((decay, *rule.formulas), rule.moments)


def _sgd(optimizer: Optimizer) -> UpdateRule:
    assert isinstance(optimizer, SGD)
    if not optimizer.momentum:
        return UpdateRule(("w <- w - learning_rate g",), {})
    share = "g" if not optimizer.dampening else f"(1 - {optimizer.dampening:g}) g"
    velocity = f"v <- {optimizer.momentum:g} v + {share}"
    step = "w <- w - learning_rate v"
    if optimizer.nesterov:
        step = f"w <- w - learning_rate (g + {optimizer.momentum:g} v)"
    return UpdateRule((velocity, step), {"v": optimizer.slots["velocity"].copy()})


def _rmsprop(optimizer: Optimizer) -> UpdateRule:
    assert isinstance(optimizer, RMSprop)
    rho, momentum = optimizer.rho, optimizer.momentum
    scaled = f"g / (sqrt(s) + {optimizer.epsilon:g})"
    moments = {"s": (1.0 - rho) * optimizer.slots["square_sum"]}
    mean = f"s <- {rho:g} s + {1 - rho:.6g} g²"
    if not momentum:
        return UpdateRule((mean, f"w <- w - learning_rate {scaled}"), moments)
    # The engine's velocity is of gradients over the root of the sum.
    moments["v"] = optimizer.slots["velocity"] / (1.0 - rho) ** 0.5
    return UpdateRule(
        (mean, f"v <- {momentum:g} v + {scaled}", "w <- w - learning_rate v"), moments
    )


def _adagrad(optimizer: Optimizer) -> UpdateRule:
    assert isinstance(optimizer, Adagrad)
    step = f"w <- w - learning_rate g / (sqrt(s) + {optimizer.epsilon:g})"
    return UpdateRule(("s <- s + g²", step), {"s": optimizer.slots["square_sum"].copy()})


def _adadelta(optimizer: Optimizer) -> UpdateRule:
    assert isinstance(optimizer, Adadelta)
    rho, epsilon, slots = optimizer.rho, optimizer.epsilon, optimizer.slots
    formulas = (
        f"s <- {rho:g} s + {1 - rho:.6g} g²",
        f"delta = sqrt(c + {epsilon:g}) / sqrt(s + {epsilon:g}) g",
        f"c <- {rho:g} c + {1 - rho:.6g} delta²",
        "w <- w - learning_rate delta",
    )
    moments = {"s": (1.0 - rho) * slots["square_sum"], "c": (1.0 - rho) * slots["change_sum"]}
    return UpdateRule(formulas, moments)


def _adam(optimizer: Optimizer) -> UpdateRule:
    assert isinstance(optimizer, Adam)
    formulas, moments = _moments(optimizer)
    correction = 1.0 - optimizer.beta_2
    root = "v"
    if optimizer.amsgrad:
        formulas += ("largest <- max(largest, v)",)
        moments["largest"] = correction * optimizer.slots["largest_square_sum"]
        root = "largest"
    t, beta_1, beta_2 = optimizer.steps, optimizer.beta_1, optimizer.beta_2
    step = (
        f"w <- w - learning_rate (m / (1 - {beta_1:g}^{t})) / "
        f"(sqrt({root} / (1 - {beta_2:g}^{t})) + {optimizer.epsilon:g})"
    )
    return UpdateRule((*formulas, step), moments)


def _moments(optimizer: Adam) -> tuple[tuple[str, ...], dict[str, FloatArray]]:
    beta_1, beta_2, slots = optimizer.beta_1, optimizer.beta_2, optimizer.slots
    formulas = (
        f"m <- {beta_1:g} m + {1 - beta_1:.6g} g",
        f"v <- {beta_2:g} v + {1 - beta_2:.6g} g²",
    )
    return formulas, {
        "m": (1.0 - beta_1) * slots["gradient_sum"],
        "v": (1.0 - beta_2) * slots["square_sum"],
    }


def _nadam(optimizer: Optimizer) -> UpdateRule:
    assert isinstance(optimizer, Nadam)
    formulas, moments = _moments(optimizer)
    t, beta_2 = optimizer.steps, optimizer.beta_2
    product = float(optimizer.slots["momentum_product"][0])
    now, then = optimizer.momentum(t), optimizer.momentum(t + 1)
    direction = (
        f"direction = {(1 - now) / (1 - product):.6g} g + {then / (1 - product * then):.6g} m"
    )
    step = (
        f"w <- w - learning_rate direction / "
        f"(sqrt(v / (1 - {beta_2:g}^{t})) + {optimizer.epsilon:g})"
    )
    return UpdateRule((*formulas, direction, step), moments)


def _adamax(optimizer: Optimizer) -> UpdateRule:
    assert isinstance(optimizer, Adamax)
    beta_1, beta_2, slots = optimizer.beta_1, optimizer.beta_2, optimizer.slots
    formulas = (
        f"m <- {beta_1:g} m + {1 - beta_1:.6g} g",
        f"u <- max({beta_2:g} u, |g| + {optimizer.epsilon:g})",
        f"w <- w - learning_rate (m / (1 - {beta_1:g}^{optimizer.steps})) / u",
    )
    moments = {
        "m": (1.0 - beta_1) * slots["gradient_sum"],
        "u": slots["largest_gradient"].copy(),
    }
    return UpdateRule(formulas, moments)


RULES: dict[type[Optimizer], Callable[[Optimizer], UpdateRule]] = {
    SGD: _sgd,
    RMSprop: _rmsprop,
    Adagrad: _adagrad,
    Adadelta: _adadelta,
    Adam: _adam,
    AdamW: _adam,
    Nadam: _nadam,
    Adamax: _adamax,
}
