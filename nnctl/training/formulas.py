"""The formula of each operation, as it is written beside the numbers that it gave."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nnctl.nn.layers import Activate, Dense, Dropout
from nnctl.nn.normalization import StandardizeBatch, StandardizeLayer
from nnctl.nn.stage import Stage


@dataclass(frozen=True)
class Formulas:
    """What a stage computes, forward and back; `symbol` is what its outputs are called."""

    kind: str
    symbol: str
    forward: str
    backward: str


@dataclass(frozen=True)
class StageFormulas:
    """The formulas of a kind of stage, by its settings and the symbol of what comes into it."""

    kind: str
    symbol: str
    forward: Callable[[Stage, str], str]
    backward: Callable[[Stage, str], str]

    def of(self, stage: Stage, before: str = "z") -> Formulas:
        """Return the formulas of one stage; `before` is what comes into it."""
        forward, backward = self.forward(stage, before), self.backward(stage, before)
        return Formulas(self.kind, self.symbol, forward, backward)


def _dense(stage: Stage, _: str) -> str:
    assert isinstance(stage, Dense)
    return "z = x W" if stage.biases is None else "z = x W + b"


def _through_dense(stage: Stage, _: str) -> str:
    assert isinstance(stage, Dense)
    of_biases = "" if stage.biases is None else "dL/db = Σ_rows dL/dz, "
    return f"dL/dW = xᵀ dL/dz, {of_biases}dL/dx = dL/dz Wᵀ"


def _activation(stage: Stage, before: str) -> str:
    assert isinstance(stage, Activate)
    return f"a = f({before}), {stage.activation.written}"


def _through_activation(stage: Stage, before: str) -> str:
    assert isinstance(stage, Activate)
    if stage.activation.name == "softmax":
        return "dL/dz_i = a_i (dL/da_i - Σ_j dL/da_j a_j)"
    return f"dL/d{before} = dL/da f'({before})"


def _dropout(stage: Stage, _: str) -> str:
    assert isinstance(stage, Dropout)
    return f"d = a mask, mask 0 with probability {stage.rate:g}, else 1 / (1 - {stage.rate:g})"


def _standardized_over(axis: str) -> Callable[[Stage, str], str]:
    formula = "v = (z - mean) / sqrt(variance + epsilon), u = scale v + shift"
    return lambda *_: f"{formula}; mean and variance over {axis}"


def _through_normalization(_: Stage, __: str) -> str:
    return (
        "g = scale dL/du, dL/dz = (g - mean(g) - v mean(g v)) / sqrt(variance + epsilon); "
        "dL/dscale = Σ_rows v dL/du, dL/dshift = Σ_rows dL/du"
    )


STAGE_FORMULAS = {
    formulas.kind: formulas
    for formulas in (
        StageFormulas("dense", "z", _dense, _through_dense),
        StageFormulas(
            "batch normalization",
            "u",
            _standardized_over("the rows of the batch"),
            _through_normalization,
        ),
        StageFormulas(
            "layer normalization",
            "u",
            _standardized_over("the units of a row"),
            _through_normalization,
        ),
        StageFormulas("activation", "a", _activation, _through_activation),
        StageFormulas("dropout", "d", _dropout, lambda *_: "dL/da = dL/dd mask"),
    )
}
KINDS: dict[type[Stage], str] = {
    Dense: "dense",
    StandardizeBatch: "batch normalization",
    StandardizeLayer: "layer normalization",
    Activate: "activation",
    Dropout: "dropout",
}


def stage_kind(stage: Stage) -> str:
    """Return the key of a stage's formulas."""
    return next(kind for base, kind in KINDS.items() if isinstance(stage, base))


@dataclass(frozen=True)
class LossFormulas:
    """A loss and its derivative: by the outputs, or for a score loss by the scores z."""

    value: str
    derivative: str


# n is the number of rows, k that of outputs; row weights take the place of 1/n.
LOSS_FORMULAS = {
    "mean_squared_error": LossFormulas("L = Σ (a - y)² / (n k)", "dL/da = 2 (a - y) / (n k)"),
    "mean_absolute_error": LossFormulas("L = Σ |a - y| / (n k)", "dL/da = sign(a - y) / (n k)"),
    "huber": LossFormulas(
        "L = Σ h(a - y) / (n k), h(e) = e²/2 where |e| <= delta, else delta (|e| - delta/2)",
        "dL/da = clip(a - y, -delta, delta) / (n k)",
    ),
    "log_cosh": LossFormulas("L = Σ log cosh(a - y) / (n k)", "dL/da = tanh(a - y) / (n k)"),
    "hinge": LossFormulas("L = Σ max(0, 1 - y a) / n", "dL/da = -y / n where y a < 1, else 0"),
    "binary_cross_entropy": LossFormulas(
        "L = Σ (-y log a - (1 - y) log(1 - a)) / n",
        "dL/dz = (a - y) / n, with the slope of the sigmoid in it",
    ),
    "categorical_cross_entropy": LossFormulas(
        "L = Σ -y log a / n", "dL/dz = (a - y) / n, with the slope of the softmax in it"
    ),
    "perceptron": LossFormulas("L = Σ (a - y) z / n", "dL/dz = (a - y) / n"),
}
