from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnctl.config import Config, config_from_dict, config_to_dict, dump_config, load_config
from nnctl.config.yaml_source import read_text
from tests.config.examples import FULL, MINIMAL, TABLE, write


def _dumped_and_loaded(config: Config, directory: Path) -> Config:
    return load_config(write(directory, dump_config(config), "elsewhere.yaml"))


@pytest.mark.parametrize("text", [MINIMAL, FULL, TABLE])
def test_a_dumped_config_loads_as_an_equal_one(tmp_path: Path, text: str) -> None:
    config = load_config(write(tmp_path, text))
    assert _dumped_and_loaded(config, tmp_path / "..") == config
    assert dump_config(_dumped_and_loaded(config, tmp_path)) == dump_config(config)


def test_every_default_is_filled_in(tmp_path: Path) -> None:
    plain = config_to_dict(load_config(write(tmp_path, MINIMAL)))
    assert list(plain) == list(Config.model_fields)
    assert plain["optimizer"] == {
        "name": "adam",
        "learning_rate": 0.001,
        "weight_decay": 0.0,
        "schedule": {"name": "constant", "warmup_epochs": 0},
        "beta_1": 0.9,
        "beta_2": 0.999,
        "epsilon": 1e-8,
        "amsgrad": False,
    }
    assert plain["training"]["epochs"] == 100


def test_of_a_column_only_what_is_said_is_written(tmp_path: Path) -> None:
    columns = config_to_dict(load_config(write(tmp_path, TABLE)))["data"]["columns"]
    assert columns["island"] == {"kind": "categorical"}
    assert columns["size"] == {"kind": "ordinal", "order": ["small", "true", "large"]}
    assert columns["sex"] == {"missing": {"name": "most_frequent", "indicator": False}}
    assert columns["a.b: #"] == {}


@pytest.mark.parametrize("text", [FULL, TABLE])
def test_a_config_as_a_dict_is_json_and_makes_the_same_config(tmp_path: Path, text: str) -> None:
    config = load_config(write(tmp_path, text))
    assert config_from_dict(json.loads(json.dumps(config_to_dict(config))), "/") == config


NUMBERS_AND_WORDS = ["1e-3", "0o10", "010", ".inf", "1:30", "1_0", "2024-01-01", "no", "null"]
NUMBERS_AND_WORDS += ["~", "true", "<<", "=", "-"]
AWKWARD = [*NUMBERS_AND_WORDS, "", "a: b", "#", "[", " a ", "? ", "'", '"', "\t", "a\nb", "\x85"]
AWKWARD += ["\u2028", "\ufeff", "\x7f", "\0", "é", "😀", "x" * 300, "1" * 5000]


@pytest.mark.parametrize("text", AWKWARD)
def test_awkward_texts_survive(tmp_path: Path, text: str) -> None:
    value = {"data": {"generator": "xor"}, "loss": "hinge"}
    named: dict[str, Any] = {**value, "training": {"class_weight": {text: 1.0}}}
    named["data"] = {
        "source": "a",
        "target": text or "-",
        "sample_weight": f"w{text}",
        "missing_values": [text],
        "columns": {f"c{text}": {"order": [text, f"o{text}"]}, f"i{text}": "ignored"},
    }
    config = config_from_dict(named, "/")
    assert _dumped_and_loaded(config, tmp_path) == config


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20) | st.from_regex(
    r"[-+0-9.:eox_~]{1,6}", fullmatch=True
)
POSITIVE = st.floats(min_value=0, exclude_min=True, allow_infinity=False)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
CONFIGS = st.fixed_dictionaries(
    {
        "data": st.fixed_dictionaries(
            {
                "source": st.just("/a.csv"),
                "target": TEXTS,
                "missing_values": st.lists(TEXTS),
                "missing": st.fixed_dictionaries({"name": st.just("constant"), "value": TEXTS}),
            }
        ),
        "loss": st.just({"name": "huber"}),
        "optimizer": st.fixed_dictionaries({"learning_rate": POSITIVE, "weight_decay": POSITIVE}),
        "seed": st.integers(0, 2**63 - 1),
        "training": st.fixed_dictionaries(
            {"class_weight": st.dictionaries(TEXTS, POSITIVE), "epochs": st.integers(1, 10**9)}
        ),
        "model": st.fixed_dictionaries(
            {"output": st.fixed_dictionaries({"bias_initializer": st.fixed_dictionaries(
                {"name": st.just("values"), "biases": st.lists(FINITE, min_size=1)})})}
        ),
    }
)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(CONFIGS)
def test_any_config_survives_being_dumped_and_loaded(value: dict[str, Any]) -> None:
    config = config_from_dict(value, "/")
    document = read_text(dump_config(config), None)
    assert document.problems == []
    assert document.value == config_to_dict(config)
    assert config_from_dict(document.value, "/") == config
