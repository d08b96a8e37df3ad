from __future__ import annotations

import json
import math

import pytest

from nnctl.nn.schedules import Mode
from nnctl.training.stopping import EarlyStopping, StoppingRule


def stopping(
    patience: int | None = None, min_delta: float = 0.0, mode: Mode = "min"
) -> EarlyStopping:
    return EarlyStopping(StoppingRule("validation_loss", mode, patience, min_delta))


def epochs_until_stop(tracker: EarlyStopping, values: list[float]) -> int | None:
    for epoch, value in enumerate(values, start=1):
        tracker.update(epoch, value)
        if tracker.should_stop:
            return epoch
    return None


def test_training_stops_when_patience_is_used_up() -> None:
    tracker = stopping(patience=2)
    assert epochs_until_stop(tracker, [3.0, 2.0, 2.5, 1.0, 1.0, 1.5, 0.0]) == 6
    assert (tracker.best_value, tracker.best_epoch, tracker.waited) == (1.0, 4, 2)


def test_without_patience_training_never_stops() -> None:
    tracker = stopping()
    assert epochs_until_stop(tracker, [1.0] * 1000) is None
    assert tracker.best_epoch == 1


def test_a_value_to_maximize_improves_upwards() -> None:
    tracker = stopping(patience=1, mode="max")
    assert [tracker.update(epoch, value) for epoch, value in enumerate([0.5, 0.75, 0.6])] == [
        True,
        True,
        False,
    ]
    assert tracker.best_epoch == 1
    assert tracker.should_stop


def test_an_improvement_must_exceed_min_delta() -> None:
    tracker = stopping(min_delta=0.25)
    assert tracker.update(1, 1.0)
    assert not tracker.update(2, 0.75)
    assert tracker.update(3, 0.5)
    assert tracker.best_value == 0.5


@pytest.mark.parametrize("mode", ["min", "max"])
def test_a_value_that_is_not_finite_never_improves(mode: Mode) -> None:
    tracker = stopping(patience=3, mode=mode)
    for epoch, value in enumerate([math.nan, math.inf, -math.inf]):
        assert not tracker.update(epoch, value)
    assert tracker.best_epoch is None
    assert tracker.should_stop


def test_a_number_after_nan_is_the_best() -> None:
    tracker = stopping()
    tracker.update(1, math.nan)
    assert tracker.update(2, 7.0)
    assert tracker.best_epoch == 2
    assert tracker.waited == 0


@pytest.mark.parametrize("n_before", range(7))
def test_a_restored_tracker_goes_on_as_the_first_did(n_before: int) -> None:
    values = [3.0, 2.0, 2.5, 1.0, 1.25, 1.5, 1.75]
    first = stopping(patience=3)
    for epoch, value in enumerate(values[:n_before]):
        first.update(epoch, value)
    second = stopping(patience=3)
    second.restore(json.loads(json.dumps(first.state(), allow_nan=False)))
    for epoch, value in enumerate(values[n_before:], start=n_before):
        assert second.update(epoch, value) == first.update(epoch, value)
        assert second.should_stop == first.should_stop
    assert second.state() == first.state()
    assert second.should_stop
