from __future__ import annotations

import datetime
import gzip
import json
import os
import re
import shutil
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnctl.config import load_config
from nnctl.config.yaml_writing import WIDTH
from nnctl.data.dataset import load_dataset
from nnctl.data.profile import profile_of
from nnctl.errors import NnctlError
from nnctl.training.experiment import start_experiment
from nnctl.training.starter import starter_for
from nnctl.training.starter_text import starter_text
from tests.cli.commands import DATASETS, Outcome, nnctl
from tests.data.test_profile import Cell, table

FLOWERS = """\
plant,garden,height,leaves,watered,seen,kind
p1,north,20.5,3,yes,2024-05-01,rose
p2,south,31,4,no,2024-05-01,tulip
p3,south,NA,3,yes,2024-05-02,rose
p4,north,28,5,yes,2024-05-03,tulip
p5,south,22.25,3,NA,2024-05-03,rose
p6,south,35,4,no,2024-05-05,tulip
p7,south,24,3,yes,2024-05-06,rose
p8,south,19.75,6,yes,2024-05-08,rose
"""
FLOWERS_CONFIG = """\
# A network that predicts `kind` from the other columns of flowers.csv. `nnctl init` chose every
# line by what that file holds; it is a start, to be changed.
#
#   nnctl check flowers.yaml                     # shows the network, or every mistake here
#   nnctl train flowers.yaml                     # trains it; what comes of it is in runs/
#   nnctl evaluate                               # measures it, beside simpler models
#   nnctl predict latest NEW.csv                 # predicts the rows of another file
#   nnctl cross-validate flowers.yaml --folds 5  # says how much was luck

seed: 1                             # all chance follows from it: the same seed, the same network
data:
  source: flowers.csv               # 8 rows; the path is relative to this file
  target: kind                      # predicted: rose (5 rows), tulip (3)
  task: classification              # since it holds text
  scaling: standardize              # numbers get mean 0 and deviation 1, whatever their unit
  columns:                          # what it is predicted from, and as what
    # numeric          one input of the network
    # categorical      an input for each of a few categories, 1 where a row is of it
    # boolean          one input: 1 for a word such as yes, 0 for its opposite
    # ignored          not looked at
    # missing          what fills a gap (a missing cell): taken from the training rows
    # indicator: true  another input, 1 where a gap was filled
    # unknown: ignore  a category that no training row has counts as none; some here are rare
    plant: ignored                  # another text in nearly every row
    garden:                         # 2 categories: south (6 rows), north (2)
      {kind: categorical, unknown: ignore}
    height:                         # 19.75 to 35; 1 gap
      {kind: numeric, missing: {name: median, indicator: true}}
    leaves: numeric                 # 3 to 6
    watered:                        # yes (5 rows), no (2); 1 gap
      {kind: boolean, missing: {name: most_frequent, indicator: true}}
    seen: ignored                   # dates or times; numbers, such as the year, could be used
  split:                            # rows not trained on: drawn at random, classes in proportion
    # rows are in order of `seen`: shuffle: false tests on the latest, which is harder and more
    # honest
    test: 0.2                       # about 2 to measure the result on; 6 are trained on

model:                              # up to 7 inputs -> 8 -> 1 output
  # The more rows, the larger a network may be before it learns them by heart: 8 units for 8 rows.
  # relu is the usual activation, he_normal the random start that goes with it.
  hidden:
    - {units: 8, activation: relu, initializer: he_normal}
  output: {activation: sigmoid}     # a number from 0 to 1: how probable `tulip` is

loss: binary_cross_entropy          # training lowers the mean -log(probability of the right class)
optimizer:                          # how the weights follow the loss downhill
  name: adam                        # the usual choice: finds a step of its own for every weight
  learning_rate: 0.01               # the size of a step: less if the loss leaps, more if it crawls
regularization: {l2: 0.01}          # holds the weights small, against learning the rows by heart
training:
  epochs: 300                       # passes over the training rows
  batch_size: full                  # each step is by all rows
metrics:                            # for people to read; training looks at the loss alone
  - accuracy                        # the share of right answers; 0.62 by always saying `rose`
"""
PENGUINS_CONFIG = """\
# A network that predicts `species` from the other columns of penguins.csv. `nnctl init` chose every
# line by what that file holds; it is a start, to be changed.
#
#   nnctl check penguins.yaml                     # shows the network, or every mistake here
#   nnctl train penguins.yaml                     # trains it; what comes of it is in runs/
#   nnctl evaluate                                # measures it, beside simpler models
#   nnctl predict latest NEW.csv                  # predicts the rows of another file
#   nnctl cross-validate penguins.yaml --folds 5  # says how much was luck

seed: 1                             # all chance follows from it: the same seed, the same network
data:
  source: penguins.csv              # 344 rows; the path is relative to this file
  target: species                   # predicted: Adelie (152 rows), Gentoo (124), Chinstrap (68)
  task: classification              # since it holds text
  scaling: standardize              # numbers get mean 0 and deviation 1, whatever their unit
  columns:                          # what it is predicted from, and as what
    # numeric          one input of the network
    # categorical      an input for each of a few categories, 1 where a row is of it
    # missing          what fills a gap (a missing cell): taken from the training rows
    # indicator: true  another input, 1 where a gap was filled
    island: categorical             # 3 categories: Biscoe (168 rows), Dream (124), Torgersen (52)
    bill_length_mm:                 # 32.1 to 59.6; 2 gaps
      {kind: numeric, missing: {name: median, indicator: true}}
    bill_depth_mm:                  # 13.1 to 21.5; 2 gaps
      {kind: numeric, missing: {name: median, indicator: true}}
    flipper_length_mm:              # 172 to 231; 2 gaps
      {kind: numeric, missing: {name: median, indicator: true}}
    body_mass_g:                    # 2700 to 6300; 2 gaps
      {kind: numeric, missing: {name: median, indicator: true}}
    sex:                            # 2 categories: male (168 rows), female (165); 11 gaps
      {kind: categorical, missing: most_frequent}
    year: numeric                   # 2007 to 2009
  split:                            # rows not trained on: drawn at random, classes in proportion
    validation: 0.2                 # about 69 rows to say when to stop
    test: 0.2                       # about 69 to measure the result on; 206 are trained on

model:                              # 14 inputs -> 32 -> 32 -> 3 outputs
  # The more rows, the larger a network may be before it learns them by heart: 32 and 32 units for
  # 344 rows. relu is the usual activation, he_normal the random start that goes with it.
  hidden:
    - {units: 32, activation: relu, initializer: he_normal}
    - {units: 32, activation: relu, initializer: he_normal}
  output: {activation: softmax}     # a probability for each class; together they are 1

loss: categorical_cross_entropy     # training lowers the mean -log(probability of the right class)
optimizer:                          # how the weights follow the loss downhill
  name: adam                        # the usual choice: finds a step of its own for every weight
  learning_rate: 0.01               # the size of a step: less if the loss leaps, more if it crawls
regularization: {l2: 0.003}         # holds the weights small, against learning the rows by heart
training:
  epochs: 500                       # passes over the training rows, at most: it stops earlier
  batch_size: 32                    # rows in each step
  early_stopping:                   # training ends when it helps no more:
    monitor: validation_loss        # when the loss on the validation rows
    patience: 20                    # has not fallen for so many epochs; the best weights are kept
metrics:                            # for people to read; training looks at the loss alone
  - accuracy                        # the share of right answers; 0.44 by always saying `Adelie`
"""
PENGUINS = "classification of species: 3 classes, 344 rows, 7 features (5 numeric, 2 categorical)\n"

