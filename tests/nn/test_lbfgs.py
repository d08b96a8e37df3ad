from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest

from nnctl.nn.arrays import FloatArray
from nnctl.nn.lbfgs import Point, descent_direction, line_search, minimize


def rosenbrock(x: FloatArray) -> tuple[float, FloatArray]:
    """Rosenbrock (1960): a bent valley with its minimum 0 at (1, 1)."""
    a, b = x
    value = 100 * (b - a**2) ** 2 + (1 - a) ** 2
    return float(value), np.array([-400 * a * (b - a**2) - 2 * (1 - a), 200 * (b - a**2)])


def quadratic(
    curvatures: FloatArray, center: FloatArray
) -> Callable[..., tuple[float, FloatArray]]:
    def function(x: FloatArray) -> tuple[float, FloatArray]:
        gradient = curvatures * (x - center)
        return float(gradient @ (x - center)) / 2, gradient

    return function


def test_a_bent_valley_is_followed_to_its_lowest_point() -> None:
    found = minimize(rosenbrock, np.array([-1.2, 1.0]), tolerance=1e-10)
    np.testing.assert_allclose(found, [1, 1], rtol=1e-9)


def test_directions_of_very_different_curvature_are_all_gone_down() -> None:
    center = np.arange(1.0, 31.0)
    function = quadratic(np.geomspace(1, 1e4, 30), center)
    found = minimize(function, np.zeros(30), iterations=1000, tolerance=1e-12)
    np.testing.assert_allclose(found, center, rtol=1e-5)


def test_the_start_is_returned_where_it_is_flat() -> None:
    start = np.array([2.0, 3.0])
    assert minimize(quadratic(np.ones(2), start), start).tolist() == [2, 3]
    assert minimize(lambda x: (0.0, x), np.empty(0)).shape == (0,)


def test_no_more_iterations_are_made_than_allowed() -> None:
    start = np.array([-1.2, 1.0])
    values = [rosenbrock(minimize(rosenbrock, start, iterations=n))[0] for n in range(8)]
    assert values[0] == rosenbrock(start)[0]
    assert all(later < earlier for earlier, later in itertools.pairwise(values))


def test_a_kink_is_found_and_ends_the_search() -> None:
    def distance(x: FloatArray) -> tuple[float, FloatArray]:
        away = x - np.array([1.0, -2.0, 0.5])
        return float(np.abs(away).sum()), np.sign(away)

    np.testing.assert_allclose(minimize(distance, np.zeros(3)), [1, -2, 0.5], atol=1e-6)


def test_where_the_value_is_not_a_number_no_step_is_made() -> None:
    def cliff(x: FloatArray) -> tuple[float, FloatArray]:
        return (0.0 if x[0] == 0 else float("nan")), np.ones(1)

    assert minimize(cliff, np.zeros(1)).tolist() == [0]


def test_the_direction_is_that_of_the_updated_inverse_hessian() -> None:
    """Nocedal & Wright (2006), equations 7.16 and 7.20, written out as matrices."""
    rng = np.random.default_rng(3)
    hessian = np.diag(np.geomspace(1, 50, 6))
    steps = [rng.standard_normal(6) for _ in range(4)]
    pairs = [(step, hessian @ step) for step in steps]
    gradient = rng.standard_normal(6)
    step, change = pairs[-1]
    inverse = np.eye(6) * (step @ change) / (change @ change)
    for step, change in pairs:
        rho = 1 / (step @ change)
        turn = np.eye(6) - rho * np.outer(change, step)
        inverse = turn.T @ inverse @ turn + rho * np.outer(step, step)
    np.testing.assert_allclose(
        descent_direction(gradient, pairs), -inverse @ gradient, rtol=1e-10, atol=1e-12
    )


@pytest.mark.parametrize(("length", "expected"), [(0.5, 0.5), (4.0, 1.0)])
def test_the_first_direction_is_the_steepest_and_not_long(length: float, expected: float) -> None:
    direction = descent_direction(np.array([0.0, length]), [])
    assert direction.tolist() == [0, -expected]


@pytest.mark.parametrize("curvature", [1e-6, 1.0, 1e6])
def test_a_line_search_ends_lower_and_flatter_however_far_it_is(curvature: float) -> None:
    function = quadratic(np.array([curvature]), np.array([1.0]))
    start = Point(np.zeros(1), *function(np.zeros(1)))
    found = line_search(function, start, descent_direction(start.gradient, []))
    assert found is not None
    assert found.value < start.value
    assert abs(found.gradient[0]) <= 0.9 * abs(start.gradient[0])


def test_a_line_search_ends_without_a_point_where_rounding_hides_it() -> None:
    def bowl(x: FloatArray) -> tuple[float, FloatArray]:
        return 1e16 + float(x @ x), 2 * x

    start = Point(np.ones(1), *bowl(np.ones(1)))
    assert line_search(bowl, start, np.array([-1.0])) is None


@pytest.mark.parametrize("direction", [1.0, 0.0, np.nan])
def test_a_direction_that_does_not_lead_down_is_not_tried(direction: float) -> None:
    def unseen(x: FloatArray) -> tuple[float, FloatArray]:
        raise AssertionError

    start = Point(np.ones(1), 1.0, np.ones(1))
    assert line_search(unseen, start, np.array([direction])) is None


def test_an_iteration_looks_at_the_function_hardly_more_than_once() -> None:
    looks = 0

    def function(x: FloatArray) -> tuple[float, FloatArray]:
        nonlocal looks
        looks += 1
        return quadratic(np.geomspace(1, 1e3, 40), np.ones(40))(x)

    minimize(function, np.zeros(40), iterations=30, tolerance=0.0)
    assert 30 < looks <= 40
