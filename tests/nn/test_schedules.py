from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.nn.schedules import SCHEDULES, LearningRate, Mode, ReduceOnPlateau, improves

REFERENCE = np.load(Path(__file__).parents[1] / "reference" / "schedules.npz")
PARAMETERS: dict[str, dict[str, Any]] = {
    "step": {"step_size": 20, "gamma": 0.5},
    "multistep": {"milestones": (10, 30, 50), "gamma": 0.1},
    "exponential": {"gamma": 0.95},
    "cosine": {"epochs": 60, "minimum": 0.001},
    "one_cycle": {"epochs": 60},
}


def rates(learning_rate: LearningRate, epochs: int) -> list[float]:
    return [learning_rate.rate(epoch) for epoch in range(epochs)]


@pytest.mark.parametrize("key", list(REFERENCE))
def test_rates_meet_the_reference(key: str) -> None:
    name = key.partition("(")[0]
    learning_rate = LearningRate(0.1, name, **PARAMETERS[name])
    np.testing.assert_allclose(rates(learning_rate, 60), REFERENCE[key], rtol=1e-10, atol=1e-14)


def test_the_reference_holds_schedules() -> None:
    assert len(list(REFERENCE)) == 4


@pytest.mark.parametrize("name", SCHEDULES)
def test_rates_are_positive_python_floats(name: str) -> None:
    learning_rate = LearningRate(0.1, name, warmup_epochs=3, **PARAMETERS.get(name, {}))
    taken = rates(learning_rate, 100)
    assert {type(rate) for rate in taken} == {float}
    assert min(taken) > 0


@pytest.mark.parametrize("name", SCHEDULES)
def test_warm_up_rises_in_equal_steps_to_the_start_of_the_schedule(name: str) -> None:
    parameters = PARAMETERS.get(name, {})
    warmed = rates(LearningRate(0.1, name, warmup_epochs=4, **parameters), 64)
    plain = rates(LearningRate(0.1, name, **parameters), 60)
    assert warmed[:5] == pytest.approx([plain[0] * k / 5 for k in (1, 2, 3, 4, 5)], rel=1e-14)
    assert warmed[4:] == plain


def test_constant_is_constant() -> None:
    assert rates(LearningRate(0.3), 3) == [0.3, 0.3, 0.3]


def test_inverse_scaling_divides_by_a_power_of_the_epoch() -> None:
    learning_rate = LearningRate(0.6, "inverse_scaling", power=0.5)
    assert rates(learning_rate, 4) == pytest.approx([0.6, 0.6 / 2**0.5, 0.6 / 3**0.5, 0.3])


def test_cosine_ends_at_its_minimum_and_stays() -> None:
    learning_rate = LearningRate(0.1, "cosine", epochs=4, minimum=0.02)
    assert rates(learning_rate, 7) == pytest.approx(
        [0.1, 0.06 + 0.04 * math.sqrt(0.5), 0.06, 0.06 - 0.04 * math.sqrt(0.5), 0.02, 0.02, 0.02]
    )
    assert learning_rate.rate(4) == learning_rate.rate(400) == 0.02


def test_one_cycle_peaks_at_the_base_rate_and_ends_far_below_its_start() -> None:
    taken = rates(LearningRate(0.5, "one_cycle", epochs=10), 14)
    assert taken[:3] == pytest.approx([0.02, 0.26, 0.5], rel=1e-12)
    assert taken[9:] == pytest.approx([2e-6] * 5, rel=1e-9)
    assert all(later < earlier for earlier, later in itertools.pairwise(taken[2:10]))


@pytest.mark.parametrize("epochs", [1, 2, 3, 4, 5, 7, 100])
@pytest.mark.parametrize("peak_fraction", [0.0, 0.3, 0.5, 1.0])
def test_one_cycle_reaches_its_peak_once_whatever_its_length(
    epochs: int, peak_fraction: float
) -> None:
    learning_rate = LearningRate(0.5, "one_cycle", epochs=epochs, peak_fraction=peak_fraction)
    taken = rates(learning_rate, epochs)
    assert taken.count(0.5) == 1
    assert max(taken) == 0.5
    assert learning_rate.rate(epochs + 9) == taken[-1]


