from __future__ import annotations

from pathlib import Path

import pytest

from nnctl.data.dataset import load_dataset
from nnctl.errors import ConfigError
from nnctl.training.memory import readable_bytes
from nnctl.training.outline import outline
from tests.training.experiments import classification, config_of

HIDDEN = [
    {"units": 6, "normalization": "batch", "dropout": 0.25},
    {"units": 5, "activation": "tanh", "bias": False, "initializer": "orthogonal"},
]


def test_the_outline_counts_what_the_network_has(tmp_path: Path) -> None:
    settings = classification(model={"hidden": HIDDEN}, training={"batch_size": 9999})
    settings["data"] |= {"split": {"validation": 0.2, "test": 0.1}}
    config = config_of(tmp_path, settings)
    told = outline(config, load_dataset(config))
    assert told["layers"] == [
        {
            "layer": "hidden 1",
            "shape": "2 x 6",
            "activation": "relu, batch normalization, dropout 0.25",
            "initializer": "he_normal",
            "parameters": 2 * 6 + 6 + 6 + 6,
            "memory": "120 B",
        },
        {
            "layer": "hidden 2",
            "shape": "6 x 5",
            "activation": "tanh",
            "initializer": "orthogonal",
            "parameters": 30,
            "memory": "120 B",
        },
        {
            "layer": "output",
            "shape": "5 x 1",
            "activation": "sigmoid",
            "initializer": "xavier_uniform",
            "parameters": 6,
            "memory": "24 B",
        },
    ]
    assert told["parameters"] == 66
    assert told["rows"] == {"training": 350, "validation": 100, "test": 50}
    assert (told["task"], told["features"]) == ("classification", ["x1", "x2"])
    assert (told["targets"], told["classes"]) == (["label"], ["0", "1"])
    assert (told["loss"], told["optimizer"]) == ("binary_cross_entropy", "adam")
    assert (told["dtype"], told["threads"]) == ("float32", 1)
    assert told["training_memory"] == readable_bytes(told["training_bytes"])
    assert len(told["notices"]) == 1
    assert told["notices"][0].startswith("training.batch_size is 9999, more than the 350")


def test_an_outline_writes_nothing(tmp_path: Path) -> None:
    config = config_of(tmp_path, classification())
    outline(config, load_dataset(config))
    assert list(tmp_path.iterdir()) == []


def test_what_training_refuses_has_no_outline(tmp_path: Path) -> None:
    config = config_of(tmp_path, classification("blobs"))
    dataset = load_dataset(config)
    with pytest.raises(ConfigError, match="is for two classes"):
        outline(config, dataset)
