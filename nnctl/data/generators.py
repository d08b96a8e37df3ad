"""Data sets that are made rather than read: the classics on which networks are taught.

A generator takes a random generator and its parameters and returns a table. Classes are whole
numbers in the column `label`; a curve has one feature `x` and the target `y`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from nnctl.config.schema.data import LABEL
from nnctl.data.arrays import FloatArray, IntArray
from nnctl.data.table import Table, table_from_columns
from nnctl.errors import DataError, Problem

TWO_INPUTS = ((0, 0), (0, 1), (1, 0), (1, 1))
CENTER_BOX = 10.0  # blobs are centered within this distance of the origin on each axis


def logical_and(rng: np.random.Generator, *, samples: int = 4, noise: float = 0.0) -> Table:
    """1 where both inputs are 1. The truth table, repeated, with normal noise on the inputs."""
    return truth_table(rng, TWO_INPUTS, (0, 0, 0, 1), samples, noise)


def logical_or(rng: np.random.Generator, *, samples: int = 4, noise: float = 0.0) -> Table:
    """1 where an input is 1. The truth table, repeated, with normal noise on the inputs."""
    return truth_table(rng, TWO_INPUTS, (0, 1, 1, 1), samples, noise)


def logical_xor(rng: np.random.Generator, *, samples: int = 4, noise: float = 0.0) -> Table:
    """1 where the inputs differ, which no single straight line separates (Minsky & Papert 1969)."""
    return truth_table(rng, TWO_INPUTS, (0, 1, 1, 0), samples, noise)


def logical_not(rng: np.random.Generator, *, samples: int = 2, noise: float = 0.0) -> Table:
    """1 where the input is 0. The truth table, repeated, with normal noise on the input."""
    return truth_table(rng, ((0,), (1,)), (1, 0), samples, noise)


def linear(
    rng: np.random.Generator,
    *,
    samples: int = 100,
    noise: float = 0.2,
    slope: float = 2.0,
    intercept: float = 1.0,
    low: float = -1.0,
    high: float = 1.0,
) -> Table:
    """y = slope x + intercept + noise, with x uniform on [low, high]."""
    x = rng.uniform(low, high, samples)
    return curve(x, slope * x + intercept + rng.normal(0.0, noise, samples), "linear")


def sine(
    rng: np.random.Generator, *, samples: int = 200, noise: float = 0.1, periods: float = 1.0
) -> Table:
    """y = sin x + noise, with x uniform on as many periods, centered on 0."""
    x = rng.uniform(-np.pi * periods, np.pi * periods, samples)
    return curve(x, np.sin(x) + rng.normal(0.0, noise, samples), "sine")


def blobs(
    rng: np.random.Generator, *, samples: int = 300, noise: float = 1.0, classes: int = 3
) -> Table:
    """One round normal cloud a class, of standard deviation `noise`, centered in a wide square."""
    centers = rng.uniform(-CENTER_BOX, CENTER_BOX, (classes, 2))
    labels = even_labels(samples, classes)
    return points(rng, centers[labels], labels, noise, "blobs")


def moons(rng: np.random.Generator, *, samples: int = 500, noise: float = 0.2) -> Table:
    """Two half circles of radius 1, the lower one moved by (1, 0.5) into the upper."""
    upper, lower = np.linspace(0.0, np.pi, samples // 2), np.linspace(0.0, np.pi, -(-samples // 2))
    positions = np.concatenate(
        [
            np.column_stack([np.cos(upper), np.sin(upper)]),
            np.column_stack([1.0 - np.cos(lower), 0.5 - np.sin(lower)]),
        ]
    )
    labels = np.repeat([0, 1], [len(upper), len(lower)])
    return points(rng, positions, labels, noise, "moons")


def circles(
    rng: np.random.Generator, *, samples: int = 500, noise: float = 0.1, factor: float = 0.5
) -> Table:
    """A circle of radius 1 (class 0) around one of radius `factor` (class 1)."""
    outer, inner = samples // 2, -(-samples // 2)
    angles = np.concatenate([around(outer), around(inner)])
    labels = np.repeat([0, 1], [outer, inner])
    radii = np.where(labels == 0, 1.0, factor)
    positions = radii[:, None] * np.column_stack([np.cos(angles), np.sin(angles)])
    return points(rng, positions, labels, noise, "circles")


def spirals(
    rng: np.random.Generator,
    *,
    samples: int = 600,
    noise: float = 0.1,
    classes: int = 2,
    turns: float = 1.5,
) -> Table:
    """One Archimedean arm a class; neighbouring arms lie 1 apart, whatever their number."""
    labels = even_labels(samples, classes)
    sizes = np.bincount(labels, minlength=classes)
    # The square root spreads the points evenly along the arm, which is longer further out.
    way = np.concatenate([np.sqrt((np.arange(size) + 0.5) / size) for size in sizes if size])
    angles = 2.0 * np.pi * (turns * way + labels / classes)
    radii = classes * turns * way
    positions = radii[:, None] * np.column_stack([np.cos(angles), np.sin(angles)])
    return points(rng, positions, labels, noise, "spirals")


def gaussian_quantiles(
    rng: np.random.Generator,
    *,
    samples: int = 500,
    noise: float = 0.0,
    classes: int = 3,
    features: int = 2,
) -> Table:
    """One standard normal cloud, cut into shells around the origin that hold equally many rows."""
    positions = rng.standard_normal((samples, features))
    nearest_first = np.argsort((positions**2).sum(axis=1), kind="stable")
    return points(
        rng, positions[nearest_first], even_labels(samples, classes), noise, "gaussian_quantiles"
    )


def truth_table(
    rng: np.random.Generator,
    inputs: Sequence[Sequence[int]],
    outputs: Sequence[int],
    samples: int,
    noise: float,
) -> Table:
    """Repeat the rows of a truth table, in its order, until there are `samples`."""
    rows = np.arange(samples) % len(inputs)
    positions = np.array(inputs, dtype=np.float64)[rows]
    jitter = rng.normal(0.0, noise, positions.shape)
    return labelled(positions + jitter, np.array(outputs)[rows], "truth table")


def points(
    rng: np.random.Generator, positions: FloatArray, labels: IntArray, noise: float, name: str
) -> Table:
    """Add normal noise to positions (samples, n_features), and put the rows in random order."""
    noisy = positions + rng.normal(0.0, noise, positions.shape)
    order = rng.permutation(len(labels))
    return labelled(noisy[order], labels[order], name)


def even_labels(samples: int, classes: int) -> IntArray:
    """Return the labels 0, ..., 0, 1, ... in groups of equal size, the first ones one larger."""
    return np.sort(np.arange(samples) % classes)


def around(samples: int) -> FloatArray:
    """Return equally spaced angles around a circle, shape (samples,)."""
    return np.linspace(0.0, 2.0 * np.pi, samples, endpoint=False)


def labelled(positions: FloatArray, labels: IntArray, name: str) -> Table:
    """Return the table of features x1, x2, ... and `label`."""
    columns = {f"x{number}": column for number, column in enumerate(positions.T.copy(), start=1)}
    return made({**columns, LABEL: labels.astype(np.float64)}, name)


def curve(x: FloatArray, y: FloatArray, name: str) -> Table:
    """Return the table of the feature `x` and the target `y`."""
    return made({"x": x, "y": y}, name)


def made(columns: dict[str, FloatArray], name: str) -> Table:
    """Return a table that no file holds."""
    return table_from_columns(columns, f"generator {name}")


GENERATORS: dict[str, Callable[..., Table]] = {
    "and": logical_and,
    "or": logical_or,
    "xor": logical_xor,
    "not": logical_not,
    "linear": linear,
    "sine": sine,
    "blobs": blobs,
    "moons": moons,
    "circles": circles,
    "spirals": spirals,
    "gaussian_quantiles": gaussian_quantiles,
}


def generated(name: str, rng: np.random.Generator, parameters: Mapping[str, Any]) -> Table:
    """Return the data set of that name; DataError where it holds what no float can."""
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            table = GENERATORS[name](rng, **parameters)
        if all(np.isfinite(table.values(column)).all() for column in table.names):
            return table
    except OverflowError:  # NumPy's, of an interval whose length is no float
        pass
    message = "makes numbers that are too large for a float; write smaller parameters"
    raise DataError(Problem(message, f"generator {name}"))


def target_of_generated(table: Table) -> str:
    """Return the column of a generated table that is to be learnt unless the config says which."""
    return table.names[-1]
