from __future__ import annotations

import importlib.util
import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from nnctl.config.sweep_schema import SweepConfig
from nnctl.errors import RunError, UsageError
from nnctl.scale.results import TrialResult
from nnctl.scale.study import NEEDED, PRUNERS, SAMPLERS, Study, needs_optuna, require_optuna
from tests.scale.samples import SWEEP, contents, resumed, started, swept, trained

optuna = pytest.importorskip("optuna")
pytest.importorskip("cmaes")

BY_OPTUNA = SWEEP.replace("workers: 2", "workers: 1\nsearch: SEARCH")
SPACE: dict[str, Any] = {
    "rate": {"log_uniform": [1e-3, 1.0]},
    "units": {"int": [2, 33], "step": 2},
    "share": {"uniform": [0.0, 0.5], "step": 0.2},
    "kind": {"choice": ["relu", {"name": "leaky_relu", "slope": 0.1}, None]},
}
NUMBERS = {key: parameter for key, parameter in SPACE.items() if key != "kind"}
SPACES = {"tpe": SPACE, "cma_es": NUMBERS}  # of each search that learns


def sweep(**keys: Any) -> SweepConfig:
    search = keys.get("search", "tpe")
    space = SPACES.get(search, SPACE)
    common = {"name": "s", "base": "b", "trials": 30, "parameters": space, "search": search}
    return SweepConfig.model_validate({**common, **keys})


def study(directory: Path, **keys: Any) -> Study:
    return Study(directory / "study.journal", sweep(**keys), "validation_loss", 10, 1)


def result(number: int, loss: float | None, status: str = "finished") -> TrialResult:
    return TrialResult(number, "t", {}, status, metrics={"validation_loss": loss})


def loss_of(parameters: dict[str, Any]) -> float:
    return abs(float(parameters["rate"]) - 0.03) + float(parameters.get("kind", "relu") != "relu")


def test_every_search_that_learns_is_tested() -> None:
    assert {*SPACES} == {*SAMPLERS}


@pytest.mark.parametrize("search", SPACES)
def test_every_value_lies_in_its_range_and_the_search_learns_from_what_it_is_told(
    search: str, tmp_path: Path
) -> None:
    learning = study(tmp_path, search=search)
    losses = []
    for number in range(1, 31):
        parameters = learning.parameters(number)
        assert json.loads(json.dumps(parameters)) == parameters
        assert parameters.keys() == SPACES[search].keys()
        assert 1e-3 <= parameters["rate"] <= 1
        assert parameters["units"] in range(2, 33, 2)
        assert parameters["share"] in (0.0, 0.2, 0.4)
        if "kind" in parameters:
            assert parameters["kind"] in SPACE["kind"]["choice"]
        losses.append(loss_of(parameters))
        learning.tell(result(number, losses[-1]))
    assert sum(losses[20:]) < 0.5 * sum(losses[:10])


@pytest.mark.parametrize("space", [NUMBERS, {"rate": {"log_uniform": [1e-3, 1.0]}}])
def test_cma_es_draws_all_parameters_together_but_those_of_the_first_trial(
    space: dict[str, Any], tmp_path: Path
) -> None:
    one = study(tmp_path, search="cma_es", parameters=space)
    for number in range(1, 20):
        one.tell(result(number, loss_of(one.parameters(number))))
    first, *others = (trial.system_attrs for trial in one.study.trials)
    assert "cma:generation" not in first
    generations = [int(each["cma:generation"]) for each in others]
    assert max(generations) >= 2
    assert generations == sorted(generations)


def test_a_trial_that_is_asked_for_again_keeps_its_generation(tmp_path: Path) -> None:
    one = study(tmp_path, search="cma_es")
    begun = {number: one.parameters(number) for number in (1, 2, 3)}
    for number in range(4, 25):  # as other workers do, of which none dies
        one.tell(result(number, loss_of(one.parameters(number))))
    before = [trial.system_attrs for trial in one.study.trials]
    assert {number: one.parameters(number) for number in (1, 2, 3)} == begun
    assert one.parameters(9) == one.study.trials[8].params  # it ended, and nobody heard of it
    assert [trial.system_attrs for trial in one.study.trials] == before


