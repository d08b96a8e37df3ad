from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from nnctl.config.yaml_source import read_yaml
from tests.cli.commands import DATASETS, Outcome, nnctl
from tests.cli.samples import CONFIGS

DEEP = f"""\
data: {{source: {DATASETS}/iris.csv, target: species, split: {{validation: 0.2, test: 0.2}}}}
model:
  hidden:
    - {{units: 16, activation: relu, dropout: 0.1}}
    - {{units: 8, activation: tanh, normalization: batch, initializer: orthogonal}}
loss: categorical_cross_entropy
training: {{batch_size: 1000}}
"""
DEEP_TABLE = """\
  layer      shape    activation                  initializer      parameters   memory
 ──────────────────────────────────────────────────────────────────────────────────────
  hidden 1   4 x 16   relu, dropout 0.1           he_normal                80   320 B
  hidden 2   16 x 8   tanh, batch normalization   orthogonal              152   608 B
  output     8 x 3    softmax                     xavier_uniform           27   108 B

259 parameters in float32, about {memory} to train, 1 BLAS thread(s)
classification of species from 4 feature(s); \
rows: 90 training, 30 validation, 30 test; categorical_cross_entropy, adam
"""
NOTE = (
    "note: training.batch_size is 1000, more than the 90 training rows: "
    "every epoch is one batch of them all\n"
)


def report_of(config: str, *options: str) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(nnctl("check", config, "--json", *options).out)
    return report


def test_the_network_is_a_table() -> None:
    Path("deep.yaml").write_text(DEEP)
    outcome = nnctl("check", "deep.yaml")
    tables = DEEP_TABLE.format(memory=report_of("deep.yaml")["training_memory"])
    assert (outcome.code, outcome.out, outcome.err) == (0, tables, NOTE)
    assert [path.name for path in Path().iterdir()] == ["deep.yaml"]


def test_the_parts_make_up_the_whole() -> None:
    Path("deep.yaml").write_text(DEEP)
    report = report_of("deep.yaml")
    assert report["parameters"] == sum(layer["parameters"] for layer in report["layers"]) == 259
    assert sum(report["rows"].values()) == 150
    assert report["classes"] == ["setosa", "versicolor", "virginica"]
    assert report["training_bytes"] > 4 * report["parameters"]
    assert f"note: {report['notices'][0]}\n" == NOTE


def test_set_is_laid_over_the_file(samples: Path) -> None:
    wide = report_of("moons.yaml", "--set", "model.hidden.0.units=100")
    assert [layer["shape"] for layer in wide["layers"]] == ["2 x 100", "100 x 1"]


@pytest.mark.parametrize("name", CONFIGS)
def test_what_check_says_is_what_is_trained(runs: Path, name: str) -> None:
    summary = json.loads((runs / name / "summary.json").read_text())
    assert report_of(str(runs / name / "config.yaml"))["parameters"] == summary["parameters"]


def test_every_problem_is_told_at_once() -> None:
    Path("bad.yaml").write_text(
        "data: {generator: xor, scalling: none}\n"
        "loss: binary_cross_entropy\n"
        "optimizer: {learning_rate: -1}\n"
        "training:\n"
        "  epochs: true\n"
    )
    assert nnctl("check", "bad.yaml", "--set", "seed=x") == Outcome(
        2,
        "",
        "error: bad.yaml:1:24: unknown key `scalling` in data; did you mean `scaling`?\n"
        "error: bad.yaml:3:28: optimizer.learning_rate must be greater than 0 (received -1)\n"
        "error: bad.yaml:5:11: training.epochs must be an integer (received true)\n"
        'error: --set seed=x: seed must be an integer (received "x")\n',
    )


def test_every_problem_with_the_data_is_told_at_once() -> None:
    Path("bad.yaml").write_text(
        "data: {generator: sine}\n"
        "loss: mean_squared_error\n"
        "metrics: [accuracy]\n"
        "model: {output: {units: 3}}\n"
    )
    assert nnctl("check", "bad.yaml", "--set", "training.class_weight=balanced") == Outcome(
        2,
        "",
        "error: bad.yaml:3:11: metrics.0: accuracy is no metric for regression; those are "
        "mean_squared_error, root_mean_squared_error, mean_absolute_error, r2\n"
        "error: bad.yaml:4:25: model.output.units must be 1 for this target (received 3)\n"
        "error: --set training.class_weight=balanced: training.class_weight needs classes, and a "
        "regression has none; leave it out\n",
    )


def test_a_problem_of_the_data_is_told_too() -> None:
    Path("run.yaml").write_text("data: {source: no.csv, target: y}\nloss: huber\n")
    outcome = nnctl("check", "run.yaml")
    assert (outcome.code, outcome.out) == (3, "")
    told = "no.csv: the data does not exist (written as no.csv); check the path\n"
    assert outcome.err.endswith(told)


def test_the_names_of_strangers_are_shown_and_not_obeyed() -> None:
    Path("rows.csv").write_text('x,"[red]\x1b[31m"\n0,1\n1,2\n')
    Path("run.yaml").write_text('data: {source: rows.csv, target: "[red]\\e[31m"}\nloss: huber\n')
    outcome = nnctl("check", "run.yaml")
    assert outcome.code == 0
    assert "regression of [red]\\x1b[31m from 1 feature(s)" in outcome.out
    assert "\x1b" not in outcome.out + outcome.err


def test_the_schema_is_one_that_editors_know() -> None:
    outcome = nnctl("schema")
    assert (outcome.code, outcome.err) == (0, "")
    schema = json.loads(outcome.out)
    Draft7Validator.check_schema(schema)
    validator = Draft7Validator(schema)
    for text in CONFIGS.values():
        validator.validate(read_yaml(text.encode(), None).value)
    assert not validator.is_valid({"data": {"generator": "xor"}, "loss": "hinge", "epochs": 3})
