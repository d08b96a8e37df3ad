"""The shipped data sets are what their README says, and are read without complaint."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nnctl.config.schema.data import DataConfig
from nnctl.data.sources import read_source
from nnctl.data.table import Table, number_matrix
from nnctl.data.targets import find_classes
from nnctl.data.wishes import EVERYTHING

DATASETS = Path(__file__).parents[2] / "datasets"

PENGUINS = "penguins.csv"
# File -> rows, columns, targets.
SHIPPED: dict[str, tuple[int, int, tuple[str, ...]]] = {
    "and.csv": (4, 3, ("label",)),
    "or.csv": (4, 3, ("label",)),
    "xor.csv": (4, 3, ("label",)),
    "not.csv": (2, 2, ("label",)),
    "linear.csv": (100, 2, ("y",)),
    "demand.csv": (400, 7, ("units_sold", "returns", "revenue")),
    "digits_5x7.csv": (200, 36, ("digit",)),
    "iris.csv": (150, 5, ("species",)),
    PENGUINS: (344, 8, ("species",)),
    "wine.csv": (178, 14, ("cultivar",)),
    "breast_cancer.csv": (569, 31, ("diagnosis",)),
    "digits.csv": (1797, 65, ("digit",)),
    "diabetes.csv": (442, 11, ("progression",)),
}
CLASSES = {
    "iris.csv": ("setosa", "versicolor", "virginica"),
    PENGUINS: ("Adelie", "Chinstrap", "Gentoo"),
    "wine.csv": ("1", "2", "3"),
    "breast_cancer.csv": ("benign", "malignant"),
    "digits.csv": tuple("0123456789"),
    "digits_5x7.csv": tuple("0123456789"),
}
ZERO = "00000 01110 01010 01010 01010 01110 00000"
ONE = "00000 00100 01100 00100 00100 00100 00000"


def shipped(name: str) -> Table:
    return read_source(str(DATASETS / name), DataConfig(), EVERYTHING)


def test_no_file_is_shipped_that_is_not_described() -> None:
    assert {path.name for path in DATASETS.glob("*.csv")} == set(SHIPPED)
    readme = (DATASETS / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in readme for name in SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_file_has_its_rows_columns_and_numbers(name: str) -> None:
    n_rows, n_columns, targets = SHIPPED[name]
    table = shipped(name)
    assert (table.n_rows, len(table.names)) == (n_rows, n_columns)
    assert all(column.isidentifier() and column.islower() for column in table.names)
    features = [column for column in table.names if column not in targets]
    assert len(features) == n_columns - len(targets)
    if name != PENGUINS:
        assert table.names[-len(targets) :] == targets
        assert number_matrix(table, features, "feature").shape == (n_rows, len(features))


def test_the_penguins_have_categories_and_gaps() -> None:
    table = shipped(PENGUINS)
    assert {*table.texts} == {"species", "island", "sex"}
    gaps = {name: int(np.isnan(table.values(name)).sum()) for name in table.names}
    assert {name: count for name, count in gaps.items() if count} == {
        "bill_length_mm": 2,
        "bill_depth_mm": 2,
        "flipper_length_mm": 2,
        "body_mass_g": 2,
        "sex": 11,
    }
    assert set(table.gaps.values()) == {"NA"}


@pytest.mark.parametrize(("name", "classes"), CLASSES.items())
def test_a_shipped_classification_has_its_classes(name: str, classes: tuple[str, ...]) -> None:
    assert find_classes(shipped(name), SHIPPED[name][2]) == classes


def test_the_line_is_y_equals_two_x_plus_one() -> None:
    x, y = number_matrix(shipped("linear.csv"), ["x", "y"], "feature").T
    slope, intercept = np.polyfit(x, y, 1)
    assert (slope, intercept) == pytest.approx((2.0, 1.0), abs=0.08)
    assert np.std(y - slope * x - intercept) == pytest.approx(0.2, rel=0.2)


@pytest.mark.parametrize(("digit", "drawing"), [(0, ZERO), (1, ONE)])
def test_the_first_row_of_a_dot_matrix_digit_is_clean(digit: int, drawing: str) -> None:
    table = shipped("digits_5x7.csv")
    *dots, label = number_matrix(table, table.names, "feature")[20 * digit]
    assert label == digit
    assert "".join(f"{dot:.0f}" for dot in dots) == drawing.replace(" ", "")


def test_noisy_dot_matrix_digits_are_nearest_to_their_own() -> None:
    table = shipped("digits_5x7.csv")
    cells = number_matrix(table, table.names, "feature").reshape(10, 20, 36)
    dots, clean = cells[:, :, :35], cells[:, :1, :35]
    turned = np.abs(dots - clean).sum(axis=2)
    assert (turned[:, 0] == 0).all()
    assert set(turned[:, 1:].ravel()) == {1.0, 2.0}
    distances = np.abs(dots[:, :, None] - clean[None, None, :, 0]).sum(axis=3)
    nearest = np.sort(distances, axis=2)
    assert (distances.argmin(axis=2) == np.arange(10)[:, None]).all()
    assert (nearest[:, :, 0] < nearest[:, :, 1]).all()
