from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.collections import PathCollection

from nnctl.analysis import residuals
from nnctl.analysis.pictures import Picture
from nnctl.analysis.residuals import draw_residuals, residual_trend
from nnctl.data.loading import load_main_table
from nnctl.errors import UsageError
from nnctl.training.own_rows import run_config
from nnctl.training.reporting import evaluate_tables
from tests.analysis.test_pictures import generated, run_of, two_targets
from tests.training.experiments import UNCHANGED, Settings, values, write_csv


def drawn(directory: Path, data: Settings, loss: str, **sections: Any) -> Picture:
    run, model = run_of(directory, data, loss, **sections)
    return draw_residuals(model, [load_main_table(run_config(run))[0]], "t")


def test_residuals_are_true_minus_predicted_in_the_targets_units(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "x y\n0 100\n1 130\n2 110")
    data = {"source": str(path), "target": "y", "scaling": "none", "target_scaling": "none"}
    # It says 100 + 10 x, and is not changed by its training.
    output = {"initializer": values([[10]], [100])}
    sections: Settings = {"model": {"output": output}, "optimizer": UNCHANGED}
    picture = drawn(tmp_path, data, "mean_squared_error", **sections)
    against, over, _ = picture.figure.axes
    (points,) = (c for c in against.collections if isinstance(c, PathCollection))
    assert np.asarray(points.get_offsets()).tolist() == [[100, 100], [130, 110], [110, 120]]
    (points,) = (c for c in over.collections if isinstance(c, PathCollection))
    assert np.asarray(points.get_offsets()).tolist() == [[100, 0], [110, 20], [120, -10]]
    (target,) = picture.numbers["targets"]
    assert target["mean_absolute_error"] == 10.0
    assert target["residuals"]["mean"] == pytest.approx(10 / 3)
    assert (target["residuals"]["lowest"], target["residuals"]["highest"]) == (-10.0, 20.0)
    assert target["residuals"]["median"] == 0.0


def test_the_numbers_of_a_single_target_are_those_of_evaluate(tmp_path: Path) -> None:
    run, model = run_of(tmp_path, generated("sine", samples=40), "mean_squared_error")
    table, _ = load_main_table(run_config(run))
    (target,) = draw_residuals(model, [table], "t").numbers["targets"]
    measures = evaluate_tables(model, [table]).measures
    for name in ("mean_squared_error", "mean_absolute_error", "r2"):
        assert target[name] == pytest.approx(measures[name], rel=1e-12)


def test_each_target_has_its_own_panels_and_numbers(tmp_path: Path) -> None:
    run, model = two_targets(tmp_path)
    table, _ = load_main_table(run_config(run))
    picture = draw_residuals(model, [table], "t")
    assert [one["name"] for one in picture.numbers["targets"]] == ["low", "high"]
    labels = [axes.get_xlabel() for axes in picture.figure.axes]
    assert labels[::3] == ["true low", "true high"]
    together = evaluate_tables(model, [table]).measures["mean_absolute_error"]
    apart = [one["mean_absolute_error"] for one in picture.numbers["targets"]]
    assert np.mean(apart) == pytest.approx(together, rel=1e-12)


def test_the_trend_is_the_mean_residual_of_rows_estimated_alike() -> None:
    predicted = np.array([5.0, 1, 2, 3, 4, 10, 6, 7, 8, 9])
    true = predicted + np.where(predicted > 5, 2.0, -1.0)
    trend = residual_trend(true, predicted)
    assert trend.tolist() == [[3.0, -1.0], [8.0, 2.0]]
    assert residual_trend(true[:9], predicted[:9]).shape == (0, 2)


def test_a_crowd_of_rows_is_thinned_and_the_numbers_are_of_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(residuals, "MOST_POINTS", 7)
    picture = drawn(tmp_path, generated("sine", samples=40), "mean_squared_error")
    (points,) = (c for c in picture.figure.axes[0].collections if isinstance(c, PathCollection))
    assert len(np.asarray(points.get_offsets())) == 7
    assert picture.numbers["rows"] == 40
    assert picture.notices == ("drawn are 7 of 40 rows; the numbers are of all",)


def test_many_targets_are_told_though_not_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(residuals, "MOST_TARGETS", 1)
    run, model = two_targets(tmp_path)
    picture = draw_residuals(model, [load_main_table(run_config(run))[0]], "t")
    assert len(picture.figure.axes) == 3
    assert len(picture.numbers["targets"]) == 2
    assert picture.notices == ("drawn are the first 1 of 2 targets; --json has all",)


def test_classes_have_no_residuals(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="residuals are those of numbers; this run tells classes"):
        drawn(tmp_path, generated("moons", samples=20), "hinge")
