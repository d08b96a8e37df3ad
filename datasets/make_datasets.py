"""Write every CSV file of this directory again, to the byte: `python datasets/make_datasets.py`.

The small logical, synthetic and dot-matrix sets are made here. The classic sets are exported from
the copies packaged with scikit-learn (1.5 or later), and the penguins are copied from the package
palmerpenguins (0.1.6); nothing else in this project needs either.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

Rows = Iterable[Sequence[object]]

HERE = Path(__file__).parent

TRUTH_TABLES: dict[str, list[tuple[int, ...]]] = {
    "and": [(0, 0, 0), (0, 1, 0), (1, 0, 0), (1, 1, 1)],
    "or": [(0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 1)],
    "xor": [(0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0)],
    "not": [(0, 1), (1, 0)],
}

# The rows of configs/worked/, which are small enough to go through by hand.
WORKED: dict[str, tuple[list[str], list[tuple[float, ...]]]] = {
    "perceptron": (["x1", "x2", "label"], [(2, 3, 0), (3, 1, 1)]),
    "one_weight": (["x", "y"], [(1, 1)]),
    "two_layers": (["x1", "x2", "y1", "y2"], [(3, 5, 1, 0)]),
    "one_input": (["x", "label"], [(0.5, 1), (-0.5, 0)]),
    "two_classes": (["x1", "x2", "class"], [(1, 2, 2), (2, 1, 1)]),
}

# Ten digits, three dots wide and five high, inside the blank border of a 5 x 7 matrix. Any two of
# them differ in at least three dots, so that one wrong dot leaves each the nearest to itself.
GLYPHS = {
    0: ("111", "101", "101", "101", "111"),
    1: ("010", "110", "010", "010", "010"),
    2: ("111", "001", "111", "100", "111"),
    3: ("111", "001", "011", "001", "111"),
    4: ("001", "011", "101", "111", "001"),
    5: ("111", "100", "111", "001", "111"),
    6: ("100", "100", "111", "101", "111"),
    7: ("111", "001", "010", "010", "010"),
    8: ("111", "101", "010", "101", "111"),
    9: ("111", "101", "111", "001", "001"),
}
COPIES_OF_A_DIGIT = 20


def main() -> None:
    """Write all files, and say what was written."""
    for name, table in TRUTH_TABLES.items():
        inputs = len(table[0]) - 1
        header = [f"x{position}" for position in range(1, inputs + 1)]
        write(f"{name}.csv", [*header, "label"], table)
    for name, (header, rows) in WORKED.items():
        write(f"worked/{name}.csv", header, rows)
    write("linear.csv", ["x", "y"], linear_rows())
    write("demand.csv", DEMAND_COLUMNS, demand_rows())
    write("digits_5x7.csv", [*(f"p{dot:02d}" for dot in range(35)), "digit"], dot_matrix_rows())
    for export in (export_iris, export_wine, export_breast_cancer, export_digits, export_diabetes):
        export()
    copy_penguins()


def write(name: str, header: Sequence[str], rows: Rows) -> None:
    """Write one CSV file, its lines ended by a line feed on every system."""
    with (HERE / name).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        written = [[cell_text(cell) for cell in row] for row in rows]
        writer.writerows(written)
    print(f"{name}: {len(written)} rows, {len(header)} columns")


def cell_text(cell: object) -> str:
    """Return a number in the shortest form that reads back to it (`5.1`, `3`), text as it is."""
    if isinstance(cell, str):
        return cell
    number = float(cell)  # type: ignore[arg-type]  # NumPy's and Python's numbers alike
    return str(int(number)) if number.is_integer() else repr(number)


def linear_rows() -> Rows:
    """100 points of y = 2 x + 1 with normal noise of 0.2, x uniform on [-1, 1]."""
    rng = np.random.default_rng(7)
    x = rng.uniform(-1.0, 1.0, 100).round(6)
    y = (2.0 * x + 1.0 + rng.normal(0.0, 0.2, 100)).round(6)
    return list(zip(x, y, strict=True))


DEMAND_COLUMNS = [
    *("temperature", "weekday", "price", "promotion"),
    *("units_sold", "returns", "revenue"),
]


def demand_rows() -> Rows:
    """400 days of an imagined ice-cream shop, with three quantities to predict at once.

    Demand grows along a logistic curve with the temperature (degrees Celsius), by a third at the
    weekend (weekday 6 and 7; Monday is 1) and by a fifth under a promotion (1), and falls with the
    price. About 3 in 100 units come back, 6 under a promotion; revenue is the price of what was
    kept. Normal noise of 4 % stands on the units and on the share of returns.
    """
    rng = np.random.default_rng(11)
    temperature = rng.uniform(-5.0, 35.0, 400).round(1)
    weekday = rng.integers(1, 8, 400)
    price = rng.uniform(1.5, 4.5, 400).round(2)
    promotion = (rng.random(400) < 0.25).astype(int)
    warmth = 40.0 + 260.0 / (1.0 + np.exp(-(temperature - 18.0) / 5.0))
    boost = (1.0 + (weekday >= 6) / 3.0) * (1.0 + 0.2 * promotion)
    units = np.round(warmth * boost * (price / 3.0) ** -0.8 * rng.normal(1.0, 0.04, 400))
    returns = np.round(units * (0.03 + 0.03 * promotion) * rng.normal(1.0, 0.04, 400), 1)
    revenue = np.round((units - returns) * price, 2)
    return list(zip(temperature, weekday, price, promotion, units, returns, revenue, strict=True))


def dot_matrix_rows() -> Rows:
    """Each digit clean, then 19 copies with one or two dots turned over, all different."""
    rng = np.random.default_rng(5)
    clean = {digit: dots(rows) for digit, rows in GLYPHS.items()}
    rows: list[list[int]] = []
    for digit, dot_matrix in clean.items():
        copies = [dot_matrix]
        while len(copies) < COPIES_OF_A_DIGIT:
            copy = dot_matrix.copy()
            copy[rng.choice(35, size=rng.integers(1, 3), replace=False)] ^= 1
            unseen = not any(np.array_equal(copy, other) for other in copies)
            if unseen and nearest_digit(copy, clean) == digit:
                copies.append(copy)
        rows.extend([*copy.tolist(), digit] for copy in copies)
    return rows


def dots(glyph: Sequence[str]) -> Any:
    """Return the glyph inside its border as 35 zeros and ones, row after row: shape (35,)."""
    matrix = np.zeros((7, 5), dtype=int)
    matrix[1:6, 1:4] = [[int(dot) for dot in row] for row in glyph]
    return matrix.ravel()


def nearest_digit(copy: Any, clean: dict[int, Any]) -> int | None:
    """Return the digit whose clean dots differ from `copy` the least, or None where two do."""
    distances = {digit: int(np.sum(copy != dot_matrix)) for digit, dot_matrix in clean.items()}
    least = min(distances.values())
    nearest = [digit for digit, distance in distances.items() if distance == least]
    return nearest[0] if len(nearest) == 1 else None


def export_iris() -> None:
    """Fisher's irises: three species, four lengths in centimetres."""
    header = ["sepal_length", "sepal_width", "petal_length", "petal_width", "species"]
    export("iris.csv", packaged("load_iris"), header, lambda data, label: data.target_names[label])


