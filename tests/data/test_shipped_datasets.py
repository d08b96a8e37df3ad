"""The shipped data sets are what their README says, and are read without complaint."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nnctl.data.readers import read_table
from nnctl.data.table import number_matrix
from nnctl.data.targets import find_classes

DATASETS = Path(__file__).parents[2] / "datasets"

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
    "wine.csv": (178, 14, ("cultivar",)),
    "breast_cancer.csv": (569, 31, ("diagnosis",)),
    "digits.csv": (1797, 65, ("digit",)),
    "diabetes.csv": (442, 11, ("progression",)),
}
CLASSES = {
    "iris.csv": ("setosa", "versicolor", "virginica"),
    "wine.csv": ("1", "2", "3"),
    "breast_cancer.csv": ("benign", "malignant"),
    "digits.csv": tuple("0123456789"),
    "digits_5x7.csv": tuple("0123456789"),
}
ZERO = "00000 01110 01010 01010 01010 01110 00000"
ONE = "00000 00100 01100 00100 00100 00100 00000"


def test_no_file_is_shipped_that_is_not_described() -> None:
    assert {path.name for path in DATASETS.glob("*.csv")} == set(SHIPPED)
    readme = (DATASETS / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in readme for name in SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_file_has_its_rows_columns_and_numbers(name: str) -> None:
    n_rows, n_columns, targets = SHIPPED[name]
    table = read_table(DATASETS / name)
    assert (table.n_rows, len(table.columns)) == (n_rows, n_columns)
    assert tuple(table.columns)[-len(targets) :] == targets
    features = [column for column in table.columns if column not in targets]
    assert number_matrix(table, features, "feature").shape == (n_rows, len(features))
    assert all(column.isidentifier() and column.islower() for column in table.columns)


@pytest.mark.parametrize(("name", "classes"), CLASSES.items())
def test_a_shipped_classification_has_its_classes(name: str, classes: tuple[str, ...]) -> None:
    assert find_classes(read_table(DATASETS / name), SHIPPED[name][2]) == classes


def test_the_line_is_y_equals_two_x_plus_one() -> None:
    x, y = number_matrix(read_table(DATASETS / "linear.csv"), ["x", "y"], "feature").T
    slope, intercept = np.polyfit(x, y, 1)
    assert (slope, intercept) == pytest.approx((2.0, 1.0), abs=0.08)
    assert np.std(y - slope * x - intercept) == pytest.approx(0.2, rel=0.2)


@pytest.mark.parametrize(("digit", "drawing"), [(0, ZERO), (1, ONE)])
def test_the_first_row_of_a_dot_matrix_digit_is_clean(digit: int, drawing: str) -> None:
    table = read_table(DATASETS / "digits_5x7.csv")
    *dots, label = number_matrix(table, [*table.columns], "feature")[20 * digit]
    assert label == digit
    assert "".join(f"{dot:.0f}" for dot in dots) == drawing.replace(" ", "")


def test_noisy_dot_matrix_digits_are_nearest_to_their_own() -> None:
    table = read_table(DATASETS / "digits_5x7.csv")
    cells = number_matrix(table, [*table.columns], "feature").reshape(10, 20, 36)
    dots, clean = cells[:, :, :35], cells[:, :1, :35]
    turned = np.abs(dots - clean).sum(axis=2)
    assert (turned[:, 0] == 0).all()
    assert set(turned[:, 1:].ravel()) == {1.0, 2.0}
    distances = np.abs(dots[:, :, None] - clean[None, None, :, 0]).sum(axis=3)
    nearest = np.sort(distances, axis=2)
    assert (distances.argmin(axis=2) == np.arange(10)[:, None]).all()
    assert (nearest[:, :, 0] < nearest[:, :, 1]).all()