Columns = dict[str, Sequence[object]]


def write_csv(name: str, columns: Columns) -> None:
    rows = [columns, *zip(*columns.values(), strict=True)]
    Path(name).write_text("".join(",".join(map(str, row)) + "\n" for row in rows), "utf-8")


def numbers(count: int, seed: int = 0) -> list[float]:
    return [*map(float, np.random.default_rng(seed).normal(size=count).round(4))]


def made(*arguments: object, target: str = "y") -> str:
    """Make a config for a file as `run.yaml`; return what was said."""
    outcome = nnctl("init", *arguments, "--target", target, "-o", "run.yaml")
    assert (outcome.code, outcome.out) == (0, "run.yaml\n"), outcome.err
    return outcome.err


def train(epochs: int = 2) -> dict[str, float]:
    """Train `run.yaml` as it is, but for a few epochs; return the last one's row."""
    text = Path("run.yaml").read_text(encoding="utf-8")
    assert max(map(len, text.splitlines())) <= WIDTH
    experiment = start_experiment(load_config("run.yaml"), Path("runs"))
    for result in experiment.epochs():
        assert all(np.isfinite(value) for value in result.values.values())
        if result.epoch == epochs:
            break
    return experiment.history[-1]


def test_a_whole_config_of_few_rows() -> None:
    Path("flowers.csv").write_text(FLOWERS)
    outcome = nnctl("init", "flowers.csv", "--target", "kind", "-o", "flowers.yaml")
    assert outcome == Outcome(
        0,
        "flowers.yaml\n",
        "classification of kind: 2 classes, 8 rows, 4 features (2 numeric, 1 categorical, "
        "1 boolean)\n"
        "note: ignored: `plant` (another text in nearly every row)\n"
        "note: ignored: `seen` (dates or times; numbers, such as the year, could be used)\n"
        "note: 8 rows are very few: none are set apart to say when to stop, and the test says "
        "little\n",
    )
    assert Path("flowers.yaml").read_text() == FLOWERS_CONFIG


