from __future__ import annotations

from pathlib import Path

import pytest

from nnctl.config import Config, config_to_dict, load_config
from nnctl.config.document import value_at
from nnctl.config.schema.columns import FillMostFrequent
from nnctl.errors import ConfigError
from tests.config.examples import FULL, MINIMAL, TABLE, write

GOOD = {
    "training.epochs=7": (("training", "epochs"), 7),
    "training.epochs = 7": (("training", "epochs"), 7),
    "optimizer.learning_rate=1e-3": (("optimizer", "learning_rate"), 0.001),
    "optimizer={name: sgd, momentum: 0.9}": (("optimizer", "momentum"), 0.9),
    "model.hidden.1.units=8": (("model", "hidden", 1, "units"), 8),
    "model.hidden=[]": (("model", "hidden"), []),
    "model.hidden.0.activation=tanh": (("model", "hidden", 0, "activation", "name"), "tanh"),
    "metrics=[accuracy]": (("metrics",), ["accuracy"]),
    "training.class_weight=": (("training", "class_weight"), None),
    "training.gradient_clipping.norm=5": (("training", "gradient_clipping", "norm"), 5.0),
    "expect.test_f1.min=0.5": (("expect", "test_f1", "min"), 0.5),
}
BAD = {
    "training.epochs": "expected KEY=VALUE, such as training.epochs=50",
    "=3": "expected KEY=VALUE, such as training.epochs=50",
    "training..epochs=3": "expected KEY=VALUE, such as training.epochs=50",
    "training.epoch=3": "unknown key `epoch` in training; did you mean `epochs`?",
    "epochs=3": "unknown key `epochs`; it belongs in `training`",
    "training.epochs=x": 'training.epochs must be an integer (received "x")',
    "training.epochs=[1": "not valid YAML: expected ',' or ']', but got '<stream end>' "
    "while parsing a flow sequence (column 3 of the value)",
    "training.epochs=!!int 3": "the tag `!!int` is not read; leave it out",
    "training.epochs.x=3": "training.epochs is 200 in the config, and has no keys",
    "model.hidden.2.units=8": "model.hidden has 2 entries, counted from 0; `2` is none of them",
    "model.hidden.-1.units=8": "model.hidden has 2 entries, counted from 0; `-1` is none of them",
    "model.hidden.²=8": "model.hidden has 2 entries, counted from 0; `²` is none of them",
    "loss=hinge": "model.output.activation: hinge needs a score on either side of zero, which "
    "softmax does not give; write `activation: identity` or `loss: categorical_cross_entropy`",
}


def _load(directory: Path, override: str) -> Config:
    return load_config(write(directory, FULL), [override])


@pytest.mark.parametrize("override", GOOD)
def test_an_override_replaces_what_the_file_says(tmp_path: Path, override: str) -> None:
    path, value = GOOD[override]
    assert value_at(config_to_dict(_load(tmp_path, override)), path) == value


@pytest.mark.parametrize("override", [key for key in BAD if key != "loss=hinge"])
def test_a_bad_override_names_its_option(tmp_path: Path, override: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _load(tmp_path, override)
    assert str(caught.value) == f"--set {override}: {BAD[override]}"


def test_an_override_that_makes_the_file_wrong_names_the_files_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        _load(tmp_path, "loss=hinge")
    problem = caught.value.problems[0]
    assert (problem.line, problem.message) == (13, BAD["loss=hinge"])


def test_a_bare_name_keeps_its_meaning_when_a_parameter_is_set(tmp_path: Path) -> None:
    path = write(tmp_path, MINIMAL + "optimizer: sgd\n")
    config = load_config(path, ["optimizer.learning_rate=0.5", "optimizer.momentum=0.9"])
    assert config.optimizer.name == "sgd"
    assert config.optimizer.parameters()["momentum"] == 0.9


def test_a_bare_kind_keeps_its_meaning_when_a_setting_of_the_column_is_set(tmp_path: Path) -> None:
    overrides = ["data.columns.island.unknown=ignore", "data.columns.sex=boolean"]
    overrides += [
        "data.columns.sex.missing=most_frequent",
        "data.columns.sex.missing.indicator=true",
    ]
    columns = load_config(write(tmp_path, TABLE), overrides).data.columns
    assert (columns["island"].kind, columns["island"].unknown) == ("categorical", "ignore")
    assert columns["sex"].kind == "boolean"
    assert columns["sex"].missing == FillMostFrequent(name="most_frequent", indicator=True)


def test_setting_a_parameter_of_the_default_optimizer_keeps_it(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, MINIMAL), ["optimizer.learning_rate=0.5"])
    assert (config.optimizer.name, config.optimizer.learning_rate) == ("adam", 0.5)


def test_the_last_of_two_overrides_wins(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, MINIMAL), ["seed=1", "seed=2"])
    assert config.seed == 2


def test_overrides_can_make_the_whole_config(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, ""), ["data.generator=xor", "loss=hinge"])
    assert config.loss.name == "hinge"


def test_a_long_override_is_shown_in_part(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        _load(tmp_path, "seed=" + "x" * 10_000)
    assert len(str(caught.value)) < 200
