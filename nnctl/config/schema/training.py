"""The sections beside data and model: training, regularization, compute and expectations."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from nnctl.config.schema.base import (
    Boolean,
    Count,
    NonNegativeNumber,
    Number,
    Other,
    PositiveNumber,
    Section,
    Word,
    word_or_other,
)
from nnctl.config.schema.generators import Seed

ClassificationMetric = Literal[
    "accuracy",
    "balanced_accuracy",
    "precision",
    "recall",
    "f1",
    "macro_precision",
    "macro_recall",
    "macro_f1",
    "roc_auc",
    "log_loss",
]
RegressionMetric = Literal[
    "mean_squared_error", "root_mean_squared_error", "mean_absolute_error", "r2"
]
Metric = Literal[ClassificationMetric, RegressionMetric]

BatchSize = Annotated[Annotated[Literal["full"], Word] | Annotated[Count, Other], word_or_other]
ClassWeight = Annotated[
    Annotated[Literal["balanced"], Word] | Annotated[dict[str, PositiveNumber], Other],
    word_or_other,
]
MOST_THREADS = 1024  # no library makes more; what they make of a number beyond is their secret
ThreadCount = Annotated[Count, Field(le=MOST_THREADS)]
Threads = Annotated[Annotated[Literal["auto"], Word] | Annotated[ThreadCount, Other], word_or_other]


class EarlyStoppingConfig(Section):
    """When training ends before its last epoch."""

    monitor: str | None = Field(
        None, description="SET_METRIC; left out: validation_loss, else train_loss."
    )
    patience: Count = Field(10, description="Epochs without improvement before it ends.")
    min_delta: NonNegativeNumber = Field(
        0.0, description="An improvement must be larger than this."
    )


class GradientClippingConfig(Section):
    """The largest gradient that is taken as it is."""

    norm: PositiveNumber | None = Field(None, description="The largest norm of all gradients.")
    value: PositiveNumber | None = Field(None, description="The largest magnitude of each.")


class TrainingConfig(Section):
    """How long, and in which portions, the network is trained."""

    epochs: Count = Field(100, description="How often every training row is seen.")
    batch_size: BatchSize = Field(32, description="Rows in a step; `full`: all.")
    shuffle: Boolean = Field(True, description="Draw the rows in a new order every epoch.")
    seed: Seed | None = Field(
        None,
        description="What initial weights, shuffles and dropout are derived from; left out: the "
        "config's `seed`, which decides the rows of each set in any case.",
    )
    class_weight: ClassWeight | None = Field(
        None, description="`balanced`, or how much the rows of each class count."
    )
    early_stopping: EarlyStoppingConfig | None = Field(
        None, description="When training ends before its last epoch."
    )
    gradient_clipping: GradientClippingConfig | None = Field(
        None, description="The largest gradient that is taken as it is."
    )
    on_divergence: Literal["stop", "skip_batch", "halve_learning_rate"] = Field(
        "stop",
        description="What to do when a number is not finite any more; for `halve_learning_rate` "
        "also when an epoch's loss is more than ten times that of the first weights.",
    )


class RegularizationConfig(Section):
    """Penalties on the weights, added to the loss; biases have none."""

    l1: NonNegativeNumber = Field(0.0, description="The weight of the sum of magnitudes.")
    l2: NonNegativeNumber = Field(0.0, description="The weight of half the sum of squares.")


class ComputeConfig(Section):
    """How the arithmetic is done."""

    dtype: Literal["float32", "float64"] = Field("float32", description="The kind of numbers.")
    threads: Threads = Field("auto", description="BLAS threads; auto: by a fixed rule.")
    rows: Literal["shared", "sharded"] = Field(
        "shared",
        description="Of several processes (MPI) each has all training rows, or its share alone.",
    )


class Bounds(Section):
    """The range in which a metric must end."""

    min: Number | None = Field(None, description="The least value that will do.")
    max: Number | None = Field(None, description="The largest value that will do.")