@pytest.mark.parametrize("search", SPACES)
def test_a_trial_of_which_not_all_was_drawn_is_drawn_alike(search: str, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    whole, cut = (study(tmp_path / name, search=search) for name in "ab")
    for one in (whole, cut):
        for number in range(1, 14):
            one.tell(result(number, loss_of(one.parameters(number))))
    expected = whole.parameters(14)
    cut.parameters(14)
    journal = tmp_path / "b/study.journal"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:-2]))  # without what was drawn last
    again = study(tmp_path / "b", search=search)
    assert len(again.study.trials[13].params) < len(expected)
    assert again.parameters(14) == expected


@pytest.mark.parametrize("search", SPACES)
@pytest.mark.parametrize("killed_at", [3, 12])
def test_a_study_that_is_opened_again_goes_on_alike(
    killed_at: int, search: str, tmp_path: Path
) -> None:
    def opened(name: str) -> Study:
        return study(tmp_path / name, search=search)

    def asked(one: Study, numbers: range) -> list[dict[str, Any]]:
        found = []
        for number in numbers:
            found.append(one.parameters(number))
            one.tell(result(number, loss_of(found[-1])))
        return found

    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    straight = asked(opened("a"), range(1, 16))
    first = asked(opened("b"), range(1, killed_at))
    begun = opened("b").parameters(killed_at)  # and never told of
    journal = tmp_path / "b/study.journal"
    journal.write_bytes(journal.read_bytes() + b'{"op_code": 4, "wor')  # a line that was cut off
    (tmp_path / "b/study.journal.lock").symlink_to(journal)
    rest = asked(opened("b"), range(killed_at, 16))
    assert rest[0] == begun
    assert first + rest == straight
    states = [trial.state.name for trial in opened("b").study.trials]
    assert states == ["COMPLETE"] * 15


def test_trials_of_other_searches_are_the_same_with_a_pruner(tmp_path: Path) -> None:
    from nnctl.scale.space import random_parameters

    pruned = study(tmp_path, search="random", pruner="asha")
    for number in (1, 2, 3):
        assert pruned.parameters(number) == random_parameters(pruned.sweep.parameters, 0, number)


@pytest.mark.parametrize("name", PRUNERS)
def test_a_trial_that_does_badly_is_pruned_and_a_good_one_is_not(name: str, tmp_path: Path) -> None:
    one, ended = study(tmp_path, pruner=name, trials=40), {True: 0, False: 0}
    for number in range(1, 41):
        one.parameters(number)
        bad = number % 3 == 0
        pruned = any(
            one.is_pruned(number, epoch, 10.0 + number if bad else 1.0 / number)
            for epoch in range(1, 10)
        )
        ended[bad] += pruned
        one.tell(result(number, None if pruned else 1.0, "pruned" if pruned else "finished"))
    assert ended[True] > 5
    assert ended[False] == 0


def test_an_epoch_that_is_reported_again_changes_nothing(tmp_path: Path) -> None:
    one = study(tmp_path, pruner="median")
    one.parameters(1)
    for epoch, value in ((1, 0.5), (2, 0.4), (1, 9.0), (2, 9.0)):
        assert not one.is_pruned(1, epoch, value)
    assert one.study.trials[0].intermediate_values == {1: 0.5, 2: 0.4}


def test_how_trials_ended_is_told_and_what_failed_is_left_open(tmp_path: Path) -> None:
    one = study(tmp_path)
    ends = [
        result(1, 0.5),
        result(2, None),
        result(3, None, "pruned"),
        result(4, None, "diverged"),
        result(5, None, "failed"),
    ]
    for each in ends:
        one.parameters(each.number)
        one.tell(each)
        one.tell(each)
    states = [trial.state.name for trial in one.study.trials]
    assert states == ["COMPLETE", "FAIL", "PRUNED", "FAIL", "RUNNING"]


