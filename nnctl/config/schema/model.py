"""The `model` section: hidden layers and the output layer."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from nnctl.config.schema.activations import Activation, Relu
from nnctl.config.schema.base import (
    BareName,
    Boolean,
    Count,
    Fraction,
    Named,
    Number,
    PositiveNumber,
    Section,
    by_name,
)
from nnctl.config.schema.initializers import BiasInitializer, Initializer, Zeros

INITIALIZER = "The initial weights; left out, they follow from the activation."
BIAS = "Whether the units have biases."
BIAS_INITIALIZER = "The initial biases."


class BatchNormalization(Named):
    """Each unit is centred and scaled over the rows of a batch."""

    name: Literal["batch"]
    momentum: Annotated[Number, Field(gt=0, le=1)] = Field(
        0.1, description="The weight of a new batch in the running mean and variance."
    )
    epsilon: PositiveNumber = Field(1e-5, description="Added to the variance.")


class LayerNormalization(Named):
    """Each row is centred and scaled over the units of the layer."""

    name: Literal["layer"]
    epsilon: PositiveNumber = Field(1e-5, description="Added to the variance.")


Normalization = Annotated[BatchNormalization | LayerNormalization, by_name(), BareName()]


class LayerConfig(Section):
    """A hidden layer."""

    units: Count = Field(description="How many units the layer has.")
    activation: Activation = Field(Relu(name="relu"), description="The activation.")
    initializer: Initializer | None = Field(None, description=INITIALIZER)
    bias: Boolean = Field(True, description=BIAS)
    bias_initializer: BiasInitializer = Field(Zeros(name="zeros"), description=BIAS_INITIALIZER)
    normalization: Normalization | None = Field(
        None, description="Normalization of the net inputs: batch or layer."
    )
    dropout: Fraction = Field(0.0, description="The share of activations dropped in training.")


class OutputConfig(Section):
    """The output layer."""

    activation: Activation | None = Field(
        None, description="The activation; left out, it follows from the loss."
    )
    units: Count | None = Field(
        None, description="How many units; left out, it follows from the target."
    )
    initializer: Initializer | None = Field(None, description=INITIALIZER)
    bias: Boolean = Field(True, description=BIAS)
    bias_initializer: BiasInitializer = Field(Zeros(name="zeros"), description=BIAS_INITIALIZER)


class ModelConfig(Section):
    """The network."""

    hidden: tuple[LayerConfig, ...] = Field(
        (), description="The hidden layers, first to last; none makes one layer of neurons."
    )
    output: OutputConfig = Field(OutputConfig(), description="The output layer.")