def test_a_whole_config_of_a_real_table() -> None:
    shutil.copy(DATASETS / "penguins.csv", "penguins.csv")
    outcome = nnctl("init", "penguins.csv", "--target", "species", "-o", "penguins.yaml")
    assert outcome == Outcome(0, "penguins.yaml\n", PENGUINS)
    assert Path("penguins.yaml").read_text() == PENGUINS_CONFIG


def test_the_penguins_are_learnt_as_it_stands() -> None:
    made(DATASETS / "penguins.csv", target="species")
    outcome = nnctl("train", "run.yaml", "--no-plots", "--quiet", "--json")
    assert outcome.code == 0
    summary = json.loads(outcome.out)
    assert summary["stopped_early"]
    assert summary["best"]["test_accuracy"] > 0.95


# What is in the file, and how many classes its target has.
KINDS: dict[str, tuple[Columns, int]] = {
    "several classes": ({"x": numbers(90), "y": [*"abc"] * 30}, 3),
    "two classes": ({"x": numbers(90), "y": ["no", "yes", "no"] * 30}, 2),
    "numbered classes": ({"x": numbers(90), "y": [7, 8, 9] * 30}, 3),
    "numbers": ({"x": numbers(90), "y": numbers(90, 1)}, 0),
    "few rows": ({"x": numbers(5), "y": [1.5, 2.5, 1, 3, 7]}, 0),
    "few rows of classes": ({"x": numbers(5), "y": [*"aabab"]}, 2),
    "rows as few as go without validation": ({"x": numbers(49), "y": [*"abbabab"] * 7}, 2),
    "rows as few as go with validation": ({"x": numbers(50), "y": [*"abbab"] * 10}, 2),
    "unequal classes": ({"x": numbers(90), "y": ["a"] * 80 + ["b"] * 10}, 2),
    "a class of one row": ({"x": numbers(90), "y": ["a"] * 60 + ["b"] * 29 + ["c"]}, 3),
    "categories alone": ({"s": [*"abc"] * 30, "t": [*"uv"] * 45, "y": [*"nny"] * 30}, 2),
    "rare categories": (
        {"s": ["a"] * 80 + [*"bcdefghij"] + ["k"], "t": numbers(90), "y": numbers(90, 1)}, 0,
    ),
    "gaps": (
        {
            "a": [*numbers(85), *[""] * 5],
            "b": [*["u", "v"] * 30, *["NA"] * 30],
            "c": [*["yes", "no"] * 44, "", ""],
            "d": ["", "NA"] * 45,
            "y": [*"abc"] * 30,
        },
        3,
    ),
    "a skewed column": ({"z": [*range(1, 90), 90_000], "y": [*"ab"] * 45}, 2),
    "many columns": (
        {**{f"x{n}": numbers(80, n) for n in range(70)}, "t": [*"ab"] * 40, "y": numbers(80, 99)},
        0,
    ),
    "many columns with gaps": (
        {**{f"x{n}": ["", *numbers(79, n)] for n in range(70)}, "y": numbers(80, 99)}, 0,
    ),
    "pixels": (
        {
            **{f"p{n}": [*range(n, n + 80)] for n in range(70)},
            **{f"q{n}": [0] * 80 for n in range(70)},
            "y": [*"abcd"] * 20,
        },
        4,
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_table_trains_as_it_is(kind: str) -> None:
    columns, n_classes = KINDS[kind]
    write_csv("rows.csv", columns)
    said = made("rows.csv")
    assert said.startswith("classification of y" if n_classes else "regression of y")
    config = load_config("run.yaml")
    assert config.name == "run"
    dataset = load_dataset(config)
    assert len(dataset.preprocessing.classes) == n_classes
    assert dataset.test is not None
    assert "train_loss" in train()


def test_the_network_is_as_wide_as_its_comment_says() -> None:
    write_csv("rows.csv", KINDS["gaps"][0])
    made("rows.csv")
    assert (
        "model:                              # 6 inputs -> 32 -> 32 -> 3 outputs"
        in Path("run.yaml").read_text().splitlines()
    )
    assert load_dataset(load_config("run.yaml")).preprocessing.n_inputs == 6


def test_a_curve_is_learnt_from_a_few_hundred_rows() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(-6, 6, 300).round(4)
    write_csv("rows.csv", {"x": [*x], "y": [*(np.sin(x) + rng.normal(0, 0.2, 300)).round(4)]})
    made("rows.csv")
    outcome = nnctl("train", "run.yaml", "--no-plots", "--quiet", "--json")
    assert json.loads(outcome.out)["best"]["test_r2"] > 0.85


def test_weights_of_unequal_classes_are_offered_and_not_set() -> None:
    write_csv("rows.csv", KINDS["unequal classes"][0])
    made("rows.csv")
    assert load_config("run.yaml").training.class_weight is None
    text = Path("run.yaml").read_text()
    comment = "# makes rare classes count as much as common ones, at a cost in\n"
    assert f"\n  # class_weight: balanced          {comment}" in text
    Path("run.yaml").write_text(text.replace("# class_weight", "class_weight"))
    assert load_config("run.yaml").training.class_weight == "balanced"
    write_csv("rows.csv", KINDS["two classes"][0])
    made("rows.csv", "--force")
    assert "class_weight" not in Path("run.yaml").read_text()


def test_numbers_too_large_for_float64_are_ids_or_categories() -> None:
    columns: Columns = {
        "tweet": [1234567890123456789 + n for n in range(60)],
        "account": [2**53 + 1 + n % 2 for n in range(60)],
        "molecules": [f"{n}.5e22" for n in range(60)],
        "y": numbers(60),
    }
    write_csv("rows.csv", columns)
    said = made("rows.csv")
    assert "note: ignored: `tweet` (ids, not amounts: numbers from 2^53 on would be rounded" in said
    kinds = {name: column.kind for name, column in load_config("run.yaml").data.columns.items()}
    assert kinds == {"tweet": "ignored", "account": "categorical", "molecules": "numeric"}
    experiment = start_experiment(load_config("run.yaml"), Path("runs"))
    account = experiment.dataset.preprocessing.features[0]
    assert account.categories == ("9007199254740993", "9007199254740994")
    train()


def test_a_target_too_large_for_float64_is_refused_or_an_amount() -> None:
    write_csv("rows.csv", {"x": numbers(60), "y": [10**18 + n % 3 for n in range(60)]})
    refused = nnctl("init", "rows.csv", "--target", "y")
    assert refused.code == 3
    assert "`y` holds whole numbers from 2^53 on (received `1000000000000000000`)" in refused.err
    write_csv("rows.csv", {"x": numbers(60), "y": [10**18 + 10**15 * n for n in range(60)]})
    assert made("rows.csv", "--task", "regression").startswith("regression of y")
    train()


def test_numbers_that_begin_with_0_are_codes() -> None:
    columns: Columns = {
        "zip": [f"{n % 3:05}" for n in range(60)],
        "member": [f"{17 * n:06}" for n in range(60)],
        "share": [f"0.{n}" for n in range(60)],
        "depth": [f"0{n % 7}.5" for n in range(60)],
        "y": numbers(60),
    }
    write_csv("rows.csv", columns)
    said = made("rows.csv")
    assert (
        "note: ignored: `member` (codes, not amounts, since some begin with 0: `000000`)\n" in said
    )
    kinds = {name: column.kind for name, column in load_config("run.yaml").data.columns.items()}
    assert kinds == {
        "zip": "categorical", "member": "ignored", "share": "numeric", "depth": "numeric",
    }  # fmt: skip
    assert "since some begin with 0: `00000`" in Path("run.yaml").read_text()
    train()


def test_a_target_that_begins_with_0_is_one_of_classes_unless_a_regression_is_said() -> None:
    write_csv("rows.csv", {"x": numbers(60), "y": [f"{n % 3:03}" for n in range(60)]})
    assert made("rows.csv").startswith("classification of y: 3 classes")
    train()
    assert made("rows.csv", "--task", "regression", "--force").startswith("regression of y")
    train()


def test_a_table_in_order_of_a_date_says_so_and_can_be_split_in_that_order() -> None:
    days = [f"{month} {day} 2000" for month in ("Jan", "Feb") for day in range(1, 29)]
    write_csv("rows.csv", {"Date": days, "x": numbers(56), "y": [*"ab"] * 28})
    made("rows.csv")
    comment = (
        "    # rows are in order of `Date`: shuffle: false tests on the latest, which is harder"
    )
    text = Path("run.yaml").read_text()
    assert comment in text
    Path("run.yaml").write_text(
        text.replace("    test: 0.2 ", "    shuffle: false\n    test: 0.2 ")
    )
    assert not load_config("run.yaml").data.split.shuffle
    train()
    write_csv("rows.csv", {"Date": days[::-1], "x": numbers(56), "y": [*"ab"] * 28})
    made("rows.csv", "--force")
    assert "in order of" not in Path("run.yaml").read_text()


def test_the_advice_to_write_an_id_as_a_group_can_be_followed() -> None:
    write_csv(
        "rows.csv", {"patient_id": [n // 4 for n in range(80)], "x": numbers(80), "y": numbers(80)}
    )
    made("rows.csv")
    text = Path("run.yaml").read_text()
    assert "an id; if its rows belong together, write it as `group:`" in text
    Path("run.yaml").write_text(text.replace("  target: y", "  group: patient_id\n  target: y"))
    train()


def test_several_targets_are_repeated_options() -> None:
    made(DATASETS / "demand.csv", "--target", "units_sold", target="returns")
    assert load_config("run.yaml").data.target == ("units_sold", "returns")
    assert "train_r2" in train()


def test_a_task_that_is_said_is_taken() -> None:
    said = made(DATASETS / "wine.csv", "--task", "regression", target="cultivar")
    assert said.startswith("regression of cultivar: 178 rows, 13 features (13 numeric)")
    assert load_config("run.yaml").loss.name == "mean_squared_error"
    made(DATASETS / "wine.csv", "--task", "classification", "--force", target="cultivar")
    assert load_config("run.yaml").loss.name == "categorical_cross_entropy"


def test_the_path_is_relative_to_the_config_and_absolute_without_one() -> None:
    write_csv("rows.csv", KINDS["numbers"][0])
    Path("configs").mkdir()
    outcome = nnctl("init", "rows.csv", "--target", "y", "-o", "configs/a.yaml")
    assert (outcome.code, outcome.out) == (0, "configs/a.yaml\n")
    assert "  source: ../rows.csv " in Path("configs/a.yaml").read_text()
    assert load_config("configs/a.yaml").data.source == str(Path("rows.csv").absolute())
    outcome = nnctl("init", "rows.csv", "--target", "y")
    assert f"  source: {Path('rows.csv').absolute()}" in outcome.out
    assert "nnctl train CONFIG" in outcome.out


def test_no_file_is_overwritten_unless_that_is_wanted() -> None:
    write_csv("rows.csv", KINDS["numbers"][0])
    Path("a.yaml").write_text("mine")
    refused = nnctl("init", "rows.csv", "--target", "y", "-o", "a.yaml")
    message = (
        "error: a.yaml: the file exists already; name another, or write over it with --force\n"
    )
    assert refused == Outcome(2, "", message)
    assert Path("a.yaml").read_text() == "mine"
    assert nnctl("init", "rows.csv", "--target", "y", "-o", "a.yaml", "--force").code == 0
    assert Path("a.yaml").read_text() != "mine"


def test_the_data_is_never_overwritten() -> None:
    write_csv("rows.csv", KINDS["numbers"][0])
    before = Path("rows.csv").read_bytes()
    refused = nnctl("init", "rows.csv", "--target", "y", "-o", "./rows.csv", "--force")
    message = "error: rows.csv: this is the data; name another file for the config\n"
    assert refused == Outcome(2, "", message)
    assert Path("rows.csv").read_bytes() == before


def test_nothing_is_left_where_the_config_cannot_be_written() -> None:
    write_csv("rows.csv", KINDS["numbers"][0])
    outcome = nnctl("init", "rows.csv", "--target", "y", "-o", "absent/a.yaml")
    assert (outcome.code, outcome.out) == (7, "")
    assert [path.name for path in Path().iterdir()] == ["rows.csv"]


def test_a_program_gets_what_was_inferred() -> None:
    Path("flowers.csv").write_text(FLOWERS)
    outcome = nnctl("init", "flowers.csv", "--target", "kind", "-o", "a.yaml", "--json")
    report = json.loads(outcome.out)
    assert report.pop("config") == Path("a.yaml").read_text()
    assert report == {
        "path": "a.yaml",
        "task": "classification",
        "targets": ["kind"],
        "classes": {"rose": 5, "tulip": 3},
        "rows": 8,
        "features": {
            "garden": "categorical", "height": "numeric", "leaves": "numeric", "watered": "boolean",
        },
        "ignored": {
            "plant": "another text in nearly every row",
            "seen": "dates or times; numbers, such as the year, could be used",
        },
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (("rows.csv", "--target", "Y"), 3, "rows.csv: there is no column `Y`; did you mean `y`?"),
        (("no.csv", "--target", "y"), 3, "no.csv: the data does not exist"),
        (("few.csv", "--target", "y"), 3, "needs more rows to learn from (received 2); 5 at the"),
        (("alone.csv", "--target", "y"), 3, "no column beside the target is of use; add one"),
        (
            ("rows.csv", "--target", "y", "--target", "y"),
            2,
            "--target names the column `y` twice",
        ),
        (("rows.csv", "--target", "y", "--task", "x"), 2, "--task must be classification or regr"),
        (("rows.csv", "--target", "y", "--encoding", "x"), 2, "--encoding must be the name of"),
        (("rows.csv", "--target", "y", "--decimal", "x"), 2, "--decimal must be one of"),
        (("-", "--target", "y"), 2, "-: a config names a file that is there when it trains"),
        (("/dev/null", "--target", "y"), 2, "/dev/null: a config names a file that is there when"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    options: tuple[str, ...], code: int, message: str
) -> None:
    write_csv("rows.csv", KINDS["numbers"][0])
    write_csv("few.csv", {"x": [1, 2], "y": [1, 2]})
    write_csv("alone.csv", {"y": numbers(9)})
    outcome = nnctl("init", *options, "-o", "run.yaml")
    assert (outcome.code, outcome.out) == (code, "")
    assert outcome.err.startswith("error: ")
    assert message in outcome.err
    assert outcome.err.count("\n") == 1
    assert not Path("run.yaml").exists()


def test_a_decimal_comma_is_recognised_and_written_down() -> None:
    rows = zip(numbers(60), numbers(60, 1), strict=True)
    text = "x;y\n" + "".join(f"{a};{b}\n" for a, b in rows)
    Path("rows.csv").write_text(text.replace(".", ","))
    said = made("rows.csv")
    assert "note: numbers are read with a decimal comma, as `1,5`; if not, `--decimal .`\n" in said
    config = load_config("run.yaml")
    assert (config.data.decimal, config.data.delimiter) == (",", None)
    train()


def test_thousands_are_no_decimal_commas() -> None:
    rows = "".join(f"{n};{n},500;{n % 2}\n" for n in range(3, 90))
    Path("rows.csv").write_text(f"x;z;y\n{rows}")
    outcome = nnctl("init", "rows.csv", "--target", "y")
    assert "  decimal: " not in outcome.out
    assert "note: ignored: `z` (numbers with a comma; `--decimal ,` if it is a decimal comma)" in (
        outcome.err.splitlines()
    )


def test_marks_among_numbers_are_taken_for_missing_cells_and_written_down() -> None:
    columns: Columns = {"x": [*numbers(50), "?", "-"], "t": ["?", "a"] * 26, "y": numbers(52, 1)}
    write_csv("rows.csv", columns)
    said = made("rows.csv")
    assert "note: taken for missing cells, since they stand among numbers: `?`, `-`\n" in said
    data = load_config("run.yaml").data
    assert data.missing_values[-2:] == ("?", "-")
    assert data.columns["x"].missing is not None
    train()


def test_a_mark_among_texts_or_in_most_rows_is_a_category() -> None:
    columns: Columns = {"t": ["?", "a"] * 26, "u": ["-", "-", "-", "1"] * 13, "y": numbers(52)}
    write_csv("rows.csv", columns)
    assert "missing" not in made("rows.csv")
    kinds = {column.kind for column in load_config("run.yaml").data.columns.values()}
    assert kinds == {"categorical"}


def test_commas_are_not_decimal_where_another_column_has_points() -> None:
    rows = "".join(f"{n},25;{n}.5;{n % 2}\n" for n in range(60))
    Path("rows.csv").write_text(f"x;z;y\n{rows}")
    outcome = nnctl("init", "rows.csv", "--target", "y")
    assert "  decimal: " not in outcome.out
    assert "note: ignored: `x` (numbers with a comma; `--decimal ,` if it is" in outcome.err


def test_decimal_commas_and_marks_are_recognised_together() -> None:
    rows = "".join(f"{n},25;{n % 7}\n" if n % 9 else f"?;{n % 7}\n" for n in range(60))
    Path("rows.csv").write_text(f"x;y\n{rows}")
    made("rows.csv")
    data = load_config("run.yaml").data
    assert (data.decimal, data.missing_values[-1]) == (",", "?")


def test_reading_options_are_written_into_the_config() -> None:
    rows = "".join(f"{n / 7:.3f}\t{n % 5 or '?'}\t{'Öl' if n % 2 else 'Ei'}\n" for n in range(60))
    Path("rows.csv").write_text(rows, encoding="latin-1")
    options = ("--no-header", "--missing-value", "?", "--encoding", "latin-1", "--delimiter", "tab")
    made("rows.csv", *options, target="x3")
    lines = Path("run.yaml").read_text().splitlines()
    assert '  delimiter: "\\t"                   # what stands between the cells of a row' in lines
    data = load_config("run.yaml").data
    assert (data.encoding, data.header, data.missing_values[-1]) == ("latin-1", False, "?")
    assert data.columns["x2"].missing is not None
    train()


def test_other_formats_are_read_too() -> None:
    x = np.array(numbers(60))
    np.savez("rows.npz", x=x, z=x**2, y=np.arange(60) % 3)
    assert made("rows.npz").startswith("classification of y: 3 classes, 60 rows, 2 features")
    train()


def test_parquet_is_read_where_the_extra_is_installed() -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    arrow = pytest.importorskip("pyarrow")
    columns = {"x": numbers(60), "t": [*"ab"] * 30, "b": [True, False] * 30, "y": numbers(60, 1)}
    parquet.write_table(arrow.table(columns), "rows.parquet")
    assert made("rows.parquet").startswith("regression of y: 60 rows, 3 features")
    train()


@pytest.mark.parametrize("kind", ["rows.parquet", "rows.feather"])
def test_columns_of_other_types_are_ignored_and_told(kind: str) -> None:
    arrow = pytest.importorskip("pyarrow")
    pytest.importorskip("pyarrow.feather")
    pytest.importorskip("pyarrow.parquet")
    first = datetime.datetime(2000, 1, 1)
    times = [first + datetime.timedelta(hours=n) for n in range(60)]
    columns = {
        "day": [time.date() for time in times],
        "time": times,
        "lasted": [datetime.timedelta(n) for n in range(60)],
        "x": numbers(60),
        "list": [[1, 2]] * 60,
        "y": numbers(60, 1),
    }
    if kind == "rows.parquet":
        arrow.parquet.write_table(arrow.table(columns), kind)
    else:
        arrow.feather.write_feather(arrow.table(columns), kind)
    said = made(kind)
    assert said.splitlines()[:3] == [
        "regression of y: 60 rows, 1 feature (1 numeric)",
        "note: ignored: `day`, `time` (dates or times; numbers, such as the year, could be used)",
        "note: ignored: `lasted` (neither numbers nor text, but duration[us])",
    ]
    assert "note: ignored: `list` (neither numbers nor text, but list<" in said
    assert [*load_config("run.yaml").data.columns] == ["day", "time", "lasted", "x", "list"]
    assert "rows are in order of `day`" in Path("run.yaml").read_text()
    train()


def test_the_names_are_asked_after_where_most_of_them_are_numbers() -> None:
    write_csv("rows.csv", {"0.5": numbers(60), "3": numbers(60, 1), "y": numbers(60, 2)})
    note = (
        "note: most names in the first line are numbers (`0.5`, `3`, `y`); if it is a row, and no "
        "column has a name, say `--no-header`\n"
    )
    assert note in made("rows.csv")
    write_csv("rows.csv", {"1990": numbers(60), "x": numbers(60, 1), "y": numbers(60, 2)})
    assert "first line" not in made("rows.csv", "--force")


@pytest.mark.parametrize("option", ["-q", "--quiet"])
def test_quiet_writes_the_config_and_says_nothing(option: str) -> None:
    write_csv("rows.csv", {"id": [*range(60)], "x": numbers(60), "y": numbers(60, 1)})
    assert made("rows.csv", option) == ""
    assert load_config("run.yaml").data.columns["id"].kind == "ignored"


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        ("1,2\n3,4\n", ("--target", "y"), "write a line of names above, or `--no-header`"),
        ("x,y\n1,\xe9\n", ("--target", "y"), "`--encoding"),
        (
            "x,y\n1,2\nno idea,3\n2,4\n3,4\n",
            ("--target", "y"),
            "write it with the digits 0-9, as in `-1.5e3`\n",
        ),
        (
            "x,y\n1,2\nnone,3\n2,4\n3,4\n4,5\nb,1\n",
            ("--target", "y"),
            "if it stands for a missing value, say `--missing-value 'none'`\n",
        ),
        ("x;y\n1;2\n1,5;3\n2;2\n2.5;1\n", ("--target", "y"), "write `--decimal ','`, or `1.5`"),
        ("x,y\n1,2\n", ("--target", "y", "--labels", "l.npy"), "--target must be label"),
        ("x,y\n1,2\n", ("--target", "label", "--labels", "rows.csv"), "`--labels` joins two files"),
        ("x,y\n1,2\n", ("--target", "y", "--delimiter", "xy"), "--delimiter must have at most"),
    ],
)
def test_errors_name_the_options_and_no_keys_of_a_config(
    content: str, options: tuple[str, ...], said: str
) -> None:
    Path("rows.csv").write_text(content, encoding="latin-1")
    outcome = nnctl("init", "rows.csv", *options)
    assert outcome.code in (2, 3)
    assert said in outcome.err
    assert not re.search(r"data\.|`\w+:|columns:|`labels`", outcome.err)


def test_images_and_labels_in_two_files_are_one_table() -> None:
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (100, 9, 9), np.uint8), np.arange(100, dtype=np.uint8) % 4
    Path("images.gz").write_bytes(
        gzip.compress(struct.pack(">HBB3I", 0, 8, 3, 100, 9, 9) + images.tobytes())
    )
    Path("labels.gz").write_bytes(
        gzip.compress(struct.pack(">HBBI", 0, 8, 1, 100) + labels.tobytes())
    )
    said = made("images.gz", "--labels", "labels.gz", target="label")
    assert said == (
        "classification of label: 4 classes, 100 rows, 81 features (81 numeric)\n"
        "note: the target is taken for classes, since it holds only 4 different whole numbers; "
        "if it is an amount, say `--task regression`\n"
    )
    text = Path("run.yaml").read_text()
    assert "\n  labels: labels.gz  " in text
    assert "It is predicted from 81 columns of numbers, 0 to 255: each is one input" in text
    assert load_config("run.yaml").data.scaling == "min_max"
    train()


HOSTILE = (
    "a: b", "#", "- x", "null", "yes", "1e3", "'", "\\", "{}", "[red]", "*", "&a", "!t", "%", "@",
    "`", "?", "a\n  evil: 1", "\x1b[31mred", "Größe", "=1+1", "a,b", "\u202e", "x" * 300, ": ",
    "$$",
)  # fmt: skip


def test_hostile_names_and_categories_are_taken_as_they_are() -> None:
    header = ",".join('"' + name.replace('"', '""') + '"' for name in (*HOSTILE, "y"))
    rows = "".join(
        ",".join(['"' + HOSTILE[(row + column) % 3 + 15] + '"' for column in range(len(HOSTILE))])
        + f',"class\n# {row % 2}: x"\n'
        for row in range(60)
    )
    Path("rows.csv").write_text(header + "\n" + rows, encoding="utf-8", newline="")
    said = made("rows.csv")
    assert "\x1b" not in said
    text = Path("run.yaml").read_text(encoding="utf-8")
    assert text.isascii() or all(line.isprintable() for line in text.splitlines())
    config = load_config("run.yaml")
    assert [*config.data.columns] == [name.strip() for name in HOSTILE]
    experiment = start_experiment(config, Path("runs"))
    assert experiment.dataset.preprocessing.feature_names == tuple(config.data.columns)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
TABLES = st.fixed_dictionaries(
    {
        "names": st.lists(TEXT, min_size=3, max_size=3, unique=True),
        "texts": st.lists(TEXT, min_size=2, max_size=4, unique=True),
        "source": TEXT,
        "config": st.none() | TEXT,
    }
)


@given(TABLES)
def test_any_name_and_any_category_come_through(drawn: dict[str, Any]) -> None:
    texts = drawn["texts"]
    number, category, target = drawn["names"]
    columns: dict[str, Sequence[Cell]] = {
        number: [0.5, 2.5, 1.0, None] * 10,
        category: (texts * 20)[:40],
        target: [texts[0], texts[1]] * 20,
    }
    starter = starter_for(profile_of([table(columns)], [target]))
    source = drawn["source"]
    text = starter_text(starter, source, drawn["config"], {})
    path = Path("any.yaml")
    path.write_text(text, encoding="utf-8", newline="")
    if "\0" in source:
        with pytest.raises(NnctlError, match="NUL"):
            load_config(path)
        return
    data = load_config(path).data
    assert data.target == target
    assert [*data.columns] == [number, category]
    assert data.source == os.path.normpath(Path.cwd() / source)


def test_rows_without_a_target_are_left_out_by_the_config(tmp_path: Path) -> None:
    write_csv("gap.csv", {"x": numbers(60), "y": [1, "NA", *numbers(58)]})
    outcome = nnctl("init", "gap.csv", "--target", "y", "-o", "c.yaml")
    assert outcome.code == 0
    assert "note: 1 row without a target is left out (`missing_target: drop`)" in outcome.err
    text = Path("c.yaml").read_text()
    assert "  missing_target: drop              # 1 more row without a target, left out\n" in text
    assert nnctl("train", "c.yaml", "--set", "training.epochs=1", "--quiet").code == 0
