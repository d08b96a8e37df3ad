"""A column as the network sees it: which numbers stand for its cells, and in how many inputs."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np

from nnctl.config.schema.columns import Unknown
from nnctl.config.yaml_writing import column_setting
from nnctl.data.arrays import FloatArray
from nnctl.data.table import Table, listed
from nnctl.errors import DataError

FeatureKind = Literal["numeric", "boolean", "ordinal", "categorical"]

UNKNOWN = -1.0  # stands for a category that no training row has, where that is ignored
BOOLEAN_PAIRS = (
    ("false", "true"),
    ("no", "yes"),
    ("f", "t"),
    ("n", "y"),
    ("off", "on"),
    ("0", "1"),
)
BOOLEAN_WORDS = {word: float(value) for pair in BOOLEAN_PAIRS for value, word in enumerate(pair)}


@dataclass(frozen=True)
class Feature:
    """One column and how it is coded.

    A cell's code is its number, 0 or 1 of a boolean, or a position among the categories; NaN where
    it is missing. Of a categorical one each category is an input, 1 in its rows and 0 elsewhere.
    """

    name: str
    kind: FeatureKind
    categories: tuple[str, ...] = ()  # of an ordinal (in its order) or a categorical one
    indicator: bool = False  # whether another input says where a cell was missing
    unknown: Unknown = "error"
    logarithm: bool = False  # whether log(1 + x) is taken before scaling

    def to_dict(self) -> dict[str, Any]:
        """Return what differs from the defaults, ready for JSON."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        defaults = {field.name: field.default for field in fields(self)}
        return {
            name: [*value] if isinstance(value, tuple) else value
            for name, value in values.items()
            if value != defaults[name]
        }

    @property
    def input_names(self) -> tuple[str, ...]:
        """The names of the inputs that the column becomes."""
        names: tuple[str, ...] = (self.name,)
        if self.kind == "categorical":
            names = tuple(f"{self.name}={category}" for category in self.categories)
        return (*names, f"{self.name} (missing)") if self.indicator else names

    def code_of(self, text: str) -> float | None:
        """Return the code of a text, of any kind but numeric; None where it has none."""
        if self.kind == "boolean":
            return BOOLEAN_WORDS.get(text.lower())
        return float(self.categories.index(text)) if text in self.categories else None

    def column_codes(self, table: Table, role: str) -> FloatArray:
        """Return the code of each row's cell (n_rows,); `role` is how errors call the column.

        Raises DataError with the place of the first cell that has none.
        """
        if self.kind == "numeric":
            if self.name in table.texts:
                table.numbers(self.name, role)
            return table.values(self.name)
        texts, codes = table.codes(self.name)
        positions = {category: float(place) for place, category in enumerate(self.categories)}
        known = BOOLEAN_WORDS if self.kind == "boolean" else positions
        spelled = map(str.lower, texts) if self.kind == "boolean" else texts
        meanings = np.array([known.get(text, UNKNOWN) for text in spelled])
        present = ~np.isnan(codes)
        codes = codes.copy()
        codes[present] = meanings[codes[present].astype(np.int64)] if len(texts) else 0.0
        if self.unknown == "error" and (codes == UNKNOWN).any():
            row = int(np.argmax(codes == UNKNOWN))
            received = table.text(self.name, row)
            raise DataError(table.problem(self._refusal(received, role), self.name, row))
        return codes

    def _refusal(self, received: str, role: str) -> str:
        if self.kind == "boolean":
            return (
                f"{role} `{self.name}` must hold true or false, yes or no, 1 or 0 "
                f"(received `{received}`)"
            )
        close = difflib.get_close_matches(received, self.categories, n=1)
        remedy = f"did you mean `{close[0]}`?" if close else f"known are {listed(self.categories)}"
        if self.kind == "ordinal":
            return f"{role} `{self.name}` has no `{received}` in its `order`; {remedy}"
        message = (
            f"{role} `{self.name}` has the category `{received}`, which no training row has; "
            f"{remedy}"
        )
        if role == "feature":
            message += f" (`{column_setting(self.name, '{unknown: ignore}')}` takes it for none)"
        return message