def test_a_study_that_does_not_know_the_trials_before_is_refused(tmp_path: Path) -> None:
    one = study(tmp_path)
    one.parameters(1)
    with pytest.raises(RunError, match=r"study.journal: does not know of the 2 trials before; re"):
        one.parameters(3)


def test_without_optuna_it_is_told_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"`search: tpe` needs Optuna; install it with `pip inst"):
        require_optuna(sweep())
    with pytest.raises(UsageError, match=r"`pruner: asha` needs Optuna"):
        require_optuna(sweep(search="random", pruner="asha"))
    require_optuna(sweep(search="random"))
    assert not needs_optuna(sweep(search="grid"))


@pytest.mark.parametrize(("search", "package"), NEEDED.items())
def test_a_package_that_a_search_takes_beside_optuna_is_named(
    search: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name != package or None)
    message = rf"`search: {search}` needs the package {package} beside Optuna; install both with"
    with pytest.raises(UsageError, match=message):
        require_optuna(sweep(search=search))
    require_optuna(sweep(search="tpe"))


@pytest.mark.parametrize("search", SPACES)
def test_a_sweep_by_optuna_with_one_worker_is_repeatable_also_across_a_pause(
    search: str,
    tmp_path: Path,
) -> None:
    text = BY_OPTUNA.replace("trials: 5", "trials: 6\npruner: median").replace("SEARCH", search)
    for name in ("straight", "paused"):
        (tmp_path / name).mkdir()
    straight = swept(tmp_path / "straight", text)
    sweep = started(tmp_path / "paused", text)
    with closing(sweep.results()) as results:
        next(results)
        sweep.pause()
        assert len([*results]) <= 1
    assert sweep.status == "interrupted"
    expected, found = contents_of(straight), contents_of(trained(resumed(sweep)))
    assert found == expected


def contents_of(sweep: Any) -> dict[str, bytes]:
    """All that must come out alike; a pruned trial has no summary."""
    path = sweep.directory.path
    for trial in path.glob("trial-*"):
        for name in ("summary.json", "checkpoints/baselines.npz"):
            if not (trial / name).exists():
                (trial / name).write_bytes(b"")
    found = contents(path)
    del found["base.yaml"]
    return found


def test_a_trial_that_does_not_measure_what_is_reported_is_trained_to_its_end(
    tmp_path: Path,
) -> None:
    text = SWEEP.replace("trials: 5", "search: grid\npruner: median\noptimize: validation_loss")
    text = text.partition("  optimizer")[0] + "  data.split.validation: {choice: [0.2, 0.0]}\n"
    sweep = swept(tmp_path, text)
    assert [result.status for result in sweep.in_order] == ["finished", "finished"]
    assert sweep.ended[2].value("validation_loss") is None


def test_a_pruned_trial_is_a_whole_run_that_says_so(tmp_path: Path) -> None:
    text = SWEEP.replace("trials: 5", "trials: 8\npruner: median\nsearch: random")
    text = text.replace("workers: 2", "workers: 1").replace("[0.001, 0.1]", "[1.0e-6, 0.5]")
    sweep = swept(tmp_path, text)
    pruned = [result for result in sweep.in_order if result.status == "pruned"]
    assert pruned
    run = sweep.directory.trial(pruned[0].number)
    assert '"status": "pruned"' in run.run_json.read_text()
    assert run.last.exists()
    assert run.best.exists()
    assert len(run.metrics.read_text().splitlines()) == 1 + pruned[0].epochs
    assert pruned[0].epochs == 1
    assert pruned[0].metrics.keys() >= {"validation_loss", "train_loss"}
    assert pruned[0].value(sweep.metric) is None
