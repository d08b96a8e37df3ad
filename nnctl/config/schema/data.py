"""The `data` section: where rows come from, what they mean, how they are scaled and split."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from nnctl.config.schema.base import (
    Boolean,
    ColumnName,
    Fraction,
    Other,
    Section,
    Word,
    word_or_other,
)
from nnctl.config.schema.generators import GeneratorConfig

Task = Literal["classification", "regression"]
Columns = Annotated[tuple[ColumnName, ...], Field(min_length=1)]
Target = Annotated[Annotated[ColumnName, Word] | Annotated[Columns, Other], word_or_other]


class SplitConfig(Section):
    """How the rows are divided; what is left over is for training."""

    validation: Fraction = Field(0.0, description="The share of rows for validation.")
    test: Fraction = Field(0.0, description="The share of rows for the final test.")
    stratify: Boolean | None = Field(
        None, description="Keep the classes' shares; left out: yes for classification."
    )
    shuffle: Boolean = Field(True, description="Draw the rows at random; false: the last are test.")


class DataConfig(Section):
    """The data: a file or a generator."""

    source: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="A CSV file, relative to this config."
    )
    generator: GeneratorConfig | None = Field(None, description="Data made rather than read.")
    target: Target | None = Field(None, description="The column, or columns, to predict.")
    features: Columns | None = Field(
        None, description="The columns to predict from; left out: every other column."
    )
    task: Task | None = Field(
        None, description="Left out, it follows from the loss and the target."
    )
    sample_weight: ColumnName | None = Field(
        None, description="A column that says how much each row counts."
    )
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = Field(
        None, description="The character between fields; left out, it is recognised."
    )
    encoding: str = Field("utf-8", description="The file's encoding.")
    scaling: Literal["standardize", "min_max", "none"] = Field(
        "standardize", description="How features are scaled, fitted on the training rows."
    )
    target_scaling: Literal["standardize", "none"] = Field(
        "standardize", description="How the targets of a regression are scaled."
    )
    split: SplitConfig = Field(SplitConfig(), description="Validation and test rows.")
