"""What differs between a run's config and another one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nnctl.config import Config, config_from_dict
from nnctl.training.config_changes import departures, differences, edits, told
from nnctl.training.inference import portable_config
from tests.training.experiments import Settings

SETTINGS: Settings = {
    "data": {"source": "rows.csv", "target": "y"},
    "model": {"hidden": [{"units": 3}]},
    "loss": "mean_squared_error",
    "metrics": ["r2"],
}


def config_of(**sections: Any) -> Config:
    return config_from_dict({**SETTINGS, **sections}, Path.cwd())


def test_nothing_differs_from_itself() -> None:
    config = config_of()
    assert edits(portable_config(config), config) == departures(config, portable_config(config))
    assert edits(portable_config(config), config) == {}


def test_each_difference_has_its_key_and_both_values() -> None:
    trained = portable_config(config_of(seed=1, model={"hidden": [{"units": 4}]}))
    assert edits(trained, config_of()) == {"seed": (1, 0), "model.hidden.0.units": (4, 3)}
    assert departures(config_of(), trained) == {
        "seed": (0, 1),
        "model.hidden.0.units": (3, 4),
    }


@pytest.mark.parametrize("key", ["compute", "training.seed", "optimizer.weight_decay"])
def test_a_key_that_an_older_nnctl_did_not_know_has_its_default(key: str) -> None:
    trained = portable_config(config_of())
    *path, last = key.split(".")
    place = trained
    for part in path:
        place = place[part]
    del place[last]
    assert edits(trained, config_of()) == departures(config_of(), trained) == {}
    found = edits(trained, config_of(compute={"dtype": "float64"}))
    assert found == {"compute.dtype": ("float32", "float64")}


def test_metrics_that_were_left_out_are_those_that_followed() -> None:
    trained = portable_config(config_of())
    assert departures(config_of(metrics=None), trained) == {}


def test_many_differences_are_told_in_short() -> None:
    found = differences({"a": 1, "b": [1, 2]}, {"a": 2, "b": [1, 3], "c": 4})
    assert told(found) == "a (1, now 2), b.1 (2, now 3), c (None, now 4)"
    assert told({f"k{n}": (n, 0) for n in range(9)}).endswith("k5 (5, now 0) and 3 more")
