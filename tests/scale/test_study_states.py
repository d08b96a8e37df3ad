"""No sweep's study makes a process call what CMA-ES does not consist of."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from nnctl.config.sweep_schema import SweepConfig
from nnctl.errors import RunError
from nnctl.scale.results import TrialResult
from nnctl.scale.study import Study
from nnctl.scale.study_states import STATE, check_states, names_of_a_state, part_of

pytest.importorskip("optuna")
pytest.importorskip("cmaes")

NUMBERS = {"a": {"uniform": [0.0, 1.0]}, "b": {"log_uniform": [0.1, 10.0]}, "c": {"int": [1, 9]}}


def opened(directory: Path) -> Study:
    values = {"name": "s", "base": "b", "trials": 30, "search": "cma_es", "parameters": NUMBERS}
    sweep = SweepConfig.model_validate(values)
    return Study(directory / "study.journal", sweep, "validation_loss", 10, 1)


def told(study: Study, numbers: range) -> None:
    """Let these trials end."""
    for number in numbers:
        loss = sum(map(float, study.parameters(number).values()))
        metrics: dict[str, float | None] = {"validation_loss": loss}
        study.tell(TrialResult(number, "t", {}, "finished", metrics=metrics))


def states(study: Study) -> list[dict[str, Any]]:
    return [each.system_attrs for each in study.study.trials if f"{STATE}0" in each.system_attrs]


class Forged:
    """What a stranger may write: loading it creates a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_states_of_cma_es_are_let_through(tmp_path: Path) -> None:
    told(opened(tmp_path), range(1, 25))
    again = opened(tmp_path)
    assert len(states(again)) >= 2
    assert max(map(part_of, states(again)[-1])) >= 1  # a state has several parts
    check_states(again.path, iter(states(again)))
    told(again, range(25, 27))


def test_what_cma_es_does_not_consist_of_is_not_made(tmp_path: Path) -> None:
    told(opened(tmp_path), range(1, 12))
    journal, witness = tmp_path / "study.journal", tmp_path / "called"
    lines = journal.read_text().splitlines()
    forged = pickle.dumps(Forged(witness)).hex()
    attribute = json.loads(next(line for line in lines if f"{STATE}0" in line))
    line = json.dumps({**attribute, "system_attr": {f"{STATE}0": forged}})
    place = next(n for n, each in enumerate(lines) if f"{STATE}0" in each)
    journal.write_text("\n".join([*lines[: place + 1], line, *lines[place + 1 :]]) + "\n")
    with pytest.raises(RunError, match=r"study.journal: holds a state that is not of CMA-ES"):
        opened(tmp_path)
    assert not witness.exists()
    pickle.loads(bytes.fromhex(forged))  # the forgery is one
    assert witness.exists()


@pytest.mark.parametrize("state", ["", "no digits", "80", pickle.dumps(print).hex(), 7])
def test_a_state_that_is_damaged_is_an_error(state: Any, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is not of CMA-ES"):
        check_states(tmp_path, iter([{f"{STATE}0": state}]))


def test_trials_without_a_state_have_none_to_be_checked(tmp_path: Path) -> None:
    check_states(tmp_path, iter([{}, {"cma:generation": 3}]))


def test_nothing_that_can_run_is_allowed() -> None:
    modules = {module.partition(".")[0] for module, _ in names_of_a_state()}
    assert "cmaes" in modules
    assert not modules & {"builtins", "os", "posix", "subprocess", "sys", "importlib", "pickle"}


def test_parts_are_put_together_by_number() -> None:
    keys = [f"{STATE}{n}" for n in (10, 9, 1)]
    assert sorted(["cma:generation", *keys], key=part_of)[1:] == keys[::-1]
