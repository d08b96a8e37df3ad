from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.analysis import schedule
from nnctl.analysis.schedule import draw_schedule
from nnctl.config import Config
from nnctl.runs.history import read_history
from nnctl.training.own_rows import run_config
from tests.analysis.test_pictures import run_of
from tests.training.experiments import classification, config_of


def config(directory: Path, chosen: Any, epochs: int = 6, rate: float = 0.8) -> Config:
    optimizer = {"name": "sgd", "learning_rate": rate, "schedule": chosen}
    return config_of(directory, classification(optimizer=optimizer, training={"epochs": epochs}))


@pytest.mark.parametrize(
    ("chosen", "rates"),
    [
        ("constant", [0.8] * 6),
        ({"name": "step", "step_size": 2, "gamma": 0.5}, [0.8, 0.8, 0.4, 0.4, 0.2, 0.2]),
        ({"name": "exponential", "gamma": 0.5}, [0.8, 0.4, 0.2, 0.1, 0.05, 0.025]),
        (
            {"name": "exponential", "gamma": 0.5, "warmup_epochs": 3},
            [0.2, 0.4, 0.6, 0.8, 0.4, 0.2],
        ),
    ],
)
def test_planned_rates_are_those_of_the_schedule(
    tmp_path: Path, chosen: Any, rates: list[float]
) -> None:
    picture = draw_schedule(config(tmp_path, chosen), "t")
    assert picture.numbers["planned"]["epoch"] == [1, 2, 3, 4, 5, 6]
    np.testing.assert_allclose(picture.numbers["planned"]["learning_rate"], rates, rtol=1e-12)
    assert "trained" not in picture.numbers
    assert picture.notices == ()


def test_of_a_run_the_rates_are_those_of_its_history(tmp_path: Path) -> None:
    plateau = {"name": "reduce_on_plateau", "patience": 1, "min_delta": 1e9, "factor": 0.5}
    optimizer = {"name": "sgd", "learning_rate": 0.4, "schedule": plateau}
    data = {"generator": {"name": "moons", "samples": 30}}
    run, _ = run_of(
        tmp_path,
        data,
        "binary_cross_entropy",
        optimizer=optimizer,
        training={"epochs": 4, "batch_size": 10},
    )
    picture = draw_schedule(run_config(run), "t", read_history(run.metrics))
    assert picture.numbers["planned"]["learning_rate"] == [0.4] * 4
    assert picture.numbers["trained"]["epoch"] == [1, 2, 3, 4]
    assert picture.numbers["trained"]["learning_rate"] == [0.4, 0.4, 0.2, 0.1]
    assert picture.notices == (
        "it falls where progress stops, which no plan knows: planned is the rate before",
    )


def test_very_many_epochs_are_thinned_between_the_first_and_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "MOST_EPOCHS", 4)
    picture = draw_schedule(config(tmp_path, "cosine", epochs=10), "t")
    assert picture.numbers["planned"]["epoch"] == [1, 4, 7, 10]
