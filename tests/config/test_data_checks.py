from __future__ import annotations

from pathlib import Path

import pytest

from nnctl.config import load_config
from nnctl.config.schema.data import LABEL
from nnctl.errors import ConfigError
from tests.config.examples import write

TABLE = "source: a.csv, target: y"
# A config -> the only thing that is wrong with it.
MISFITS = {
    "data: {}\nloss: huber": "1:7: data needs a `source`, which is a file, or a `generator`",
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
    f"data: {{{TABLE}, delimiter: ',', decimal: ','}}\nloss: huber": "1:45: data.delimiter must "
    'differ from data.decimal (received ","); write `delimiter: ";"`',
    f"data: {{{TABLE}, delimiter: '\"'}}\nloss: huber": "1:45: data.delimiter must be no letter, "
    'digit, quote or line end (received """)',
    f"data: {{{TABLE}, delimiter: .}}\nloss: huber": "1:45: data.delimiter must differ from "
    'data.decimal (received "."); write `decimal: ","`',
    "data: {generator: moons, labels: l.gz}\nloss: hinge": "1:26: data.labels is a file, and all "
    "rows are made by the `generator`; keep one of them",
    "data: {generator: moons, test_source: t.csv}\nloss: hinge": "1:26: data.test_source is a "
    "file, and all rows are made by the `generator`; keep one of them",
    'data: {source: a, target: y, validation_source: "\\0"}\nloss: huber': "1:49: "
    "data.validation_source must be a path, without a NUL character",
    "data: {source: a.npy, labels: l.npy, target: y}\nloss: huber": "1:46: data.target must be "
    "label, the column that the file of `labels` becomes; leave one of them out",
    f"data: {{{TABLE}, validation_source: v, split: {{validation: 0.2}}}}\nloss: huber": "1:34: "
    "data.validation_source holds the validation rows, and data.split.validation takes 0.2 of "
    "the others as well; keep one of them",
    f"data: {{{TABLE}, test_source: v, split: {{test: 0.25}}}}\nloss: huber": "1:34: "
    "data.test_source holds the test rows, and data.split.test takes 0.25 of the others as well; "
    "keep one of them",
    f"data: {{{TABLE}, test_labels: v}}\nloss: huber": "1:34: data.test_labels needs "
    "data.test_source, the rows that they are of",
    f"data: {{{TABLE}, group: y}}\nloss: huber": "1:41: data.group: the column `y` stands in "
    "data.target already; a group plays no other part",
    f"data: {{{TABLE}, features: [x, g], group: g}}\nloss: huber": "1:59: data.group: the column "
    "`g` stands in data.features already; a group plays no other part",
    f"data: {{{TABLE}, sample_weight: g, group: g}}\nloss: huber": "1:59: data.group: the column "
    "`g` stands in data.sample_weight already; a group plays no other part",
    f"data: {{{TABLE}, group: g, split: {{stratify: true}}}}\nloss: hinge": "1:62: "
    "data.split.stratify: whole groups cannot keep the classes' shares; leave out `stratify`, or "
    "`group`",
    "data: {generator: {name: linear, low: 2, high: 1}}\nloss: huber": "1:39: data.generator.low "
    "must be less than `high`, which is 1.0 (received 2.0)",
    "data: {generator: {name: moons, samples: 40000000}}\nloss: hinge": "1:19: data.generator "
    "makes 120000000 numbers, and may make 100000000; write fewer `samples`",
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


@pytest.mark.parametrize(
    "text",
    [
        "encoding: latin-1",
        "delimiter: ';'",
        'delimiter: "\\t"',
        "delimiter: ';', decimal: ','",
        "decimal: ','",
        "quote: null",
        'quote: "\'"',
        "quote: '|', delimiter: ','",
        "group: g, split: {validation: 0.2, stratify: false}",
        "validation_source: v.csv, test_source: t.csv",
        "validation_source: v.csv, split: {test: 0.2}",
        "test_source: v.csv, split: {validation: 0.2}",
        "missing_values: []",
    ],
)
def test_ways_to_read_and_to_divide_that_make_sense_are_accepted(tmp_path: Path, text: str) -> None:
    load_config(write(tmp_path, f"data: {{{TABLE}, {text}}}\nloss: huber\n"))


@pytest.mark.parametrize(
    "text", ["a", "é", "7", "-", "+", " ", '"\\t"', '"\\n"', '"\\0"', ".", "','"]
)
def test_what_may_stand_in_a_cell_cannot_enclose_it(tmp_path: Path, text: str) -> None:
    comma = "delimiter: ','"
    quote = f'"{text}"' if text[0] not in "\"'" else text
    path = write(tmp_path, f"data: {{{TABLE}, {comma}, quote: {quote}}}\nloss: huber\n")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    (problem,) = caught.value.problems
    assert (problem.line, problem.column) == (1, 57)
    assert problem.message.startswith(
        "data.quote must be no letter, digit, sign, space or line end, and neither the delimiter "
        "nor the decimal (received "
    )
    assert problem.message.endswith("; write `quote: null` where nothing is quoted")


@pytest.mark.parametrize("target", ["", ", target: label", ", target: [label]"])
def test_a_file_of_labels_is_the_target(tmp_path: Path, target: str) -> None:
    config = load_config(write(tmp_path, f"data: {{source: x, labels: y{target}}}\nloss: huber\n"))
    assert config.data.target == LABEL
