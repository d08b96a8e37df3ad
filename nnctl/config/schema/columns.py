"""What a config may say of one column: its kind, its scaling, its gaps and its categories."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from nnctl.config.schema.base import (
    BareName,
    Boolean,
    Count,
    Named,
    Number,
    Other,
    Section,
    Word,
    by_name,
    word_or_other,
)

ColumnKind = Literal["numeric", "categorical", "boolean", "ordinal", "ignored"]
Scaling = Literal["standardize", "min_max", "robust", "log", "none"]
Unknown = Literal["error", "ignore"]
NumberOrText = Annotated[Annotated[str, Word] | Annotated[Number, Other], word_or_other]


class Filling(Named):
    """What every way to deal with a missing cell has."""

    shared: ClassVar[frozenset[str]] = frozenset({"name", "indicator"})

    indicator: Boolean = Field(
        False, description="Add an input that is 1 where the cell was missing, else 0."
    )


class RefuseMissing(Filling):
    """A missing cell is an error."""

    name: Literal["error"]


class FillMean(Filling):
    """The mean of the training rows; where there are no numbers, their most frequent value."""

    name: Literal["mean"]


class FillMedian(Filling):
    """The median of the training rows; where there are no numbers, their most frequent value."""

    name: Literal["median"]


class FillMostFrequent(Filling):
    """The value that most training rows have."""

    name: Literal["most_frequent"]


class FillConstant(Filling):
    """Always the same value."""

    name: Literal["constant"]
    value: NumberOrText = Field(description="The value.")


Missing = Annotated[
    RefuseMissing | FillMean | FillMedian | FillMostFrequent | FillConstant, by_name(), BareName()
]


class ColumnConfig(Section):
    """One column of features; what is left out is as `data` says, or follows from the column."""

    word: ClassVar[str] = "kind"

    kind: ColumnKind | None = Field(
        None, description="What the column holds; left out, it follows from its cells."
    )
    scaling: Scaling | None = Field(None, description="How its numbers are scaled.")
    missing: Missing | None = Field(None, description="What becomes of its missing cells.")
    unknown: Unknown | None = Field(
        None, description="What becomes of a category that no training row has."
    )
    max_categories: Count | None = Field(None, description="The most categories it may have.")
    order: tuple[str, ...] | None = Field(
        None, description="The values of an ordinal column, from the lowest to the highest."
    )

    @property
    def said_kind(self) -> ColumnKind | None:
        """The kind as far as the config says it: an order alone makes a column ordinal."""
        return "ordinal" if self.kind is None and self.order is not None else self.kind

    @model_serializer(mode="wrap")
    def _said(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what is left open: that is said once for all columns, in `data`."""
        return {key: value for key, value in dump(self).items() if value is not None}


Column = Annotated[ColumnConfig, BareName(ColumnConfig.word)]
