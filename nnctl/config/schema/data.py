"""The `data` section: where rows come from, what they mean, how they are scaled and split."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PrivateAttr

from nnctl.config.document import Marks
from nnctl.config.schema.base import (
    Boolean,
    ColumnName,
    Count,
    Fraction,
    Other,
    Section,
    Word,
    word_or_other,
)
from nnctl.config.schema.columns import Column, Missing, RefuseMissing, Scaling, Unknown
from nnctl.config.schema.generators import GeneratorConfig

LABEL = "label"  # the column that a file of labels becomes, and of generated classes
HELD_OUT_SETS = ("validation", "test")  # which may have files of their own
PATH_KEYS = (
    "source",
    "labels",
    "validation_source",
    "validation_labels",
    "test_source",
    "test_labels",
)
MISSING_VALUES = ("", "NA", "N/A", "#N/A", "NaN", "null")

Task = Literal["classification", "regression"]
FilePath = Annotated[str, Field(min_length=1)]
Character = Annotated[str, Field(min_length=1, max_length=1)]
Columns = Annotated[tuple[ColumnName, ...], Field(min_length=1)]
Target = Annotated[Annotated[ColumnName, Word] | Annotated[Columns, Other], word_or_other]


class SplitConfig(Section):
    """How the rows are divided; what is left over is for training."""

    validation: Fraction = Field(0.0, description="The share of rows for validation.")
    test: Fraction = Field(0.0, description="The share of rows for the final test.")
    stratify: Boolean | None = Field(
        None,
        description="Keep the classes' shares; left out: yes for a classification without groups.",
    )
    shuffle: Boolean = Field(True, description="Draw the rows at random; false: the last are test.")


class DataConfig(Section):
    """The data: files or a generator."""

    source: FilePath | None = Field(
        None,
        description="A file, relative to this config: CSV, TSV, NPY, NPZ, Parquet, Arrow or IDX.",
    )
    labels: FilePath | None = Field(
        None,
        description=f"A second file, of the targets of an NPY or IDX file: the column `{LABEL}`.",
    )
    validation_source: FilePath | None = Field(
        None, description="A file of its own for the validation rows."
    )
    validation_labels: FilePath | None = Field(
        None, description="The labels beside `validation_source`."
    )
    test_source: FilePath | None = Field(None, description="A file of its own for the test rows.")
    test_labels: FilePath | None = Field(None, description="The labels beside `test_source`.")
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
    group: ColumnName | None = Field(
        None, description="A column whose equal rows stay together in one set; no feature."
    )
    delimiter: Character | None = Field(
        None, description="The character between fields; left out, it is recognised."
    )
    encoding: str = Field("utf-8", description="The file's encoding.")
    decimal: Literal[".", ","] = Field(".", description="What stands before a number's fraction.")
    quote: Character | None = Field('"', description="What encloses a cell; null: nothing does.")
    header: Boolean = Field(
        True, description="The first line holds names; false: they are x1, x2 and so on."
    )
    missing_values: tuple[str, ...] = Field(
        MISSING_VALUES, description="How a missing cell is written, in capitals or not."
    )
    columns: dict[str, Column] = Field(
        {}, description="What is said of single columns: a kind, or a mapping."
    )
    scaling: Scaling = Field(
        "standardize", description="How features are scaled, fitted on the training rows."
    )
    missing: Missing = Field(
        RefuseMissing(name="error"), description="What becomes of the features' missing cells."
    )
    missing_target: Literal["error", "drop"] = Field(
        "error", description="What becomes of a row whose target is missing; drop: left out."
    )
    unknown: Unknown = Field(
        "error", description="What becomes of a category that no training row has."
    )
    max_categories: Count = Field(100, description="The most categories a column may have.")
    target_scaling: Literal["standardize", "none"] = Field(
        "standardize", description="How the targets of a regression are scaled."
    )
    split: SplitConfig = Field(SplitConfig(), description="Validation and test rows.")

    _marks: Marks = PrivateAttr(default_factory=Marks)

    @property
    def targets(self) -> tuple[str, ...]:
        """The columns to predict; none where a generator is left to say which it made."""
        if self.target is None:
            return ()
        return (self.target,) if isinstance(self.target, str) else self.target

    @property
    def has_validation(self) -> bool:
        """Whether there are rows to validate on, of the source or of a file of their own."""
        return self.split.validation > 0 or self.validation_source is not None

    @property
    def has_test(self) -> bool:
        """Whether there are rows to test on, of the source or of a file of their own."""
        return self.split.test > 0 or self.test_source is not None

    def labels_beside(self, source: str) -> str | None:
        """Return the path of the labels that belong to one of the files of rows, if any do."""
        beside = {
            self.validation_source: self.validation_labels,
            self.test_source: self.test_labels,
            self.source: self.labels,
        }
        return beside.get(source)

    def as_written(self, path: str) -> str:
        """Return the path of one of the files as the config has it; any other path as it is."""
        return self._marks.files.get(path, path)

    def marked(self, marks: Marks) -> DataConfig:
        """Return an equal section that knows how its files were written; copies know it too."""
        marked = self.model_copy()
        marked._marks = marks
        return marked
