"""How the learning rate may change from epoch to epoch."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from nnctl.config.schema.base import (
    BareName,
    Count,
    Named,
    Natural,
    NonNegativeNumber,
    Number,
    PositiveNumber,
    by_name,
)

Decay = Annotated[Number, Field(gt=0, le=1)]
GAMMA = "The factor of each fall."
EPOCHS = "The length; left out, all epochs after the warm-up."


def _increasing(milestones: tuple[int, ...]) -> tuple[int, ...]:
    if sorted(set(milestones)) != list(milestones):
        raise ValueError("must increase from one to the next")
    return milestones


class Schedule(Named):
    """What every schedule has."""

    shared: ClassVar[frozenset[str]] = frozenset({"name", "warmup_epochs"})

    warmup_epochs: Natural = Field(
        0, description="Epochs in which the rate climbs before the schedule begins."
    )


class ConstantSchedule(Schedule):
    """The same rate throughout."""

    name: Literal["constant"]


class StepSchedule(Schedule):
    """A fall every so many epochs."""

    name: Literal["step"]
    step_size: Count = Field(description="Epochs from one fall to the next.")
    gamma: Decay = Field(0.1, description=GAMMA)


class MultistepSchedule(Schedule):
    """A fall at each milestone."""

    name: Literal["multistep"]
    milestones: Annotated[tuple[Count, ...], Field(min_length=1), AfterValidator(_increasing)] = (
        Field(description="The epochs at which the rate falls.")
    )
    gamma: Decay = Field(0.1, description=GAMMA)


class ExponentialSchedule(Schedule):
    """A fall every epoch."""

    name: Literal["exponential"]
    gamma: Decay = Field(description=GAMMA)


class CosineSchedule(Schedule):
    """Half a cosine wave, from the rate to the minimum."""

    name: Literal["cosine"]
    epochs: Count | None = Field(None, description=EPOCHS)
    minimum: NonNegativeNumber = Field(0.0, description="The rate at the end.")


class InverseScalingSchedule(Schedule):
    """The rate divided by a power of the epoch's number."""

    name: Literal["inverse_scaling"]
    power: PositiveNumber = Field(0.5, description="The power.")


class OneCycleSchedule(Schedule):
    """A climb to the rate, then a long fall."""

    name: Literal["one_cycle"]
    epochs: Count | None = Field(None, description=EPOCHS)
    peak_fraction: Annotated[Number, Field(gt=0, lt=1)] = Field(
        0.3, description="Where the peak stands, as a share of the length."
    )
    initial_divisor: Annotated[Number, Field(ge=1)] = Field(
        25.0, description="The peak rate over the first."
    )
    final_divisor: Annotated[Number, Field(ge=1)] = Field(
        1e4, description="The first rate over the last."
    )


class ReduceOnPlateauSchedule(Schedule):
    """A fall when the monitored value no longer improves."""

    name: Literal["reduce_on_plateau"]
    monitor: str | None = Field(
        None, description="SET_METRIC; left out: validation_loss, else train_loss."
    )
    factor: Annotated[Number, Field(gt=0, lt=1)] = Field(0.1, description=GAMMA)
    patience: Count = Field(10, description="Epochs without improvement before a fall.")
    min_delta: NonNegativeNumber = Field(
        1e-4, description="An improvement must be larger than this."
    )
    minimum: NonNegativeNumber = Field(0.0, description="The rate never falls below this.")


ScheduleConfig = Annotated[
    ConstantSchedule
    | StepSchedule
    | MultistepSchedule
    | ExponentialSchedule
    | CosineSchedule
    | InverseScalingSchedule
    | OneCycleSchedule
    | ReduceOnPlateauSchedule,
    by_name(),
    BareName(),
]
