"""The losses that a config may choose, with their parameters."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from nnctl.config.schema.base import BareName, Fraction, Named, PositiveNumber, by_name

SMOOTHING = "The share of each target that is spread evenly over the classes."


class MeanSquaredError(Named):
    """The mean of the squared errors."""

    name: Literal["mean_squared_error"]


class MeanAbsoluteError(Named):
    """The mean of the errors' magnitudes."""

    name: Literal["mean_absolute_error"]


class Huber(Named):
    """Squared for small errors, straight for large ones."""

    name: Literal["huber"]
    delta: PositiveNumber = Field(1.0, description="Where the one goes over into the other.")


class LogCosh(Named):
    """The mean of log(cosh(error)), a smooth huber."""

    name: Literal["log_cosh"]


class BinaryCrossEntropy(Named):
    """For two classes and one sigmoid unit."""

    name: Literal["binary_cross_entropy"]
    label_smoothing: Fraction = Field(0.0, description=SMOOTHING)


class CategoricalCrossEntropy(Named):
    """For two or more classes and a softmax unit for each."""

    name: Literal["categorical_cross_entropy"]
    label_smoothing: Fraction = Field(0.0, description=SMOOTHING)


class Hinge(Named):
    """The margin loss of support vector machines."""

    name: Literal["hinge"]


class Perceptron(Named):
    """Rosenblatt's rule: only rows on the wrong side count."""

    name: Literal["perceptron"]


Loss = Annotated[
    MeanSquaredError
    | MeanAbsoluteError
    | Huber
    | LogCosh
    | BinaryCrossEntropy
    | CategoricalCrossEntropy
    | Hinge
    | Perceptron,
    by_name(),
    BareName(),
]
