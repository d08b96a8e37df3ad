"""Which networks train stacked: a rule that no clock has a say in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nnctl.config import Config, config_from_dict, load_config
from nnctl.data.dataset import load_dataset
from nnctl.training.stacking import MOST_TOGETHER, OF_EACH, architecture, most_together
from tests.training.experiments import Settings

SETTINGS: Settings = {
    "seed": 1,
    "data": {"generator": {"name": "moons", "samples": 40}, "split": {"validation": 0.2}},
    "model": {"hidden": [{"units": 4, "dropout": 0.1}]},
    "loss": "categorical_cross_entropy",
    "optimizer": {"name": "adam", "learning_rate": 0.01},
    "training": {"epochs": 4, "early_stopping": {"patience": 3}},
}


def config_of(**sections: Any) -> Config:
    return config_from_dict({**SETTINGS, **sections}, Path.cwd())


def most(units: int, batch: int = 32, samples: int = 400, **sections: Any) -> int:
    config = config_of(
        data={"generator": {"name": "moons", "samples": samples}},
        model={"hidden": [{"units": units}, {"units": units}]},
        training={"epochs": 1, "batch_size": batch, **sections.pop("training", {})},
        **sections,
    )
    return most_together(config, load_dataset(config))


def test_small_networks_train_together_larger_ones_in_smaller_stacks_and_large_ones_alone() -> None:
    assert most(8) == most(32) == MOST_TOGETHER
    parameters = 2 * 128 + 128 * 128 + 128 * 2 + (128 + 128 + 2)
    assert most(128) == int(2**21 / (4 * (parameters + 32 * (2 + 128 + 128 + 2)))) == 20
    assert most(128, compute={"dtype": "float64"}) == 10
    assert most(512) == 1


def test_those_whose_time_goes_into_products_train_in_smaller_stacks() -> None:
    operations = 2 * 128 * (2 * 2 * 100 + 3 * (100 * 100 + 100 * 2))
    assert most(100, batch=128) == int(1e8 / operations) == 12


def test_a_batch_of_one_row_does_not_bring_large_networks_together() -> None:
    assert [most(units, batch=1) for units in (32, 64, 500)] == [64, 64, 1]


def test_as_few_as_are_hardly_faster_train_alone() -> None:
    assert [most(units) for units in (223, 224)] == [8, 1]


def test_outputs_and_orders_of_many_rows_stay_in_memory() -> None:
    bytes_a_row = 2 * 1 * 4 + 2 * 8  # two classes have one sigmoid unit, or two softmax ones
    rows = 500_000
    found = most(2, samples=rows)
    assert 8 <= found < MOST_TOGETHER
    assert found * rows * bytes_a_row <= 2**28


@pytest.mark.parametrize(
    "sections",
    [
        {"training": {"on_divergence": "skip_batch"}},
        {"training": {"on_divergence": "halve_learning_rate"}},
        {"compute": {"threads": 2}},
    ],
)
def test_what_cannot_be_done_for_several_at_once_is_done_alone(sections: Settings) -> None:
    assert most(4, **sections) == 1


TEXT = """\
seed: 1
data: {generator: {name: moons, samples: 40}, split: {validation: 0.2}}
model: {hidden: [{units: 4, dropout: 0.1}]}
loss: categorical_cross_entropy
optimizer: {name: adam, learning_rate: 0.01}
training: {epochs: 4, early_stopping: {patience: 3}}
"""
OWN = {
    "name": "other",
    "expect": "{train_loss: {max: 1}}",
    "training.seed": 5,
    "training.epochs": 9,
    "training.early_stopping.patience": 7,
    "training.early_stopping.min_delta": 0.5,
    "optimizer.learning_rate": 0.2,
    "optimizer.weight_decay": 0.1,
    "regularization.l1": 0.1,
    "regularization.l2": 0.1,
}
SHARED = {
    "seed": 2,
    "data.generator.samples": 41,
    "model.hidden.0.units": 5,
    "model.hidden.0.dropout": 0.2,
    "optimizer.beta_1": 0.8,
    "optimizer.schedule": "{name: cosine, epochs: 4}",
    "training.batch_size": 16,
    "training.shuffle": "false",
    "training.early_stopping": "null",
    "training.early_stopping.monitor": "train_loss",
    "metrics": "[f1]",
    "compute.dtype": "float64",
}


def architecture_with(directory: Path, *overrides: str) -> str:
    (directory / "config.yaml").write_text(TEXT)
    return architecture(load_config(directory / "config.yaml", overrides))


@pytest.mark.parametrize("key", OWN)
def test_networks_of_a_stack_may_differ_in_these(tmp_path: Path, key: str) -> None:
    assert OWN.keys() == {*OF_EACH}
    assert architecture_with(tmp_path, f"{key}={OWN[key]}") == architecture_with(tmp_path)


@pytest.mark.parametrize("key", SHARED)
def test_networks_of_a_stack_have_the_rest_in_common(tmp_path: Path, key: str) -> None:
    assert architecture_with(tmp_path, f"{key}={SHARED[key]}") != architecture_with(tmp_path)


def test_rows_of_the_same_name_elsewhere_are_others(tmp_path: Path) -> None:
    found = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.yaml").write_text(
            "data: {source: rows.csv, target: y}\nloss: mean_squared_error\n"
        )
        found.add(architecture(load_config(tmp_path / name / "config.yaml")))
    assert len(found) == 2