def test_a_plateau_reduces_the_rate_after_patience_epochs() -> None:
    learning_rate = LearningRate(1.0, "reduce_on_plateau", factor=0.5, patience=2, min_delta=0.0)
    taken = []
    for epoch, value in enumerate([3.0, 2.0, 2.0, 2.5, 1.0, 1.0, 1.0, 1.0, 1.0]):
        taken.append(learning_rate.rate(epoch))
        learning_rate.observe(value)
    assert taken == [1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.25]
    assert learning_rate.rate(9) == 0.125


def test_an_improvement_must_exceed_min_delta_on_a_plateau() -> None:
    plateau = ReduceOnPlateau(patience=1, min_delta=0.5)
    for value in (2.0, 1.5):
        plateau.observe(value)
    assert plateau.reductions == 1
    plateau.observe(1.25)
    assert plateau.reductions == 1


@pytest.mark.parametrize(("minimum", "lowest"), [(0.0, 1e-7), (0.003, 0.003), (5.0, 0.1)])
def test_reductions_end_at_the_minimum_and_never_raise_the_rate(
    minimum: float, lowest: float
) -> None:
    learning_rate = LearningRate(0.1, "reduce_on_plateau", patience=1, minimum=minimum)
    for _ in range(7):
        learning_rate.observe(1.0)
    assert learning_rate.rate(7) == pytest.approx(lowest, rel=1e-12)


def test_a_plateau_of_a_value_to_maximize_waits_for_larger_ones() -> None:
    plateau = ReduceOnPlateau(patience=1, min_delta=0.0, mode="max")
    for value in (0.5, 0.6, 0.7):
        plateau.observe(value)
    assert plateau.reductions == 0
    plateau.observe(0.6)
    assert plateau.reductions == 1


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_restored_learning_rate_goes_on_as_the_first_did(name: str) -> None:
    parameters = {"patience": 2} if name == "reduce_on_plateau" else PARAMETERS.get(name, {})
    values = [5.0, 4.0, 4.0, 4.5, 3.0, 3.5, 3.5, 3.5, 3.5]
    first = LearningRate(0.1, name, **parameters)
    for value in values[:6]:
        first.observe(value)
    second = LearningRate(0.1, name, **parameters)
    second.restore(json.loads(json.dumps(first.state(), allow_nan=False)))
    for epoch, value in enumerate(values[6:], start=6):
        first.observe(value)
        second.observe(value)
        assert second.rate(epoch) == first.rate(epoch)
    assert second.state() == first.state()


def test_a_fresh_plateau_has_a_state_too() -> None:
    plateau = ReduceOnPlateau()
    plateau.restore(ReduceOnPlateau().state())
    assert plateau.state() == {"best": None, "waited": 0, "reductions": 0}


@pytest.mark.parametrize(
    ("value", "best", "mode", "min_delta", "expected"),
    [
        (1.0, None, "min", 0.5, True),
        (1.0, 1.0, "min", 0.0, False),
        (0.5, 1.0, "min", 0.5, False),
        (0.25, 1.0, "min", 0.5, True),
        (1.5, 1.0, "max", 0.5, False),
        (1.75, 1.0, "max", 0.5, True),
        (0.5, 1.0, "max", 0.0, False),
        (math.nan, None, "min", 0.0, False),
        (math.nan, 1.0, "max", 0.0, False),
        (-math.inf, 1.0, "min", 0.0, False),
        (math.inf, None, "max", 0.0, False),
    ],
)
def test_an_improvement_is_finite_and_exceeds_min_delta(
    value: float, best: float | None, mode: Mode, min_delta: float, expected: bool
) -> None:
    assert improves(value, best, mode, min_delta) is expected


@pytest.mark.parametrize("name", SCHEDULES)
def test_halving_halves_the_base_rate_whatever_the_schedule(name: str) -> None:
    halved, other = (
        LearningRate(rate, name, warmup_epochs=3, **PARAMETERS.get(name, {})) for rate in (0.8, 0.2)
    )
    halved.halve()
    halved.halve()
    assert rates(halved, 80) == rates(other, 80)
    again = LearningRate(0.8, name, warmup_epochs=3, **PARAMETERS.get(name, {}))
    again.restore(json.loads(json.dumps(halved.state())))
    assert rates(again, 80) == rates(other, 80)


def test_a_schedule_that_was_another_until_now_begins_anew() -> None:
    before = LearningRate(0.8, "step", step_size=3)
    before.halve()
    now = LearningRate(0.8, "reduce_on_plateau", patience=1)
    now.restore(before.state())
    assert now.state() == {"halvings": 1, "best": None, "waited": 0, "reductions": 0}
