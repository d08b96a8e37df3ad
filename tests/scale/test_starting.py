from __future__ import annotations

from pathlib import Path

import pytest

from nnctl.config.sweep_checks import KINDS, is_counted
from nnctl.config.sweep_loading import load_sweep
from nnctl.config.sweep_schema import ParameterConfig
from nnctl.scale.starting import look_at
from tests.scale.samples import RATE, SWEEP, UNITS, write_sweep

SEEDS = "parameters: {seed: {int: [1, 9]}}"
OTHER_ROWS = (
    "`seed` draws other rows into each set, so the trials are not compared on the same rows; sweep"
    " over training.seed"
)


def notices(directory: Path, parameters: str, head: str = "") -> tuple[str, ...]:
    before, _, _ = SWEEP.partition("parameters:")
    path = write_sweep(directory, f"{before}{head}\n{parameters}\n")
    return look_at(load_sweep(path)).notices


@pytest.mark.parametrize(
    "base",
    ["", "data.generator.seed: 1", "data.split.shuffle: false"],
    ids=["both", "split", "generator"],
)
def test_that_seeds_draw_other_rows_is_told(tmp_path: Path, base: str) -> None:
    assert notices(tmp_path, SEEDS, f"set: {{{base}}}") == (OTHER_ROWS,)


@pytest.mark.parametrize(
    ("parameters", "constants"),
    [
        ("{training.seed: {int: [1, 9]}}", ""),
        ("{seed: {choice: [3]}, training.seed: {int: [1, 9]}}", ""),
        ("{seed: {int: [1, 9]}}", "data.generator.seed: 1, data.split.shuffle: false"),
    ],
    ids=["training seed", "one seed", "the same rows"],
)
def test_of_seeds_that_draw_the_same_rows_nothing_is_told(
    tmp_path: Path, parameters: str, constants: str
) -> None:
    assert notices(tmp_path, f"parameters: {parameters}", f"set: {{{constants}}}") == ()


def test_of_validation_rows_of_their_own_nothing_is_told(tmp_path: Path) -> None:
    rows = "x,y\n" + "".join(f"{number},{number % 2}\n" for number in range(60))
    for name in ("rows.csv", "others.csv"):
        (tmp_path / name).write_text(rows)
    files = "source: rows.csv, validation_source: others.csv, target: y, task: classification"
    assert notices(tmp_path, SEEDS, f"set: {{data: {{{files}, split: {{test: 0.4}}}}}}") == ()


@pytest.mark.parametrize(
    ("parameters", "combinations"),
    [
        (f"{{{UNITS}: {{int: [2, 3]}}, {RATE}: {{choice: [0.1, 0.2]}}}}", "4 combinations"),
        (f"{{{RATE}: {{uniform: [0.1, 0.3], step: 0.1}}}}", "3 combinations"),
        (f"{{{RATE}: {{choice: [0.1]}}}}", "1 combination"),
    ],
)
def test_that_trials_are_made_again_is_told(
    tmp_path: Path, parameters: str, combinations: str
) -> None:
    assert notices(tmp_path, f"parameters: {parameters}") == (
        f"5 trials of {combinations}: some are the same; `search: grid` takes each once",
    )


@pytest.mark.parametrize(
    "parameters",
    [
        f"{{{UNITS}: {{int: [1, 5]}}}}",
        f"{{{UNITS}: {{int: [1, 2]}}, {RATE}: {{uniform: [0.1, 1]}}}}",
    ],
)
def test_as_many_trials_as_there_may_be_are_as_they_should(tmp_path: Path, parameters: str) -> None:
    assert notices(tmp_path, f"parameters: {parameters}") == ()


@pytest.mark.parametrize("kind", KINDS)
def test_what_has_a_step_is_counted(kind: str) -> None:
    assert is_counted(ParameterConfig(**{kind: (1, 2)})) is (kind in ("choice", "int"))
    assert is_counted(ParameterConfig(**{kind: (1, 2), "step": 1}))
