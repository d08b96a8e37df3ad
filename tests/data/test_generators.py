"""Generated data sets have the shapes and geometry that their descriptions promise."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest

from nnctl.config.schema.generators import GeneratorConfig
from nnctl.data.generators import GENERATORS, generated, target_of_generated
from nnctl.data.streams import stream
from nnctl.data.table import Table, number_matrix
from nnctl.errors import DataError

CONFIGURED = {
    get_args(model.model_fields["name"].annotation)[0]: model
    for model in get_args(get_args(GeneratorConfig)[0])
}


def made(name: str, **parameters: Any) -> Table:
    return GENERATORS[name](stream(3, "generator"), **parameters)


def columns_of(table: Table) -> list[list[float]]:
    return [table.values(name).tolist() for name in table.names]


def points_and_labels(name: str, **parameters: Any) -> tuple[Any, Any]:
    """Return (n, 2) points and (n,) labels."""
    table = made(name, **parameters)
    return number_matrix(table, ["x1", "x2"], "feature"), table.values("label")


def test_the_table_holds_what_a_config_may_say() -> None:
    assert set(CONFIGURED) == set(GENERATORS)


@pytest.mark.parametrize("name", GENERATORS)
def test_a_config_says_a_generators_own_parameters_and_defaults(name: str) -> None:
    parameters = CONFIGURED[name](name=name).parameters()
    explicit, default = made(name, **parameters), made(name)
    assert explicit.names == default.names
    assert columns_of(explicit) == columns_of(default)


@pytest.mark.parametrize("name", GENERATORS)
@pytest.mark.parametrize("samples", [1, 7, 40])
def test_as_many_rows_are_made_as_asked_for(name: str, samples: int) -> None:
    table = made(name, samples=samples)
    assert table.n_rows == samples
    assert all(len(column) == samples for column in columns_of(table))
    assert table.places.tolist() == [*range(1, samples + 1)]
    assert target_of_generated(table) in ("label", "y")


@pytest.mark.parametrize("name", GENERATORS)
def test_a_made_row_is_told_by_its_number(name: str) -> None:
    table = made(name)
    assert (table.texts, table.header) == ({}, table.names)
    assert str(table.problem("odd", table.names[0], 0)) == f"{table.source}: row 1: odd"
    assert table.source.startswith("generator ")


@pytest.mark.parametrize("name", GENERATORS)
def test_noise_moves_the_data_and_the_seed_says_how(name: str) -> None:
    def cells(seed: int, noise: float) -> bytes:
        table = GENERATORS[name](stream(seed, "generator"), samples=20, noise=noise)
        return number_matrix(table, table.names, "feature").tobytes()

    assert cells(1, 0.1) == cells(1, 0.1)
    assert cells(1, 0.1) != cells(2, 0.1)
    assert cells(1, 0.1) != cells(1, 0.0)


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("and", [(0, 0, 0), (0, 1, 0), (1, 0, 0), (1, 1, 1)]),
        ("or", [(0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 1)]),
        ("xor", [(0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0)]),
        ("not", [(0, 1), (1, 0)]),
    ],
)
def test_logic_is_the_truth_table_repeated(name: str, rows: list[tuple[int, ...]]) -> None:
    assert [*zip(*columns_of(made(name)), strict=True)] == rows
    longer = made(name, samples=len(rows) + 1)
    assert [*zip(*columns_of(longer), strict=True)] == [*rows, rows[0]]


def test_a_line_without_noise_is_straight() -> None:
    table = made("linear", noise=0.0, slope=-3.0, intercept=0.5, low=2.0, high=4.0)
    x, y = number_matrix(table, ["x", "y"], "feature").T
    assert y == pytest.approx(0.5 - 3.0 * x)
    assert 2.0 <= x.min() < 2.2
    assert 3.8 < x.max() <= 4.0


def test_a_sine_runs_over_its_periods() -> None:
    x, y = number_matrix(made("sine", noise=0.0, periods=2.0), ["x", "y"], "feature").T
    assert y == pytest.approx(np.sin(x))
    assert np.ptp(x) == pytest.approx(4.0 * np.pi, rel=0.05)


def test_blobs_scatter_around_one_center_a_class() -> None:
    points, labels = points_and_labels("blobs", samples=3001, noise=0.5, classes=3)
    assert np.bincount(labels.astype(int)).tolist() == [1001, 1000, 1000]
    for label in range(3):
        assert points[labels == label].std(axis=0) == pytest.approx([0.5, 0.5], rel=0.1)


def test_moons_are_two_half_circles() -> None:
    points, labels = points_and_labels("moons", samples=101, noise=0.0)
    upper, lower = points[labels == 0], points[labels == 1]
    assert (len(upper), len(lower)) == (50, 51)
    assert np.hypot(*upper.T) == pytest.approx(np.ones(50))
    assert np.hypot(*(lower - [1.0, 0.5]).T) == pytest.approx(np.ones(51))
    assert upper[:, 1].min() >= -1e-15
    assert lower[:, 1].max() <= 0.5 + 1e-15


def test_circles_have_their_radii() -> None:
    points, labels = points_and_labels("circles", samples=101, noise=0.0, factor=0.3)
    assert np.hypot(*points.T) == pytest.approx(np.where(labels == 0, 1.0, 0.3))
    assert points.mean(axis=0) == pytest.approx([0.0, 0.0], abs=1e-2)


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_spirals_turn_and_neighbouring_arms_lie_1_apart(classes: int) -> None:
    points, labels = points_and_labels(
        "spirals", samples=1000 * classes, noise=0.0, classes=classes, turns=2.0
    )
    radii, angles = np.hypot(*points.T), np.arctan2(points[:, 1], points[:, 0])
    # On one ray from the center the arms follow each other at whole distances.
    unwound = radii - classes * (angles / (2.0 * np.pi)) + labels
    assert np.abs(unwound / classes - np.round(unwound / classes)) == pytest.approx(
        np.zeros(len(radii)), abs=1e-9
    )
    assert radii.max() == pytest.approx(2.0 * classes, rel=1e-3)


def test_gaussian_quantiles_are_equal_shells() -> None:
    table = made("gaussian_quantiles", samples=300, classes=3, features=4)
    features = number_matrix(table, ["x1", "x2", "x3", "x4"], "feature")
    labels = table.values("label")
    distances = (features**2).sum(axis=1)
    assert np.bincount(labels.astype(int)).tolist() == [100, 100, 100]
    for label in (0, 1):
        assert distances[labels == label].max() < distances[labels == label + 1].min()


@pytest.mark.parametrize("name", ["blobs", "moons", "circles", "spirals", "gaussian_quantiles"])
def test_classes_come_in_mixed_order(name: str) -> None:
    labels = points_and_labels(name, samples=60)[1]
    assert np.count_nonzero(np.diff(labels)) > 10


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("sine", {"periods": 1e308}),
        ("linear", {"low": -1e308, "high": 1e308}),
        ("linear", {"slope": 1e308, "high": 10.0}),
        ("spirals", {"turns": 1e308}),
    ],
)
def test_numbers_that_no_float_can_hold_are_refused(name: str, parameters: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=f"^generator {name}: makes numbers that are too large"):
        generated(name, stream(3, "generator"), parameters)
