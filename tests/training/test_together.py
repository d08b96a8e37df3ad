"""Runs that train stacked are what they are when they train alone, to the byte."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from nnctl.config import Config
from nnctl.errors import DivergenceError
from nnctl.runs.directory import RunDirectory
from nnctl.runs.json_file import read_json
from nnctl.runs.status import run_status
from nnctl.training.stack import Stack
from nnctl.training.together import stack_of
from tests.training.experiments import Settings, config_of
from tests.training.joint_trainings import (
    CLASSES,
    EPOCHS,
    KINDS,
    NUMBERS,
    ROWS,
    SEEDS,
    alone,
    assert_as_alone,
    begun,
    classes,
    configs_of,
    merged,
    run_of,
    trained,
)
from tests.training.pauses import contents


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work where the data is."""
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_text(ROWS)


@pytest.mark.parametrize("kind", KINDS)
def test_each_is_what_it_is_alone(kind: str) -> None:
    configs = configs_of(KINDS[kind])
    training = trained(begun(configs))
    assert sorted(training.ended) == [(index, None) for index in range(len(SEEDS))]
    for number, config in enumerate(configs):
        assert_as_alone(config, run_of(number))
    assert len({contents(run_of(number))["best"] for number in range(len(SEEDS))}) == len(SEEDS)


def test_a_run_says_how_many_trained_together() -> None:
    trained(begun(configs_of(CLASSES)))
    (single,) = begun(configs_of(CLASSES, SEEDS[:1]), "single")
    trained([single])
    assert read_json(run_of(1).run_json)["stacked"] == len(SEEDS)
    assert "stacked" not in read_json(single.run.run_json)


def test_early_stopping_ends_each_at_its_own_epoch() -> None:
    experiments = begun(configs_of(KINDS["early stopping"]))
    trained(experiments)
    assert len({len(experiment.history) for experiment in experiments}) > 1


def test_they_may_differ_in_numbers_of_their_own() -> None:
    own: list[Settings] = [
        {"optimizer": {"name": "adamw", "learning_rate": 0.1, "weight_decay": 0.3}},
        {"optimizer": {"name": "adamw", "learning_rate": 0.001, "weight_decay": 0.0}},
        {"regularization": {"l1": 0.02, "l2": 0.0}, "training": {"epochs": 3}},
        {"regularization": {"l1": 0.0, "l2": 0.2}},
        {"training": {"early_stopping": {"patience": 1, "min_delta": 0.1}, "epochs": 9}},
        {"training": {"early_stopping": {"patience": 5}, "seed": 44}},
    ]
    base = classes(optimizer={"name": "adamw"}, training={"early_stopping": {"patience": 3}})
    configs = [config_of(Path.cwd(), merged(base, each)) for each in own]
    experiments = begun(configs)
    trained(experiments)
    for number, config in enumerate(configs):
        assert_as_alone(config, run_of(number))
    assert [len(each.history) for each in experiments][2] == 3


def steep(rates: Sequence[float]) -> list[Config]:
    """Return configs of which those with a large rate diverge."""
    settings = merged(NUMBERS, {"training": {"epochs": 12}})
    return [
        config_of(Path.cwd(), {**settings, "optimizer": {"name": "sgd", "learning_rate": rate}})
        for rate in rates
    ]


def test_who_diverges_is_told_as_alone_and_the_others_go_on() -> None:
    configs = steep([0.01, 1e4, 0.02, 30.0])
    training = trained(begun(configs))
    errors = dict(training.ended)
    assert [index for index, error in errors.items() if error is not None] == [1, 3]
    for number in (1, 3):
        with pytest.raises(DivergenceError) as caught:
            alone(configs[number])
        assert str(errors[number]) == str(caught.value)
        assert run_status(run_of(number)) == "diverged"
    for number in (0, 2):
        assert_as_alone(configs[number], run_of(number))
    expected = sorted(Path("alone").iterdir())
    for number, run in zip((1, 3), expected, strict=False):
        assert contents(run_of(number)) == contents(RunDirectory(run))


def test_running_statistics_that_are_not_finite_are_told_as_alone() -> None:
    Path("rows.csv").write_text(
        "x,kind\n" + "".join(f"{n - 9}e20,{'ab'[n % 2]}\n" for n in range(20))
    )
    settings = merged(
        KINDS["batch normalization"],
        {"data": {"features": ["x"], "scaling": "none", "split": {}}},
    )
    configs = configs_of(settings)
    training = trained(begun(configs))
    for index, error in training.ended:
        with pytest.raises(DivergenceError, match="epoch 1") as caught:
            alone(configs[index])
        assert str(error) == str(caught.value)
    assert len(training.ended) == len(SEEDS)


def until(epoch: int, stack: Stack) -> Callable[[], bool]:
    """Return what says that a stack has come to an epoch."""
    return lambda: stack.epoch == epoch


def test_a_stack_goes_on_after_it_has_settled() -> None:
    """Between two of its epochs nothing but the trainers' own places is written."""
    first, second = (begun(configs_of(KINDS["dropout"]), runs) for runs in ("one", "two"))
    straight, halting = stack_of(first), stack_of(second)
    straight.train(until(EPOCHS, straight))
    for epoch in range(1, EPOCHS + 1):
        halting.train(until(epoch, halting))
        for index in range(len(SEEDS)):
            halting.settle(index)
    assert np.array_equal(straight.network.parameters, halting.network.parameters)
    assert straight.taken_rows() == halting.taken_rows()
    assert halting.taken_rows() == [[], [], [], []]
