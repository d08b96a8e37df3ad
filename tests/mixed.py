"""A small table with columns of every kind, and a config that trains on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

NAMES = ("mass", "island", "ringed", "size", "bill", "kind")
ROWS = (
    ("3750", "Biscoe", "yes", "small", "39.1", "gentle"),
    ("3800", "Dream", "no", "medium", "NA", "wild"),
    ("3250", "Biscoe", "no", "small", "40.3", "gentle"),
    ("3450", "Torgersen", "yes", "large", "36.7", "wild"),
    ("3650", "Dream", "yes", "medium", "39.3", "gentle"),
    ("3625", "Biscoe", "no", "large", "38.9", "wild"),
    ("4675", "Torgersen", "yes", "small", "", "gentle"),
    ("3475", "Dream", "no", "medium", "34.1", "wild"),
)
COLUMNS = {
    "island": {"kind": "categorical"},
    "ringed": {"kind": "boolean"},
    "size": {"order": ["small", "medium", "large"]},
    "bill": {"missing": {"name": "median", "indicator": True}},
}


def mixed_csv(rows: Any = ROWS, names: Any = NAMES) -> str:
    """Return rows as CSV; no cell needs a quote."""
    return "".join(",".join(row) + "\n" for row in [names, *rows])


def mixed_settings(directory: Path, **sections: Any) -> dict[str, Any]:
    """Write the rows into `directory`, and return a config for them as a mapping."""
    path = directory / "mixed.csv"
    path.write_text(mixed_csv())
    data = {"source": str(path), "target": "kind", "columns": COLUMNS, **sections.pop("data", {})}
    return {
        "name": "mixed",
        "data": data,
        "model": {"hidden": [{"units": 7, "activation": "tanh"}]},
        "loss": "categorical_cross_entropy",
        "training": {"epochs": 3, "batch_size": "full"},
        **sections,
    }
