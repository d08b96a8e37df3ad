"""The optimizers that a config may choose, with their parameters."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from nnctl.config.schema.base import (
    BareName,
    Boolean,
    Fraction,
    Named,
    NonNegativeNumber,
    Number,
    PositiveNumber,
    by_name,
)
from nnctl.config.schema.schedules import ConstantSchedule, ScheduleConfig

LEARNING_RATE = "How far a step goes, before the schedule."
EPSILON = "Keeps a division from being by zero."
RHO = "How much of the running mean of squares is kept."
BETA_1 = "How much of the running mean of gradients is kept."
BETA_2 = "How much of the running mean of squares is kept."


class Optimizer(Named):
    """What every optimizer has."""

    shared: ClassVar[frozenset[str]] = frozenset(
        {"name", "learning_rate", "weight_decay", "schedule"}
    )

    learning_rate: PositiveNumber = Field(description=LEARNING_RATE)
    weight_decay: NonNegativeNumber = Field(
        0.0, description="Decoupled decay of the weights, not of the biases."
    )
    schedule: ScheduleConfig = Field(
        ConstantSchedule(name="constant"), description="How the learning rate changes."
    )


class Sgd(Optimizer):
    """Gradient descent, with momentum if wanted."""

    name: Literal["sgd"]
    learning_rate: PositiveNumber = Field(0.01, description=LEARNING_RATE)
    momentum: Fraction = Field(0.0, description="How much of the velocity is kept.")
    dampening: Annotated[Number, Field(ge=0, le=1)] = Field(
        0.0, description="How much of the gradient the velocity leaves out."
    )
    nesterov: Boolean = Field(False, description="Look ahead; needs momentum and no dampening.")


class Rmsprop(Optimizer):
    """The gradient over a running root mean square."""

    name: Literal["rmsprop"]
    learning_rate: PositiveNumber = Field(0.001, description=LEARNING_RATE)
    rho: Fraction = Field(0.9, description=RHO)
    momentum: Fraction = Field(0.0, description="How much of the velocity is kept.")
    epsilon: PositiveNumber = Field(1e-8, description=EPSILON)


class Adagrad(Optimizer):
    """The gradient over the root of the sum of all squares so far."""

    name: Literal["adagrad"]
    learning_rate: PositiveNumber = Field(0.01, description=LEARNING_RATE)
    epsilon: PositiveNumber = Field(1e-10, description=EPSILON)


class Adadelta(Optimizer):
    """Steps in the units of the steps before."""

    name: Literal["adadelta"]
    learning_rate: PositiveNumber = Field(1.0, description=LEARNING_RATE)
    rho: Fraction = Field(0.9, description=RHO)
    epsilon: PositiveNumber = Field(1e-6, description=EPSILON)


class MomentOptimizer(Optimizer):
    """What the family of Adam has: running means of gradients and of their squares."""

    learning_rate: PositiveNumber = Field(0.001, description=LEARNING_RATE)
    beta_1: Fraction = Field(0.9, description=BETA_1)
    beta_2: Fraction = Field(0.999, description=BETA_2)
    epsilon: PositiveNumber = Field(1e-8, description=EPSILON)


class Adam(MomentOptimizer):
    """Running means of gradients and of their squares, corrected for their start at zero."""

    name: Literal["adam"]
    amsgrad: Boolean = Field(False, description="Divide by the largest mean of squares so far.")


class Adamw(MomentOptimizer):
    """Adam with decoupled weight decay."""

    name: Literal["adamw"]
    weight_decay: NonNegativeNumber = Field(
        0.01, description="Decoupled decay of the weights, not of the biases."
    )
    amsgrad: Boolean = Field(False, description="Divide by the largest mean of squares so far.")


class Nadam(MomentOptimizer):
    """Adam that looks ahead as Nesterov's momentum does."""

    name: Literal["nadam"]
    momentum_decay: NonNegativeNumber = Field(0.004, description="How the momentum warms up.")


class Adamax(MomentOptimizer):
    """Adam by the largest magnitude instead of the mean square."""

    name: Literal["adamax"]


OptimizerConfig = Annotated[
    Sgd | Rmsprop | Adagrad | Adadelta | Adam | Adamw | Nadam | Adamax,
    by_name(),
    BareName(default="adam"),
]
