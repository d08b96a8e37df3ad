from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.data.batching import batches as batches_of_epoch
from nnctl.nn.arrays import FloatArray
from nnctl.training.explained_rows import subject_of_config
from nnctl.training.learning_rate_range import RangeTest, range_test
from tests.training.experiments import (
    FLOAT64,
    Settings,
    classification,
    config_of,
    regression,
    values,
    write_csv,
)

RATES = np.geomspace(1e-5, 1.0, 101)


def measured(
    directory: Path, settings: Settings, lowest: float, highest: float, steps: int
) -> RangeTest:
    trainer = subject_of_config(config_of(directory, settings), "here").assembly.trainer
    return range_test(trainer, lowest, highest, steps)


def curve(losses: FloatArray) -> RangeTest:
    return RangeTest(RATES[: len(losses)], losses, diverged=True)


def valley(noise: float = 0.0) -> RangeTest:
    """A loss that falls steepest at 1e-3, is least a little before 0.1, and grows after it."""
    falls = 1.0 / (1.0 + (RATES / 1e-3) ** 2)
    losses = falls + (RATES / 0.3) ** 4 + 0.5
    return curve(losses + noise * np.random.default_rng(0).normal(size=len(RATES)))


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_the_rules_read_the_steepest_fall_and_the_minimum_off_a_curve(noise: float) -> None:
    test = valley(noise)
    assert test.steepest is not None
    assert test.rates[test.steepest] == pytest.approx(1e-3, rel=0.5)
    assert 0.01 < test.rates[test.minimum] < 0.1
    assert test.suggestion == float(f"{test.rates[test.minimum] / 10:.2g}")
    assert len(str(test.suggestion)) <= len("0.0047")


def test_the_smoothed_curve_keeps_constants_and_lags_behind_nothing() -> None:
    np.testing.assert_allclose(curve(np.full(101, 0.7)).smoothed, 0.7, rtol=1e-12)
    peak = curve(np.exp(-0.5 * ((np.arange(101) - 40) / 5.0) ** 2))
    assert int(np.argmax(peak.smoothed)) == 40


def test_smoothing_takes_memory_for_the_steps_and_not_for_their_square() -> None:
    losses = np.cos(np.arange(20_000) / 5_000.0)
    tracemalloc.start()
    smoothed = RangeTest(np.geomspace(1e-5, 1.0, 20_000), losses, diverged=False).smoothed
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50 * losses.nbytes
    assert abs(smoothed - losses)[2_000:-2_000].max() < 0.02


def test_no_minimum_is_sought_after_the_loss_has_all_but_reached_0() -> None:
    falling = np.exp(-np.arange(101) / 5.0)  # a thousandth at step 35
    test = curve(falling)
    assert test.vanished is not None
    assert 33 < test.vanished < 50
    assert test.smoothed[test.vanished] < 1e-3 * test.smoothed[0]
    assert test.minimum == test.vanished
    assert test.suggestion == float(f"{test.rates[test.vanished] / 10:.2g}")
    assert curve(falling + 0.002).vanished is None
    assert curve(np.zeros(101)).vanished is None


@pytest.mark.parametrize("losses", [[1.0, 2.0, 4.0], [1.0]])
def test_a_loss_that_never_falls_gives_no_suggestion(losses: list[float]) -> None:
    test = curve(np.array(losses))
    assert (test.suggestion, test.steepest, test.minimum) == (None, None, 0)
    assert test.to_dict()["steepest"] is None


def test_the_steps_are_those_of_training_at_a_growing_rate(tmp_path: Path) -> None:
    """One weight by hand: w <- w - rate 2 x (x w - y), over the rows in their order."""
    path = write_csv(tmp_path, "x y \n 1 2 \n 2 1 \n 3 5")
    settings = regression(
        path,
        model={"output": {"bias": False, "initializer": values([[0.5]])}},
        optimizer={"name": "sgd", "learning_rate": 123.0},
        training={"batch_size": 2, "shuffle": False},
    )
    test = measured(tmp_path, settings, 1e-3, 1e-2, 5)
    np.testing.assert_allclose(test.rates, np.geomspace(1e-3, 1e-2, 5), rtol=1e-14)
    x, y, weight, losses = np.array([1.0, 2, 3]), np.array([2.0, 1, 5]), 0.5, []
    batches = [[0, 1], [2], [0, 1], [2], [0, 1]]
    for rows, rate in zip(batches, test.rates, strict=True):
        errors = weight * x[rows] - y[rows]
        losses.append(np.mean(errors**2))
        weight -= rate * np.mean(2 * errors * x[rows])
    np.testing.assert_allclose(test.losses, losses, rtol=1e-12)
    assert not test.diverged


