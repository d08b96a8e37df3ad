"""The activations that a config may choose, with their parameters."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from nnctl.config.schema.base import BareName, Integer, Named, Number, PositiveNumber, by_name


class Identity(Named):
    """The net input itself."""

    name: Literal["identity"]


class Step(Named):
    """1 above zero, 0 below; for the perceptron's output."""

    name: Literal["step"]
    at_zero: Annotated[Integer, Field(ge=0, le=1)] = Field(0, description="The value at zero.")


class Sigmoid(Named):
    """The logistic function, between 0 and 1."""

    name: Literal["sigmoid"]


class Tanh(Named):
    """The hyperbolic tangent, between -1 and 1."""

    name: Literal["tanh"]


class Relu(Named):
    """The positive part."""

    name: Literal["relu"]


class LeakyRelu(Named):
    """The positive part, and a gentle slope below zero."""

    name: Literal["leaky_relu"]
    slope: Number = Field(0.01, description="The slope below zero.")


class Softmax(Named):
    """A probability for each class; for the output layer."""

    name: Literal["softmax"]


class Elu(Named):
    """The identity above zero, alpha (exp(z) - 1) below."""

    name: Literal["elu"]
    alpha: PositiveNumber = Field(1.0, description="Minus the limit far below zero.")


class Selu(Named):
    """The scaled elu of self-normalizing networks."""

    name: Literal["selu"]


class Gelu(Named):
    """The net input times the normal distribution function of it."""

    name: Literal["gelu"]
    approximate: Literal["none", "tanh"] = Field(
        "none", description="none: by the error function; tanh: by its approximation."
    )


class Silu(Named):
    """The net input times its sigmoid, also called swish."""

    name: Literal["silu"]


class Softplus(Named):
    """log(1 + exp(z)), a smooth relu."""

    name: Literal["softplus"]


class Softsign(Named):
    """z / (1 + |z|), between -1 and 1."""

    name: Literal["softsign"]


class Mish(Named):
    """The net input times the tanh of its softplus."""

    name: Literal["mish"]


Activation = Annotated[
    Identity
    | Step
    | Sigmoid
    | Tanh
    | Relu
    | LeakyRelu
    | Softmax
    | Elu
    | Selu
    | Gelu
    | Silu
    | Softplus
    | Softsign
    | Mish,
    by_name(),
    BareName(),
]
