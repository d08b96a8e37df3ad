from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from nnctl.config import load_config
from nnctl.config.sweep_checks import number_of_values
from nnctl.config.sweep_loading import load_sweep
from nnctl.config.sweep_schema import ParameterConfig
from nnctl.errors import ConfigError, UsageError
from tests.cli.commands import nnctl

BASE = """\
data: {source: rows.csv, target: y}
loss: mean_squared_error
training: {epochs: 7}
"""
SWEEP = """\
base: base.yaml
trials: 3
parameters:
  training.batch_size: {choice: [8, 16]}
"""
SHIPPED = sorted((Path(__file__).parents[2] / "configs/sweeps").glob("*.yaml"))


@pytest.fixture(autouse=True)
def _own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base.yaml").write_text(BASE)


def problems(text: str, **settings: Any) -> list[str]:
    """Return what is wrong with a sweep."""
    Path("sweep.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_sweep("sweep.yaml", (), settings)
    return str(caught.value).splitlines()


def varied(parameter: str, search: str = "random\ntrials: 2") -> str:
    return f"base: base.yaml\nsearch: {search}\nparameters:\n  seed: {parameter}\n"


def test_a_sweep_is_named_after_its_file_and_knows_its_config() -> None:
    Path("my sweep.yaml").write_text(SWEEP)
    file = load_sweep("my sweep.yaml", ["training.epochs=9"])
    assert (file.sweep.name, file.sweep.search, file.sweep.workers) == (
        "my-sweep", "random", "auto",
    )  # fmt: skip
    config = file.trial_config({"training.batch_size": 8, "optimizer.learning_rate": 0.5})
    assert config.training.batch_size == 8
    assert config.training.epochs == 9
    assert config.optimizer.learning_rate == 0.5
    assert config.name == "base"
    assert file.trial_config({}).training.batch_size == 32  # of the trial before nothing is left


def test_what_follows_from_a_parameter_follows_anew_in_each_trial() -> None:
    Path("base.yaml").write_text(BASE + "optimizer: {name: adam, schedule: cosine}\n")
    Path("sweep.yaml").write_text(SWEEP)
    file = load_sweep("sweep.yaml")
    for epochs in (7, 20):
        schedule = file.trial_config({"training.epochs": epochs}).optimizer.schedule
        assert schedule.parameters()["epochs"] == epochs


def test_paths_are_relative_to_the_file_that_names_them(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    text = SWEEP.replace("base.yaml", "../base.yaml")
    text += "  data.source: {choice: [a.csv, /b.csv]}\nset: {data.test_source: c.csv}\n"
    (inner / "sweep.yaml").write_text(text)
    file = load_sweep("inner/sweep.yaml")
    assert file.sweep.parameters["data.source"].choice == (f"{inner}/a.csv", "/b.csv")
    assert file.trial_config({}).data.source == f"{tmp_path}/rows.csv"
    assert file.trial_config({}).data.test_source == f"{inner}/c.csv"


def test_paths_in_a_mapping_are_relative_to_the_file_that_names_them_too(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    data = "{source: a.csv, target: y, columns: {z: numeric}}"
    text = SWEEP.replace("base.yaml", "../base.yaml") + f"  data: {{choice: [{data}]}}\n"
    (inner / "sweep.yaml").write_text(text)
    (choice,) = load_sweep("inner/sweep.yaml").sweep.parameters["data"].choice or ()
    assert choice == {"source": f"{inner}/a.csv", "target": "y", "columns": {"z": "numeric"}}
    text = SWEEP.replace("base.yaml", "../base.yaml") + f"set: {{data: {data}}}\n"
    (inner / "sweep.yaml").write_text(text)
    assert load_sweep("inner/sweep.yaml").trial_config({}).data.source == f"{inner}/a.csv"


def test_options_win_over_set_and_set_over_the_config() -> None:
    Path("sweep.yaml").write_text(SWEEP + "set: {training.epochs: 3, seed: 4}\n")
    config = load_sweep("sweep.yaml", ["seed=5"]).trial_config({})
    assert (config.training.epochs, config.seed) == (3, 5)


def test_what_is_written_down_is_read_back_as_the_same(tmp_path: Path) -> None:
    Path("sweep.yaml").write_text(
        SWEEP + "  loss: {choice: [huber, {name: huber, delta: 2}, null]}\n"
        "  optimizer.learning_rate: {log_uniform: [1e-5, 0.1]}\n"
    )
    file = load_sweep("sweep.yaml", (), {"workers": 2})
    (tmp_path / "again").mkdir()
    (tmp_path / "again/sweep.yaml").write_text(file.sweep_text())
    Path(file.sweep.base).write_text(file.base_text())
    again = load_sweep("again/sweep.yaml")
    assert again.sweep == file.sweep
    assert again.base.value == file.base.value
    assert yaml.safe_load(file.sweep_text())["parameters"]["training.batch_size"] == {
        "choice": [8, 16]
    }


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("[]", "1:1", "expected a mapping (received a list)"),
        (BASE, "1:1", "this is a config, which `nnctl train` trains; a sweep names one by"),
        (SWEEP.replace("trials: 3\n", ""), "1:1", "a search called random is told how many"),
        (SWEEP.replace("base.yaml", "1"), "1:7", "base must be text (received 1)"),
        (SWEEP + "bas: base.yaml\n", "5:1", "unknown key `bas`; did you mean `base`?"),
        (SWEEP + "workers: many\n", "5:10", "workers must be an integer from 1 to 1024, or"),
        (SWEEP + "pruner: best\n", "5:9", "pruner must be one of median, asha, hyperband"),
        (SWEEP + "optimize: test_r2\n", "5:11", "optimize may not be measured on the test rows"),
        (SWEEP + "optimize: val_r2\n", "5:11", "optimize: expected validation_ or train_"),
        (SWEEP + "set: {training.batch_size: 1}\n", "4:3", "`training.batch_size` stands in `set`"),
        (SWEEP + "  training: {choice: [1]}\n", "4:3", "`training.batch_size` is a part of `train"),
        (SWEEP + "  a..b: {choice: [1]}\n", "5:3", "`a..b` is no key; write it as `--set` takes"),
        (varied("{}"), "5:9", "parameters.seed needs exactly one of choice, uniform, log_uniform"),
        (varied("[1]"), "5:9", "parameters.seed must be a mapping, such as {choice: [relu, tanh]}"),
        (varied("{choice: []}"), "5:18", "parameters.seed.choice must have 1 or more entries"),
        (varied("{choice: [1, 2, 1]}"), "5:25", "parameters.seed.choice.2 stands in the list"),
        (
            varied("{choice: [1, 2]}", "cma_es\ntrials: 2"),
            "5:18",
            "parameters.seed.choice has no order, and cma_es follows numbers; give int, uniform or "
            "log_uniform, or write `search: tpe`",
        ),
        (varied("{int: [1]}"), "5:15", "parameters.seed.int must be [LOW, HIGH], LOW less than"),
        (varied("{int: [3, 3]}"), "5:15", "parameters.seed.int must be [LOW, HIGH], LOW less"),
        (varied("{int: [1, 2.5]}"), "5:19", "parameters.seed.int.1 must be an integer"),
        (varied("{log_uniform: [0, 1]}"), "5:23", "parameters.seed.log_uniform must be above 0"),
        (varied("{uniform: [-1e308, 1e308]}"), "5:19", "parameters.seed.uniform is too wide"),
        (varied("{int: [0, 9999999999999999]}"), "5:15", "parameters.seed has more than 9,007,199"),
        (varied("{uniform: [0, 1], step: 1e-310}"), "5:19", "parameters.seed has more than 9,007"),
        (varied("{choice: [1], step: 2}"), "5:29", "parameters.seed.step is for int and uniform"),
        (varied("{int: [1, 9], step: 0.5}"), "5:29", "parameters.seed.step must be an integer"),
        (varied("{int: [1, 9], points: 3}"), "5:31", "parameters.seed.points is for uniform"),
        (varied("{uniform: [0, 1]}", "grid"), "4:9", "parameters.seed: a grid takes some of the"),
        (varied("{int: [1, 99999]}", "grid"), "4:3", "a grid has at most 10,000 combinations"),
        (varied("{int: [1, 4]}", "grid\ntrials: 3"), "3:9", "a grid has a trial for each of its 4"),
        (varied("{choice: [1]}").partition("  ")[0] + " {}\n", "5:2", "parameters needs one key"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, place: str, message: str) -> None:
    (found,) = problems(text)
    assert found.startswith(f"sweep.yaml:{place}: {message}")


def test_a_sweep_is_no_config() -> None:
    Path("sweep.yaml").write_text(SWEEP)
    with pytest.raises(ConfigError, match=r"^sweep.yaml:1:1: this is the file of a sweep, which"):
        load_config("sweep.yaml")


def test_all_problems_are_told_at_once() -> None:
    assert len(problems("")) == 2
    assert len(problems(varied("{int: [2, 1]}") + "optimize: test_loss\n")) == 2


def test_an_option_is_told_by_its_name() -> None:
    (problem,) = problems(varied("{int: [1, 4]}", "grid"), trials=3)
    assert problem == (
        "--trials: a grid has a trial for each of its 4 combinations (received 3); leave `trials` "
        "out"
    )


def test_a_parameter_that_the_config_cannot_have_is_told_with_its_place() -> None:
    Path("sweep.yaml").write_text(SWEEP)
    file = load_sweep("sweep.yaml")
    with pytest.raises(ConfigError) as caught:
        file.trial_config({"training.batch_size": 0})
    assert str(caught.value) == (
        "sweep.yaml:4:3: training.batch_size must be an integer of at least 1, or `full` "
        "(received 0)"
    )


def test_what_is_varied_is_not_set() -> None:
    Path("sweep.yaml").write_text(SWEEP)
    with pytest.raises(UsageError, match=r"--set training.batch_size: the sweep varies this very"):
        load_sweep("sweep.yaml", ["training.batch_size=4"])


@pytest.mark.parametrize(
    ("parameter", "count"),
    [
        ({"choice": ["a", "b"]}, 2),
        ({"int": [0, 9]}, 10),
        ({"int": [0, 9], "step": 4}, 3),
        ({"uniform": [0.0, 0.3], "step": 0.1}, 4),
        ({"uniform": [0, 1], "points": 7}, 7),
    ],
)
def test_the_values_of_a_grid_are_counted(parameter: dict[str, Any], count: int) -> None:
    assert number_of_values(ParameterConfig.model_validate(parameter)) == count


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_sweep_is_valid_for_an_editor(path: Path) -> None:
    schema = json.loads(nnctl("schema", "--sweep").out)
    Draft7Validator.check_schema(schema)
    errors = Draft7Validator(schema).iter_errors(yaml.safe_load(path.read_text(encoding="utf-8")))
    assert [error.message for error in errors] == []
    assert [*Draft7Validator(schema).iter_errors({"base": "b", "parameters": {"a": {"b": 1}}})]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_sweep_is_valid_and_says_what_it_asks(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("# ")
    assert first.endswith("?")
    file = load_sweep(path)
    assert file.sweep.name == path.stem
    assert file.trial_config({}).data.has_validation


def test_there_are_shipped_sweeps() -> None:
    assert SHIPPED
