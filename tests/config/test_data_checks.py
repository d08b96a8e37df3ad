from __future__ import annotations

from pathlib import Path

import pytest

from nnctl.config import load_config
from nnctl.errors import ConfigError
from tests.config.examples import write

TABLE = "source: a.csv, target: y"
# A config -> the only thing that is wrong with it.
MISFITS = {
    "data: {}\nloss: huber": "1:7: data needs a `source`, which is a CSV file, or a `generator`",
    "data: {source: a.csv, target: y, generator: xor}\nloss: huber": "1:34: data has a `source` "
    "and a `generator`; keep one of them",
    "data: {source: a.csv}\nloss: huber": "1:7: data needs `target`, the column to predict",
    'data: {source: "a\\0", target: y}\nloss: huber': "1:16: data.source must be a path, "
    "without a NUL character",
    "data: {source: a.csv, target: [y, y]}\nloss: huber": "1:35: data.target names the column "
    "`y` twice",
    f"data: {{{TABLE}, features: [x, y]}}\nloss: huber": "1:48: data.features names the target "
    "`y`; a target is no feature",
    f"data: {{{TABLE}, features: [x, z, x]}}\nloss: huber": "1:51: data.features names the column "
    "`x` twice",
    f"data: {{{TABLE}, sample_weight: y}}\nloss: huber": "1:49: data.sample_weight: the column `y` "
    "is a target or a feature",
    f"data: {{{TABLE}, encoding: utf-9}}\nloss: huber": "1:44: data.encoding must be the name of a "
    'text encoding, such as utf-8, utf-16 or latin-1 (received "utf-9")',
    f"data: {{{TABLE}, encoding: zip}}\nloss: huber": "1:44: data.encoding must be the name of a "
    'text encoding, such as utf-8, utf-16 or latin-1 (received "zip")',
    f"data: {{{TABLE}, delimiter: a}}\nloss: huber": "1:45: data.delimiter must be no letter, "
    'digit, quote or line end (received "a")',
    "data: {generator: {name: linear, low: 2, high: 1}}\nloss: huber": "1:39: data.generator.low "
    "must be less than `high`, which is 1.0 (received 2.0)",
    "data: {generator: xor, split: {validation: 0.5, test: 0.5}}\nloss: huber": "1:31: data.split: "
    "validation 0.5 and test 0.5 leave no rows to train on; their sum must be less than 1",
    "data: {generator: xor, task: regression}\nloss: hinge": "1:30: data.task is regression, but "
    "hinge is a loss for classification; write `task: classification`, or "
    "`loss: mean_squared_error`",
    "data: {generator: sine, task: regression, split: {stratify: true}}\nloss: huber": "1:61: "
    "data.split.stratify needs classes, and a regression has none; leave it out",
}  # fmt: skip


@pytest.mark.parametrize("text", MISFITS)
def test_what_does_not_fit_together_is_said_in_one_line(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert str(caught.value) == f"{path}:{MISFITS[text]}"


@pytest.mark.parametrize("text", ["encoding: latin-1", "delimiter: ';'", 'delimiter: "\\t"'])
def test_encodings_and_delimiters_that_exist_are_accepted(tmp_path: Path, text: str) -> None:
    load_config(write(tmp_path, f"data: {{{TABLE}, {text}}}\nloss: huber\n"))
