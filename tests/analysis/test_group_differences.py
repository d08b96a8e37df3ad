"""Standard errors of differences, held to numbers worked out by hand."""

from __future__ import annotations

import math

import pytest

from nnctl.analysis.group_differences import (
    STUDENT_T,
    Difference,
    difference_of_means,
    paired_difference,
)


def test_pairs_have_the_standard_error_of_their_differences() -> None:
    found = paired_difference([0.0, 10.0, 20.0], [1.0, 12.0, 23.0])
    assert (found.value, found.pairs, found.degrees_of_freedom) == (2.0, 3, 2)
    assert math.isclose(found.standard_error, 1.0 / math.sqrt(3.0))


def test_what_moves_both_of_a_pair_is_in_the_unpaired_error_alone() -> None:
    one, another = [0.0, 10.0, 20.0], [1.0, 12.0, 23.0]
    unpaired = difference_of_means(one, another)
    assert (unpaired.value, unpaired.pairs) == (2.0, None)
    assert math.isclose(unpaired.standard_error, math.sqrt((100.0 + 121.0) / 3.0))
    assert not unpaired.told_apart
    assert paired_difference(one, another).told_apart


def test_degrees_of_freedom_are_welchs() -> None:
    found = difference_of_means([0.0, 2.0], [0.0, 1.0, 2.0, 3.0, 4.0])
    a, b = 2.0 / 2, 2.5 / 5
    assert math.isclose(found.standard_error, math.sqrt(a + b))
    assert math.isclose(found.degrees_of_freedom, (a + b) ** 2 / (a**2 / 1 + b**2 / 4))


def test_equal_spread_and_number_give_all_degrees_of_freedom() -> None:
    found = difference_of_means([1.0, 2.0, 3.0], [11.0, 12.0, 13.0])
    assert math.isclose(found.degrees_of_freedom, 4.0)


def test_a_shared_training_set_widens_both_errors() -> None:
    one, another = [0.0, 10.0, 20.0, 30.0], [1.0, 12.0, 23.0, 34.0]
    spread = math.sqrt(5.0 / 3.0)  # of the differences 1, 2, 3, 4
    found = paired_difference(one, another, overlap=1 / 3)
    assert math.isclose(found.standard_error, spread * math.sqrt(1 / 4 + 1 / 3))
    plain, wide = (difference_of_means(one, another, (o, o)) for o in (0.0, 1 / 3))
    ratio = (1 / 4 + 1 / 3) / (1 / 4)
    assert math.isclose(wide.standard_error, plain.standard_error * math.sqrt(ratio))


@pytest.mark.parametrize("other", [[1.0], [1.0, 2.0]])
def test_one_member_does_not_say_how_much_they_differ(other: list[float]) -> None:
    found = difference_of_means([0.0], other)
    assert math.isnan(found.standard_error)
    assert not found.told_apart
    assert math.isnan(paired_difference([0.0], [1.0]).standard_error)


def test_members_that_are_all_alike_have_no_error() -> None:
    found = difference_of_means([1.0, 1.0], [1.5, 1.5, 1.5])
    assert (found.value, found.standard_error, found.degrees_of_freedom) == (0.5, 0.0, 3.0)
    assert found.told_apart
    assert not difference_of_means([1.0, 1.0], [1.0, 1.0]).told_apart


@pytest.mark.parametrize("tiny", [1e-200, 1e200])
def test_degrees_of_freedom_do_not_depend_on_the_unit(tiny: float) -> None:
    found = difference_of_means([0.0, tiny], [0.0, 1e-3 * tiny, 2e-3 * tiny])
    assert 1.0 <= found.degrees_of_freedom <= 3.0


@pytest.mark.parametrize(
    ("degrees", "times"),
    [(0, 12.71), (1, 12.71), (1.9, 12.71), (4, 2.78), (9.7, 2.26), (30, 2.04), (1e9, 2.04)],
)
def test_the_fewer_members_the_more_it_takes_to_be_clear(degrees: float, times: float) -> None:
    assert Difference(1.0, 1.0, degrees).clear_from == times
    assert [*STUDENT_T] == sorted(STUDENT_T, reverse=True)
    assert len(STUDENT_T) == 30