def test_the_batches_are_those_of_training_epoch_by_epoch(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "x y \n 1 2 \n 2 1 \n 3 5 \n 4 4 \n 6 9")
    settings = regression(
        path,
        model={"output": {"initializer": values([[0.5]], [1])}},
        optimizer={"name": "sgd"},
        training={"batch_size": 2},
    )
    test = measured(tmp_path, settings, 1e-300, 2e-300, 30)  # no step moves a weight
    x, y = np.array([1.0, 2, 3, 4, 6]), np.array([2.0, 1, 5, 4, 9])
    errors = 0.5 * x + 1 - y
    batches = [rows for epoch in range(10) for rows in batches_of_epoch(5, 2, 0, epoch, True)]
    expected = [np.mean(errors[rows] ** 2) for rows in batches]
    assert len({tuple(expected[i : i + 3]) for i in range(0, 30, 3)}) > 5
    np.testing.assert_allclose(test.losses, expected, rtol=1e-12)


@pytest.mark.parametrize("on_divergence", ["stop", "skip_batch", "halve_learning_rate"])
def test_it_ends_where_the_loss_has_gone_far_up(tmp_path: Path, on_divergence: str) -> None:
    path = write_csv(tmp_path, "x y \n 1 2 \n 2 4")
    settings = regression(
        path,
        optimizer={"name": "sgd"},
        training={"batch_size": "full", "on_divergence": on_divergence},
    )
    test = measured(tmp_path, settings, 1e-3, 1e3, 100)
    assert test.diverged
    assert 30 < len(test.losses) < 90
    assert len(test.rates) == len(test.losses)
    assert test.losses[-1] > test.losses[0]


@pytest.mark.parametrize("on_divergence", ["stop", "skip_batch"])
def test_a_loss_that_is_not_finite_ends_it_and_is_no_part_of_it(
    tmp_path: Path, on_divergence: str
) -> None:
    path = write_csv(tmp_path, "x y \n 1 2 \n 2 4")
    training = {"batch_size": "full", "on_divergence": on_divergence}
    settings = regression(path, optimizer={"name": "sgd"}, training=training)
    test = measured(tmp_path, settings, 1e200, 1e300, 10)
    assert test.diverged
    assert np.isfinite(test.losses).all()
    assert len(test.losses) == 1


def test_a_test_that_reaches_the_highest_rate_has_not_diverged(tmp_path: Path) -> None:
    test = measured(tmp_path, classification(), 1e-6, 1e-4, 20)
    assert not test.diverged
    assert len(test.losses) == 20


def test_the_same_config_gives_the_same_test(tmp_path: Path) -> None:
    hidden = {"units": 8, "activation": "relu", "dropout": 0.2, "normalization": "batch"}
    settings = classification(model={"hidden": [hidden]}, compute=FLOAT64)
    first, second = (measured(tmp_path, settings, 1e-4, 1.0, 30) for _ in range(2))
    assert first.to_dict() == second.to_dict()


def losses_at(directory: Path, settings: Settings, rates: list[float]) -> list[float]:
    """The training loss after training at each rate."""
    found = []
    for rate in rates:
        optimizer: dict[str, Any] = {**settings["optimizer"], "learning_rate": rate}
        chosen = subject_of_config(
            config_of(directory, {**settings, "optimizer": optimizer}), "here"
        )
        trainer, epochs = chosen.assembly.trainer, chosen.config.training.epochs
        (*_, last) = trainer.epochs(epochs)
        found.append(last.values["train_loss"])
    return found


@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_the_suggestion_trains_better_than_a_rate_far_from_it(tmp_path: Path, name: str) -> None:
    settings = classification(
        {"name": "moons", "samples": 200},
        optimizer={"name": name},
        training={"epochs": 15, "batch_size": 16},
    )
    suggestion = measured(tmp_path, settings, 1e-6, 10.0, 200).suggestion
    assert suggestion is not None
    good, timid = losses_at(tmp_path, settings, [suggestion, suggestion / 100])
    assert good < 0.6 * timid
