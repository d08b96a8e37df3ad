"""What `Run.predict` takes: columns by name and rows, with cells of every kind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nnctl
from nnctl.errors import DataError
from tests.mixed import NAMES, ROWS, mixed_settings

CELLS: dict[str, Callable[[str], Any]] = {
    "mass": int,
    "island": str,
    "ringed": str,
    "size": str,
    "bill": lambda cell: float("nan") if cell in ("", "NA") else float(cell),
}
FEATURES = NAMES[:-1]


class Frame:
    """A data frame that has its columns' names and is no mapping."""

    def __init__(self, columns: dict[str, Any]) -> None:
        self.columns = [*columns]
        self._values = columns

    def __getitem__(self, name: str) -> Any:
        return self._values[name]


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> nnctl.Run:
    directory = tmp_path_factory.mktemp("mixed")
    return nnctl.train(mixed_settings(directory), runs_dir=directory / "runs")


def columns() -> dict[str, list[Any]]:
    rows = dict(zip(NAMES, zip(*ROWS, strict=True), strict=True))
    return {name: [CELLS[name](cell) for cell in rows[name]] for name in FEATURES}


def with_gap(gap: Any) -> list[Any]:
    return [gap if cell != cell else cell for cell in columns()["bill"]]


def expected(run: nnctl.Run) -> np.ndarray[Any, Any]:
    shares = run.predict_proba(columns())
    assert len(np.unique(shares)) > len(ROWS)
    return shares


SAME: dict[str, Callable[[dict[str, list[Any]]], Any]] = {
    "in another order, with others": lambda given: {
        "kind": None, **dict(reversed(given.items())), "note": [object()],
    },
    "arrays": lambda given: {name: np.array(column) for name, column in given.items()},
    "tuples": lambda given: {name: tuple(column) for name, column in given.items()},
    "objects": lambda given: {name: np.array(column, object) for name, column in given.items()},
    "a frame": Frame,
    "text for numbers": lambda given: given | {
        "mass": [f" {cell}" for cell in given["mass"]], "bill": [str(c) for c in given["bill"]],
    },
    "truth values": lambda given: given | {"ringed": [cell == "yes" for cell in given["ringed"]]},
    "truth values in an array": lambda given: given | {
        "ringed": np.array([cell == "yes" for cell in given["ringed"]])
    },
    "ones and zeros": lambda given: given | {
        "ringed": [float(cell == "yes") for cell in given["ringed"]]
    },
    "None": lambda given: given | {"bill": with_gap(None)},
    "blank text": lambda given: given | {"bill": with_gap("")},
    "a marked gap": lambda given: given | {"bill": with_gap("NA")},
    "rows": lambda given: [*zip(*given.values(), strict=True)],
    "rows of an object array": lambda given: np.array([*zip(*given.values(), strict=True)], object),
}  # fmt: skip


@pytest.mark.parametrize("way", SAME)
def test_the_same_rows_get_the_same_prediction_however_they_are_given(
    mixed: nnctl.Run, way: str
) -> None:
    given = SAME[way](columns())
    assert mixed.predict_proba(given).tolist() == expected(mixed).tolist()
    assert mixed.predict(given).shape == (len(ROWS),)


def test_a_column_that_no_feature_is_may_be_anything(mixed: nnctl.Run) -> None:
    given = columns() | {"kind": [[1], "two"], "mass ": 3}
    np.testing.assert_array_equal(mixed.predict_proba(given), expected(mixed))


def without(name: str) -> dict[str, Any]:
    return {key: column for key, column in columns().items() if key != name}


def changed(name: str, cell: Any, row: int = 2) -> dict[str, Any]:
    given = columns()
    given[name][row] = cell
    return given


BAD: dict[str, tuple[Callable[[], Any], str]] = {
    "a missing column": (
        lambda: without("mass") | {"Mass": [1] * 8},
        "the inputs: there is no column `mass`; did you mean `Mass`?",
    ),
    "text for a number": (
        lambda: changed("mass", "heavy"),
        "the inputs: row 2: input `mass` must hold numbers (received `heavy`); "
        "write it with the digits 0-9, as in `-1.5e3`",
    ),
    "an object for a number": (
        lambda: changed("mass", {}),
        "the inputs: row 2: input `mass` must hold numbers (received `{}`); "
        "write it with the digits 0-9, as in `-1.5e3`",
    ),
    "infinity": (
        lambda: changed("mass", float("inf"), 0),
        "the inputs: row 0: input `mass` is infinite (received inf); clip it, or remove the row",
    ),
    "an unseen category": (
        lambda: changed("island", "Dreem"),
        "the inputs: row 2: input `island` has the category `Dreem`, which no training row has; "
        "did you mean `Dream`?",
    ),
    "a gap": (
        lambda: changed("island", None, 7),
        "the inputs: row 7: input `island` has a missing value (received `null`); fill it in; a "
        "network that was trained with `missing: most_frequent` would fill it itself",
    ),
    "two lengths": (
        lambda: columns() | {"size": ["small"]},
        "the inputs: column `mass` has 8 values and `size` has 1; give as many",
    ),
    "a column of columns": (
        lambda: columns() | {"mass": np.ones((8, 2))},
        "the inputs: column `mass` must be a sequence of single values (received shape (8, 2))",
    ),
    "one number": (
        lambda: columns() | {"mass": 3},
        "the inputs: column `mass` must be a sequence of single values (received shape ())",
    ),
    "rows too short": (
        lambda: [[1, "Dream"]],
        "inputs must be of shape (n_samples, 5), a column each for `mass`, `island`, `ringed`, "
        "`size`, `bill` (received shape (1, 2))",
    ),
    "rows of different lengths": (
        lambda: [[1, "Dream"], [1]],
        "inputs must be of shape (n_samples, 5), a column each for `mass`, `island`, `ringed`, "
        "`size`, `bill` (received shape (2,))",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_an_error_names_the_column_and_the_row(mixed: nnctl.Run, case: str) -> None:
    given, message = BAD[case]
    with pytest.raises(DataError) as caught:
        mixed.predict(given())
    assert str(caught.value) == message


def test_no_rows_have_no_predictions(mixed: nnctl.Run, tmp_path: Path) -> None:
    given: dict[str, list[Any]] = {name: [] for name in FEATURES}
    assert mixed.predict(given).shape == (0,)
    assert mixed.predict_proba(given).shape == (0, 2)
