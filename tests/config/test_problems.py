from __future__ import annotations

import copy
import pickle
from pathlib import Path

import pytest

from nnctl.config import Config, config_from_dict, config_to_dict, load_config
from nnctl.config.findings import Finding
from nnctl.config.problems import refuse
from nnctl.errors import ConfigError
from tests.config.examples import MINIMAL, write

TEXT = MINIMAL + "training:\n  class_weight: {b: 2}\nmetrics: [accuracy]\n"
FINDINGS = [
    Finding(("metrics", 0), "metrics.0 is wrong"),
    Finding(("training", "class_weight", "b"), "b is wrong", at_key=True),
    Finding(("training", "epochs"), "epochs is wrong"),
    Finding(("model", "output", "units"), "units is wrong"),
]


def lines_of(config: Config) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        refuse(config, FINDINGS)
    return str(caught.value).splitlines()


def test_a_loaded_config_knows_where_each_part_was_written(tmp_path: Path) -> None:
    path = write(tmp_path, TEXT)
    config = load_config(path, ["training.epochs=7"])
    expected = [
        f"{path}:1:1: units is wrong",
        f"{path}:4:18: b is wrong",
        f"{path}:5:11: metrics.0 is wrong",
        "--set training.epochs=7: epochs is wrong",
    ]
    copies = (config.model_copy(update={"seed": 3}), copy.deepcopy(config))
    for known in (config, *copies, pickle.loads(pickle.dumps(config))):
        assert lines_of(known) == expected


def test_a_config_that_no_file_holds_has_no_places(tmp_path: Path) -> None:
    config = config_from_dict({"data": {"generator": "xor"}, "loss": "hinge"}, tmp_path)
    assert lines_of(config) == [finding.message for finding in FINDINGS]


def test_where_a_config_was_written_is_no_part_of_it(tmp_path: Path) -> None:
    there = load_config(write(tmp_path, TEXT))
    elsewhere = load_config(write(tmp_path, "# a comment\n" + TEXT))
    assert there.marks.values != elsewhere.marks.values
    assert there == elsewhere == config_from_dict(config_to_dict(there), tmp_path)
    assert "marks" not in str(config_to_dict(there)) + str(Config.model_json_schema())
    with pytest.raises(ConfigError, match="the key `loss` is missing"):
        config_from_dict({"data": {"generator": "xor"}, "_marks": {}}, tmp_path)


def test_nothing_found_is_nothing_refused(tmp_path: Path) -> None:
    refuse(load_config(write(tmp_path, TEXT)), [])
