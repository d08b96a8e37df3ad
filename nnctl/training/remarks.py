"""What a person should know of the rows that a trained network is given, in sentences."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nnctl.data.arrays import FloatArray
from nnctl.data.preprocessing import Preprocessing
from nnctl.data.table import Table
from nnctl.runs.directory import RunDirectory
from nnctl.runs.json_file import read_json


@dataclass
class Unknown:
    """The cells of a column whose category no training row has."""

    category: str  # of the first
    place: str
    rows: int = 0


class Remarks:
    """Looks at rows as they pass, and remembers of which columns what was said."""

    def __init__(self, preprocessing: Preprocessing) -> None:
        self._preprocessing = preprocessing
        self._far: set[str] = set()
        self._unknown: dict[str, Unknown] = {}

    def look(self, table: Table, codes: FloatArray) -> list[str]:
        """Return a sentence for each column whose first far value is among these rows.

        `codes` (n_rows, n_features) are the table's. Far is what `far_outside` says.
        """
        for name, rows in self._preprocessing.unknown_rows(codes).items():
            first = int(rows[0])
            known = self._unknown.setdefault(
                name, Unknown(table.text(name, first), place_of(table, first))
            )
            known.rows += len(rows)
        far = self._preprocessing.far_outside(codes)
        news = {name: row for name, row in far.items() if name not in self._far}
        self._far |= news.keys()
        return [self._describe_far_value(table, codes, name, row) for name, row in news.items()]

    def of_categories(self) -> list[str]:
        """Return a sentence for each column with categories that no training row has."""
        return [
            f"`{name}` has {unknown.rows:,} row{'s' * (unknown.rows > 1)} of categories that no "
            f"training row has, such as `{unknown.category}` in {unknown.place}: taken for none"
            for name, unknown in self._unknown.items()
        ]

    def _describe_far_value(self, table: Table, codes: FloatArray, name: str, row: int) -> str:
        preprocessing = self._preprocessing
        feature = preprocessing.feature_names.index(name)
        lowest, highest = preprocessing.lowest[feature], preprocessing.highest[feature]
        return (
            f"`{name}` is {codes[row, feature]:g} in {place_of(table, row)}, far outside the "
            f"{lowest:g} to {highest:g} of the training rows"
        )


def place_of(table: Table, row: int) -> str:
    """Return where a row stands, as part of a sentence."""
    return f"{'line' if table.has_lines else 'row'} {table.places[row]}"


def notice_trained_rows(run: RunDirectory, path: str) -> tuple[str, ...]:
    """Return a notice where the file holds the rows that the run was trained on."""
    known = read_json(run.run_json).get("data", {})
    if not is_same_file(known.get("source"), path):
        return ()
    said = f"{known['train_rows']:,} of these rows were trained on"
    for name in ("test", "validation"):
        if count := known[f"{name}_rows"]:
            remedy = f"`nnctl evaluate {run.path}` measures the {count:,} {name} rows"
            return (f"{said}; {remedy}",)
    return (f"{said}; others would say more",)


def is_same_file(one: str | None, other: str) -> bool:
    """Whether both paths lead to one file."""
    try:
        return one is not None and Path(one).samefile(other)
    except (OSError, ValueError):
        return False
