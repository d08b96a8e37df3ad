from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nnctl.config.sweep_schema import ParameterConfig
from nnctl.plots.sweep_parallel import heights_of
from nnctl.scale.pictures import MOST_PLACES, coordinate, draw_sweep, metric_coordinate
from nnctl.scale.results import TrialResult
from nnctl.scale.sweep import Sweep
from tests.scale.samples import RATE, UNITS, started

RANGE = ParameterConfig(uniform=(0.0, 9.0))


def result(number: int, status: str = "finished", loss: float | None = 0.5) -> TrialResult:
    parameters = {RATE: 10.0**-number, UNITS: number}
    metrics = {"validation_loss": loss}
    return TrialResult(number, "t", parameters, status, metrics=metrics)


def ended(directory: Path, *results: TrialResult) -> Sweep:
    sweep = started(directory)
    sweep.ended = {result.number: result for result in results}
    return sweep


def test_numbers_that_span_much_are_drawn_by_their_logarithms() -> None:
    results = [result(n) for n in range(1, 5)]
    rates = coordinate(RATE, results, RANGE)
    assert rates.logarithmic
    assert rates.values == pytest.approx([0.1, 0.01, 0.001, 0.0001])
    assert not coordinate(UNITS, results, RANGE).logarithmic


def test_what_is_no_number_is_drawn_by_its_place_among_the_values() -> None:
    kinds = ["relu", {"name": "elu", "alpha": 0.5}, "relu", True]
    results = [TrialResult(n, "t", {"a": kind}, "finished") for n, kind in enumerate(kinds)]
    axis = coordinate("a", results, ParameterConfig(choice=("relu", {"name": "elu"}, True)))
    assert axis.labels == ("relu", "elu alpha 0.5", "true")
    assert axis.values.tolist() == [0, 1, 0, 2]


def test_numbers_to_choose_from_stand_in_order_at_even_distances() -> None:
    rates = [0.1, 0.0, 0.001, 0.0, 0.01]
    results = [TrialResult(n, "t", {"a": rate}, "finished") for n, rate in enumerate(rates)]
    axis = coordinate("a", results, ParameterConfig(choice=(0.1, 0.0, 0.001, 0.01)))
    assert axis.labels == ("0", "0.001", "0.01", "0.1")
    assert axis.values.tolist() == [3, 0, 1, 0, 2]
    assert heights_of(axis) == pytest.approx([1, 0, 1 / 3, 0, 2 / 3])


def test_of_many_numbers_to_choose_from_some_are_written_on_an_axis_of_numbers() -> None:
    many = tuple(range(1, MOST_PLACES + 2))
    results = [TrialResult(n, "t", {"a": n}, "finished") for n in many]
    assert coordinate("a", results[1:], ParameterConfig(choice=many)).labels
    assert not coordinate("a", results, ParameterConfig(choice=many)).labels


def test_the_best_is_above_and_what_has_no_value_is_nowhere() -> None:
    results = [result(1, loss=0.2), result(2, "diverged", None), result(3, "pruned", 0.1)]
    axis = metric_coordinate("validation_loss", results)
    assert axis.falling
    assert axis.values[0] == 0.2
    assert np.isnan(axis.values[1:]).all()
    assert not metric_coordinate("validation_accuracy", results).falling


def test_a_sweep_of_few_trials_has_no_importances(tmp_path: Path) -> None:
    few = ended(tmp_path, *(result(n, loss=0.1 * n) for n in range(1, 4)), result(4, "invalid"))
    assert [path.name for path in draw_sweep(few)] == ["parallel.png"]


def test_a_sweep_of_many_has_both_pictures_and_one_without_a_best_none(tmp_path: Path) -> None:
    many = ended(tmp_path, *(result(n, loss=0.1 * n) for n in range(1, 10)))
    paths = draw_sweep(many)
    assert [path.name for path in paths] == ["parallel.png", "importance.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in paths)
    (tmp_path / "none").mkdir()
    none = ended(tmp_path / "none", result(1, "diverged", None), result(2, loss=None))
    assert draw_sweep(none) == []
