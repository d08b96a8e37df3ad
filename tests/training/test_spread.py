from __future__ import annotations

import math

import pytest

from nnctl.training.spread import SPREAD_AND_RANGE, Statistic, deviation, mean


def test_means_and_deviations_of_what_is_not_finite_say_so() -> None:
    assert mean([1.0, 2.0, 6.0]) == 3.0
    assert deviation([1.0, 2.0, 6.0]) == math.sqrt((4 + 1 + 9) / 2)
    assert mean([1.0, math.inf]) == math.inf
    assert math.isnan(deviation([1.0, math.inf]))
    assert math.isnan(mean([1.0, math.nan]))
    assert math.isnan(deviation([1.0]))


def test_values_whose_squares_overflow_have_a_deviation() -> None:
    assert deviation([1e200, -1e200]) == pytest.approx(math.sqrt(2.0) * 1e200, rel=1e-15)
    assert mean([1.7e308, 1.7e308]) == 1.7e308


@pytest.mark.parametrize("value", [0.95, 0.1, 1 / 3, 0.949717])
@pytest.mark.parametrize("count", [2, 3, 5, 7, 10])
def test_equal_values_have_themselves_as_mean_and_no_deviation(value: float, count: int) -> None:
    assert (mean([value] * count), deviation([value] * count)) == (value, 0.0)


@pytest.mark.parametrize("statistic", SPREAD_AND_RANGE.values(), ids=SPREAD_AND_RANGE)
def test_a_value_that_is_not_a_number_is_not_passed_over(statistic: Statistic) -> None:
    assert math.isnan(statistic([1.0, math.nan, 2.0]))
    assert math.isfinite(statistic([3.0, 1.0, 2.0]))


def test_the_range_is_from_the_least_value_to_the_greatest() -> None:
    said = {name: statistic([3.0, 1.0, 2.0]) for name, statistic in SPREAD_AND_RANGE.items()}
    assert said == {
        "mean": 2.0, "sample_standard_deviation": 1.0, "minimum": 1.0, "maximum": 3.0,
    }  # fmt: skip
