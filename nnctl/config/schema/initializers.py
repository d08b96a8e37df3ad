"""The initial weights and biases that a config may choose."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from nnctl.config.schema.base import BareName, Named, Number, PositiveNumber, by_name

Row = tuple[Number, ...]


class XavierUniform(Named):
    """Uniform, variance 2 / (inputs + units)."""

    name: Literal["xavier_uniform"]


class XavierNormal(Named):
    """Normal, variance 2 / (inputs + units)."""

    name: Literal["xavier_normal"]


class HeUniform(Named):
    """Uniform, variance 2 / inputs."""

    name: Literal["he_uniform"]


class HeNormal(Named):
    """Normal, variance 2 / inputs."""

    name: Literal["he_normal"]


class LecunUniform(Named):
    """Uniform, variance 1 / inputs."""

    name: Literal["lecun_uniform"]


class LecunNormal(Named):
    """Normal, variance 1 / inputs."""

    name: Literal["lecun_normal"]


class RandomUniform(Named):
    """Uniform between -scale and scale."""

    name: Literal["random_uniform"]
    scale: PositiveNumber = Field(0.05, description="The largest magnitude.")


class RandomNormal(Named):
    """Normal around zero."""

    name: Literal["random_normal"]
    scale: PositiveNumber = Field(0.05, description="The standard deviation.")


class Orthogonal(Named):
    """Rows or columns at right angles, all of one length."""

    name: Literal["orthogonal"]
    gain: PositiveNumber = Field(1.0, description="The length.")


class Zeros(Named):
    """All zero."""

    name: Literal["zeros"]


class Constant(Named):
    """All one value."""

    name: Literal["constant"]
    value: Number = Field(description="The value.")


class Values(Named):
    """The very numbers, as in a worked example."""

    name: Literal["values"]
    weights: tuple[Row, ...] = Field(description="A row for each input, a column for each unit.")
    biases: Row | None = Field(None, description="A number for each unit.")


class BiasValues(Named):
    """The very numbers, as in a worked example."""

    name: Literal["values"]
    biases: Row = Field(description="A number for each unit.")


Initializer = Annotated[
    XavierUniform
    | XavierNormal
    | HeUniform
    | HeNormal
    | LecunUniform
    | LecunNormal
    | RandomUniform
    | RandomNormal
    | Orthogonal
    | Zeros
    | Constant
    | Values,
    by_name(),
    BareName(),
]

BiasInitializer = Annotated[
    Zeros | Constant | RandomUniform | RandomNormal | BiasValues, by_name(), BareName()
]
