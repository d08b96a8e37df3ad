"""The shipped configs: valid for editors, explained, and trained until they reach their bars."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from nnctl.config import json_schema, load_config
from nnctl.training.experiment import start_experiment

CONFIGS = sorted((Path(__file__).parents[1] / "configs").glob("*.yaml"))

each_config = pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)


@pytest.fixture(scope="module")
def validator() -> Draft7Validator:
    schema = json_schema()
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema)


def trained(path: Path, runs_dir: Path, *overrides: str) -> tuple[dict[str, Any], list[str]]:
    """Train in full; return the summary and a sentence for every bar that is missed."""
    experiment = start_experiment(load_config(path, overrides), runs_dir)
    for _ in experiment.epochs():
        pass
    summary = experiment.finish()
    return summary, [str(bar) for bar in experiment.bars(summary) if not bar.met]


def test_there_are_configs_to_guard() -> None:
    assert len(CONFIGS) >= 20


@each_config
def test_a_config_is_valid_for_an_editor(path: Path, validator: Draft7Validator) -> None:
    value = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert [error.message for error in validator.iter_errors(value)] == []


@each_config
def test_a_config_says_what_it_shows_and_expects_something(path: Path) -> None:
    first, second = path.read_text(encoding="utf-8").splitlines()[:2]
    assert first.startswith("# ")
    assert first.endswith((".", "?"))
    assert second.startswith("#")
    config = load_config(path)
    assert config.name == path.stem
    assert config.expect


def suggested_overrides(path: Path) -> list[list[str]]:
    """Return what each `#   --set KEY=VALUE  # why` line of the config's comment sets."""
    lines = path.read_text(encoding="utf-8").splitlines()
    commands = [line.removeprefix("#") for line in lines if line.startswith("#   --set ")]
    return [
        [word for word in shlex.split(command, comments=True) if word != "--set"]
        for command in commands
    ]


def test_most_configs_suggest_what_to_try_next() -> None:
    assert sum(bool(suggested_overrides(path)) for path in CONFIGS) >= len(CONFIGS) - 1


@each_config
def test_what_a_config_suggests_is_a_valid_config(path: Path) -> None:
    for overrides in suggested_overrides(path):
        assert load_config(path, overrides) != load_config(path)


@each_config
def test_a_config_reaches_its_bars_from_another_directory(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    _, missed = trained(path, tmp_path / "runs")
    assert missed == []


@pytest.mark.parametrize("seed", range(5))
def test_a_perceptron_never_has_more_than_three_rows_of_xor_right(
    seed: int, tmp_path: Path
) -> None:
    (path,) = [path for path in CONFIGS if path.stem == "perceptron_xor"]
    summary, _ = trained(path, tmp_path, f"seed={seed}")
    assert summary["best"]["train_accuracy"] <= 0.75
    assert summary["final"]["train_accuracy"] <= 0.75
