"""Runs that train stacked are what they are when they train alone, to the byte."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.config import Config
from nnctl.data.dataset import load_dataset
from nnctl.errors import DivergenceError, StorageError
from nnctl.runs.checkpoint import read_checkpoint
from nnctl.runs.directory import RunDirectory
from nnctl.runs.json_file import read_json
from nnctl.runs.status import run_status
from nnctl.training import stack as stack_module
from nnctl.training import together
from nnctl.training.experiment import Experiment, create_experiment, start_experiment
from nnctl.training.resuming import reading, resume_experiment
from nnctl.training.seeds import with_seed
from nnctl.training.together import JointTraining, stack_of
from tests.training.experiments import Settings, config_of
from tests.training.pauses import after_batches, contents

SEEDS = (3, 4, 5, 6)
EPOCHS = 6
rng = np.random.default_rng(0)
POINTS = rng.normal(size=(53, 3))
LABELS = (POINTS[:, 0] + 0.5 * rng.normal(size=53) > 0.0).astype(int) + (POINTS[:, 1] > 0.8)
ROWS = "x1,x2,x3,y,kind,w\n" + "".join(
    f"{a:.4f},{b:.4f},{c:.4f},{a - b * c:.4f},{'abc'[kind]},{0.5 + kind}\n"
    for (a, b, c), kind in zip(POINTS, LABELS, strict=True)
)
CLASSES: Settings = {
    "name": "stacked",
    "seed": 2,
    "data": {
        "source": "rows.csv",
        "target": "kind",
        "features": ["x1", "x2", "x3"],
        "split": {"validation": 0.3},
    },
    "model": {"hidden": [{"units": 5}, {"units": 4}]},
    "loss": "categorical_cross_entropy",
    "training": {"epochs": EPOCHS, "batch_size": 8},
}
NUMBERS: Settings = {
    **CLASSES,
    "data": {**CLASSES["data"], "target": "y"},
    "loss": "mean_squared_error",
    "metrics": [
        "root_mean_squared_error", "r2", "mean_absolute_error", "mean_squared_error",
    ],
}  # fmt: skip


def classes(**sections: Any) -> Settings:
    return merged(CLASSES, sections)


def merged(settings: Settings, sections: Settings) -> Settings:
    """Return the settings with those of some sections put in."""
    both = {
        name: {**settings[name], **section} if isinstance(section, dict) else section
        for name, section in sections.items()
        if isinstance(settings.get(name), dict)
    }
    return {**settings, **sections, **both}


PATIENT = {"early_stopping": {"patience": 2, "monitor": "validation_accuracy"}}
PLATEAU = {"name": "reduce_on_plateau", "patience": 1, "factor": 0.5}
KINDS: dict[str, Settings] = {
    "classes": CLASSES,
    "numbers": NUMBERS,
    "full batch": classes(training={"batch_size": "full"}),
    "rows in order": classes(training={"shuffle": False, "batch_size": 10}),
    "one row a step": classes(training={"batch_size": 1, "epochs": 2}),
    "float64": classes(compute={"dtype": "float64"}),
    "no validation rows": classes(data={"split": {}}),
    "the full batch's own loss": classes(data={"split": {}}, training={"batch_size": "full"}),
    "penalties": classes(
        data={"split": {}}, regularization={"l1": 0.01, "l2": 0.1}, optimizer={"name": "adamw"}
    ),
    "dropout": classes(model={"hidden": [{"units": 6, "dropout": 0.4}, {"units": 3}]}),
    "batch normalization": classes(model={"hidden": [{"units": 6, "normalization": "batch"}]}),
    "layer normalization": classes(model={"hidden": [{"units": 6, "normalization": "layer"}]}),
    "class weights": classes(training={"class_weight": "balanced"}),
    "sample weights": classes(data={"sample_weight": "w"}),
    "weighed numbers": merged(NUMBERS, {"data": {"sample_weight": "w"}}),
    "other metrics": classes(metrics=["macro_f1", "accuracy", "roc_auc", "log_loss"]),
    "early stopping": classes(
        training={**PATIENT, "epochs": 60}, optimizer={"name": "sgd", "learning_rate": 0.1}
    ),
    "clipping": classes(training={"gradient_clipping": {"norm": 0.3, "value": 0.2}}),
    "a schedule": classes(
        optimizer={"name": "sgd", "learning_rate": 0.1, "momentum": 0.9, "nesterov": True,
                   "schedule": {"name": "cosine", "epochs": EPOCHS, "warmup_epochs": 2}},
    ),
    "a plateau": classes(optimizer={"name": "rmsprop", "schedule": PLATEAU}),
    "nadam": classes(optimizer={"name": "nadam", "weight_decay": 0.01}),
    "more epochs than snapshots": classes(training={"epochs": 150, "batch_size": "full"}),
}  # fmt: skip


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work where the data is."""
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_text(ROWS)


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write down every epoch."""
    monkeypatch.setattr(together, "SECONDS_AT_A_TIME", 0.0)


def configs_of(settings: Settings, seeds: Sequence[int] = SEEDS) -> list[Config]:
    config = config_of(Path.cwd(), settings)
    return [with_seed(config, seed) for seed in seeds]


def begun(configs: Sequence[Config], runs: str = "together") -> list[Experiment]:
    """Create the runs; they share their rows."""
    dataset = load_dataset(configs[0])
    return [create_experiment(config, dataset, Path(runs)) for config in configs]


def run_of(number: int, runs: str = "together") -> RunDirectory:
    return RunDirectory(Path(runs, "stacked" if number == 0 else f"stacked-{number + 1}"))


def resumed(count: int) -> list[Experiment]:
    """Go on with the runs that train together."""
    first = resume_experiment(run_of(0))
    read = reading(first.dataset)
    return [first, *(resume_experiment(run_of(number), read=read) for number in range(1, count))]


def trained(experiments: Sequence[Experiment], pause_after: int | None = None) -> JointTraining:
    """Train together; pause when so many results have come."""
    training, ended = JointTraining(experiments), []
    with contextlib.closing(training.epochs()) as epochs:
        for count, _ in enumerate(epochs, 1):
            if count == pause_after:
                training.pause()
    while training.ended:
        index, error = training.ended.popleft()
        if error is None:
            experiments[index].finish()
        ended.append((index, error))
    training.ended.extend(ended)
    return training


def alone(config: Config) -> Experiment:
    """Train a run by itself."""
    experiment = start_experiment(config, Path("alone"))
    for _ in experiment.epochs():
        pass
    experiment.finish()
    return experiment


def assert_as_alone(config: Config, run: RunDirectory) -> None:
    expected = alone(config).run
    assert contents(run) == contents(expected)
    for file in ("config", "summary", "baselines"):
        found, wanted = getattr(run, file), getattr(expected, file)
        if file == "summary":
            names = ({**read_json(path), "name": ""} for path in (found, wanted))
            assert next(names) == next(names)
        else:
            assert found.read_bytes() == wanted.read_bytes()


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


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize("epoch", [1, 3, EPOCHS - 1])
@pytest.mark.parametrize("kind", ["classes", "dropout", "batch normalization", "a plateau"])
def test_a_pause_leaves_all_at_the_same_epoch_and_they_go_on_together(
    kind: str, epoch: int
) -> None:
    configs = configs_of(KINDS[kind])
    training = trained(begun(configs), pause_after=epoch)
    assert not training.ended
    for number in range(len(SEEDS)):
        assert run_status(run_of(number)) == "interrupted"
        assert read_checkpoint(run_of(number).last).metadata["epoch"] == epoch
    assert len(trained(resumed(len(SEEDS))).ended) == len(SEEDS)
    for number, config in enumerate(configs):
        assert_as_alone(config, run_of(number))


@pytest.mark.usefixtures("often")
def test_those_that_a_kill_left_at_other_epochs_go_on_too() -> None:
    configs = configs_of(CLASSES)
    trained(begun(configs), pause_after=2)
    ahead = resume_experiment(run_of(1))
    epochs = ahead.epochs()
    assert next(epochs).epoch == 3
    epochs.close()
    within = resume_experiment(run_of(2))  # and this one stands in the middle of an epoch
    after_batches(within.assembly.trainer, 1, within.assembly.trainer.pause)
    assert [*within.epochs()] == []
    trained(resumed(len(SEEDS)))
    for number, config in enumerate(configs):
        assert_as_alone(config, run_of(number))


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


def test_a_disk_that_fails_ends_all_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    experiments = begun(configs_of(CLASSES))

    def full(*_: Any) -> None:
        raise StorageError("no space left on device")

    monkeypatch.setattr("nnctl.training.experiment.save_checkpoint", full)
    with pytest.raises(StorageError, match="no space left"):
        trained(experiments)
    assert {run_status(run_of(number)) for number in range(len(SEEDS))} == {"failed"}


def test_one_that_is_left_early_keeps_what_is_written() -> None:
    experiments = begun(configs_of(classes(training={"epochs": 10**6})))
    epochs = JointTraining(experiments).epochs()
    seen = next(epochs)
    epochs.close()
    for number in range(len(SEEDS)):
        assert run_status(run_of(number)) == "interrupted"
        assert read_checkpoint(run_of(number).last).metadata["epoch"] == seen.epoch
        assert run_of(number).metrics.read_text().count("\n") == seen.epoch + 1


def until(epoch: int, stack: stack_module.Stack) -> Callable[[], bool]:
    """Return what says that a stack has come to an epoch."""
    return lambda: stack.epoch == epoch


def test_a_stack_goes_on_after_it_has_settled() -> None:
    """Between two of its epochs nothing but the trainers' own places is written."""
    first, second = (begun(configs_of(KINDS["dropout"]), runs) for runs in ("one", "two"))
    straight, halting = stack_of(first), stack_of(second)
    straight.train(until(EPOCHS, straight))
    for epoch in range(1, EPOCHS + 1):
        halting.train(until(epoch, halting))
        halting.settle()
    assert np.array_equal(straight.network.parameters, halting.network.parameters)
    assert straight.taken_rows() == halting.taken_rows()
    assert halting.taken_rows() == [[], [], [], []]
