"""The data sets that are made rather than read."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from nnctl.config.schema.base import (
    BareName,
    Count,
    Fraction,
    Integer,
    Named,
    NonNegativeNumber,
    Number,
    PositiveNumber,
    by_name,
)

LARGEST_SEED = 2**63 - 1
Seed = Annotated[Integer, Field(ge=0, le=LARGEST_SEED)]
MOST_CLASSES = 10_000
ClassCount = Annotated[Integer, Field(ge=2, le=MOST_CLASSES)]
JITTER = "The standard deviation of the noise."


class Generator(Named):
    """What every generator has."""

    shared: ClassVar[frozenset[str]] = frozenset({"name", "seed"})

    samples: Count = Field(description="How many rows are made.")
    noise: NonNegativeNumber = Field(0.0, description=JITTER)
    seed: Seed | None = Field(
        None, description="The seed of the data; left out, it is derived from the config's seed."
    )


class And(Generator):
    """The truth table of AND, repeated."""

    name: Literal["and"]
    samples: Count = Field(4, description="How many rows are made.")


class Or(Generator):
    """The truth table of OR, repeated."""

    name: Literal["or"]
    samples: Count = Field(4, description="How many rows are made.")


class Xor(Generator):
    """The truth table of XOR, repeated."""

    name: Literal["xor"]
    samples: Count = Field(4, description="How many rows are made.")


class Not(Generator):
    """The truth table of NOT, repeated."""

    name: Literal["not"]
    samples: Count = Field(2, description="How many rows are made.")


class Linear(Generator):
    """A straight line with noise."""

    name: Literal["linear"]
    samples: Count = Field(100, description="How many rows are made.")
    noise: NonNegativeNumber = Field(0.2, description=JITTER)
    slope: Number = Field(2.0, description="The line's slope.")
    intercept: Number = Field(1.0, description="The line's height at zero.")
    low: Number = Field(-1.0, description="The smallest x.")
    high: Number = Field(1.0, description="The largest x.")


class Sine(Generator):
    """A sine wave with noise."""

    name: Literal["sine"]
    samples: Count = Field(200, description="How many rows are made.")
    noise: NonNegativeNumber = Field(0.1, description=JITTER)
    periods: PositiveNumber = Field(1.0, description="How many waves.")


class Blobs(Generator):
    """Round clusters, one a class."""

    name: Literal["blobs"]
    samples: Count = Field(300, description="How many rows are made.")
    noise: NonNegativeNumber = Field(1.0, description="The clusters' standard deviation.")
    classes: ClassCount = Field(3, description="How many classes.")


class Moons(Generator):
    """Two half circles that reach into each other."""

    name: Literal["moons"]
    samples: Count = Field(500, description="How many rows are made.")
    noise: NonNegativeNumber = Field(0.2, description=JITTER)


class Circles(Generator):
    """A circle within another."""

    name: Literal["circles"]
    samples: Count = Field(500, description="How many rows are made.")
    noise: NonNegativeNumber = Field(0.1, description=JITTER)
    factor: Fraction = Field(0.5, description="The inner radius as a share of the outer.")


class Spirals(Generator):
    """Arms that wind around each other, one a class."""

    name: Literal["spirals"]
    samples: Count = Field(600, description="How many rows are made.")
    noise: NonNegativeNumber = Field(0.1, description=JITTER)
    classes: ClassCount = Field(2, description="How many classes.")
    turns: PositiveNumber = Field(1.5, description="How often an arm goes round.")


class GaussianQuantiles(Generator):
    """One normal cloud, its classes the shells that hold equally many rows."""

    name: Literal["gaussian_quantiles"]
    samples: Count = Field(500, description="How many rows are made.")
    classes: ClassCount = Field(3, description="How many classes.")
    features: Count = Field(2, description="How many features.")


GeneratorConfig = Annotated[
    And | Or | Xor | Not | Linear | Sine | Blobs | Moons | Circles | Spirals | GaussianQuantiles,
    by_name(),
    BareName(),
]