def export_wine() -> None:
    """Thirteen measurements of wines from three cultivars, numbered from 1 as in the original."""
    bunch = packaged("load_wine")
    names = [name.removesuffix("_of_diluted_wines") for name in snake_names(bunch.feature_names)]
    export("wine.csv", bunch, [*names, "cultivar"], lambda _, label: label + 1)


def export_breast_cancer() -> None:
    """Thirty measurements of cell nuclei, benign or malignant."""
    bunch = packaged("load_breast_cancer")
    header = [*snake_names(bunch.feature_names), "diagnosis"]
    export("breast_cancer.csv", bunch, header, lambda data, label: data.target_names[label])


def export_digits() -> None:
    """Handwritten digits as 8 x 8 pixels of 0 to 16."""
    bunch = packaged("load_digits")
    export("digits.csv", bunch, [*bunch.feature_names, "digit"], lambda _, label: label)


def export_diabetes() -> None:
    """Ten measurements of patients, in their raw units, and the disease's progression in a year."""
    bunch = packaged("load_diabetes", scaled=False)
    export("diabetes.csv", bunch, [*bunch.feature_names, "progression"], lambda _, value: value)


def copy_penguins() -> None:
    """The penguins as palmerpenguins packages them: gaps and all, not a byte changed."""
    import palmerpenguins  # type: ignore[import-untyped,import-not-found,unused-ignore]

    packaged_file = Path(palmerpenguins.__file__).parent / "data" / "penguins.csv"
    (HERE / "penguins.csv").write_bytes(packaged_file.read_bytes())


def packaged(loader: str, **options: bool) -> Any:
    """Return one of scikit-learn's packaged data sets."""
    from sklearn import datasets  # type: ignore[import-untyped,unused-ignore]

    return getattr(datasets, loader)(**options)


def snake_names(names: Iterable[str]) -> list[str]:
    """`mean radius` -> `mean_radius`, `od280/od315` -> `od280_od315`."""
    return [name.replace(" ", "_").replace("/", "_") for name in names]


def export(name: str, bunch: Any, header: Sequence[str], target: Callable[[Any, Any], Any]) -> None:
    """Write the features of a packaged set, and its target as `target` words it."""
    rows = [
        [*features, target(bunch, value)]
        for features, value in zip(bunch.data.tolist(), bunch.target.tolist(), strict=True)
    ]
    write(
        name,
        header,
        [[str(cell) if isinstance(cell, str) else cell for cell in row] for row in rows],
    )


if __name__ == "__main__":
    main()
