"""Over several seeds the rows stay what they are, and all else that is drawn is drawn anew."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.config import load_config
from nnctl.config.schema.generators import LARGEST_SEED
from nnctl.errors import DataError, UsageError
from nnctl.runs.checkpoint import Checkpoint, read_checkpoint
from nnctl.runs.directory import RunDirectory
from nnctl.runs.json_file import read_json
from nnctl.training.experiment import Experiment, start_experiment
from nnctl.training.loop import EpochResult
from nnctl.training.run_group import Watch, unwatched
from nnctl.training.seeds import SeedSeries, start_seeds
from nnctl.training.stacking import FEWEST_TOGETHER
from tests.training.experiments import Settings, classification, config_of, started, values
from tests.training.pauses import contents, ended

SETS = ("train", "validation", "test")


ALONE: Settings = {"compute": {"threads": 2}}  # whoever asks for threads trains a network at a time


def moons(**sections: Any) -> Settings:
    settings = classification({"name": "moons", "samples": 60}, name="moons", seed=7)
    settings["data"]["split"] = {"validation": 0.2, "test": 0.2}
    settings["model"]["hidden"][0]["dropout"] = 0.2
    return settings | sections


def series_of(directory: Path, settings: Settings, count: int = 3) -> SeedSeries:
    return start_seeds(config_of(directory, settings), count, directory / "runs")


def trained(
    directory: Path, settings: Settings, count: int = 3, watch: Watch = unwatched
) -> SeedSeries:
    series = series_of(directory, settings, count)
    for _ in series.results(watch):
        pass
    return series


def runs_of(series: SeedSeries) -> list[RunDirectory]:
    return [member.run for member in series.members]


def lasts(series: SeedSeries) -> list[Checkpoint]:
    return [read_checkpoint(run.last) for run in runs_of(series)]


def test_the_first_member_is_the_run_of_the_config_alone(tmp_path: Path) -> None:
    series = trained(tmp_path, moons())
    alone = ended(started(tmp_path / "alone", moons()))
    assert contents(runs_of(series)[0]) == contents(alone)
    assert runs_of(series)[0].config.read_text() == alone.config.read_text()


def test_a_pause_while_the_members_are_being_made_comes_before_their_first_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    series = series_of(tmp_path, moons(), FEWEST_TOGETHER)

    def paused(first: Experiment) -> int:
        series.pause()
        return FEWEST_TOGETHER

    monkeypatch.setattr(series, "most_together", paused)
    assert [*series.results()] == []
    assert [last.metadata["epoch"] for last in lasts(series)] == FEWEST_TOGETHER * [0]
    assert series.status == "interrupted"


def test_every_member_is_what_its_own_config_gives_alone(tmp_path: Path) -> None:
    series = trained(tmp_path, moons(), FEWEST_TOGETHER)
    found = []
    for run in runs_of(series):
        alone = ended(start_experiment(load_config(run.config), tmp_path / "alone"))
        assert contents(alone) == contents(run)
        found.append(contents(run)["best"])
    assert len({*found}) == FEWEST_TOGETHER


@pytest.mark.parametrize(
    ("count", "stacked"), [(FEWEST_TOGETHER, FEWEST_TOGETHER), (FEWEST_TOGETHER - 1, None)]
)
def test_a_few_seeds_train_one_after_another(
    tmp_path: Path, count: int, stacked: int | None
) -> None:
    series = trained(tmp_path, moons(), count)
    assert {read_json(run.run_json).get("stacked") for run in runs_of(series)} == {stacked}


def test_all_members_have_the_same_rows_in_the_same_sets(tmp_path: Path) -> None:
    first, *others = lasts(trained(tmp_path, moons()))
    for other in others:
        assert other.metadata["data"] == first.metadata["data"]
        for name in SETS:
            assert np.array_equal(other.arrays[f"split_{name}"], first.arrays[f"split_{name}"])


def test_the_seeds_are_the_configs_own_and_those_that_follow(tmp_path: Path) -> None:
    series = series_of(tmp_path, moons())
    assert [member.number for member in series.members] == [7, 8, 9]
    assert [run.name for run in runs_of(series)] == ["seed-7", "seed-8", "seed-9"]
    settings = [member.config.training.seed for member in series.members]
    assert settings == [None, 8, 9]
    assert {member.config.seed for member in series.members} == {7}


def test_a_training_seed_of_the_config_is_the_first_one(tmp_path: Path) -> None:
    series = series_of(tmp_path, moons(training={"epochs": 2, "seed": 100}))
    assert [member.number for member in series.members] == [100, 101, 102]
    assert {member.config.seed for member in series.members} == {7}
    assert series.label(101) == "seed 101 (2/3)"


FIXED: Settings = {
    "model": {
        "hidden": [{"units": 2, "initializer": values([[0.5, -0.3], [0.2, 0.4]])}],
        "output": {"initializer": values([[0.7], [-0.6]])},
    },
    "training": {"epochs": 2, "batch_size": 4, "shuffle": False},
}
DRAWN = {
    "initial weights": ("model", {"hidden": [{"units": 2}]}),
    "shuffles": ("training", {"epochs": 2, "batch_size": 4}),
    "dropout": (
        "model",
        {**FIXED["model"], "hidden": [{**FIXED["model"]["hidden"][0], "dropout": 0.4}]},
    ),
}


@pytest.mark.parametrize("what", DRAWN)
def test_each_thing_that_is_drawn_differs_from_seed_to_seed(tmp_path: Path, what: str) -> None:
    section, settings = DRAWN[what]
    series = trained(tmp_path, moons(**{**FIXED, section: settings}))
    weights = [last.arrays["parameters"] for last in lasts(series)]
    assert not np.array_equal(weights[0], weights[1])
    assert not np.array_equal(weights[1], weights[2])
    assert not series.is_without_spread


def test_where_nothing_is_drawn_there_is_no_spread(tmp_path: Path) -> None:
    series = trained(tmp_path, moons(**FIXED))
    first, *others = (last.arrays["parameters"] for last in lasts(series))
    assert all(np.array_equal(first, other) for other in others)
    assert series.is_without_spread


def test_one_finished_member_says_nothing_of_spread(tmp_path: Path) -> None:
    series = series_of(tmp_path, moons(**FIXED, **ALONE))
    assert not series.is_without_spread
    said = [series.is_without_spread for _ in series.results()]
    assert said == [False, True, True]


def test_the_record_sums_up_the_members(tmp_path: Path) -> None:
    series = trained(tmp_path, moons())
    assert series.directory.path == tmp_path / "runs" / "moons-seeds"
    document = json.loads(series.directory.record.read_text())
    assert list(document) == [
        "config", "seed", "seeds", "status", "results", "metrics", "expect",
    ]  # fmt: skip
    header = [document[key] for key in ("config", "seed", "seeds", "status")]
    assert header == ["moons", 7, [7, 8, 9], "finished"]
    for run, result in zip(runs_of(series), document["results"], strict=True):
        summary = read_json(run.summary)
        assert run.name == result["run"] == f"seed-{result['seed']}"
        assert result["metrics"] == summary["best"]
        assert (result["epochs"], result["best_epoch"]) == (2, summary["best_epoch"])
    assert {f"{name}_accuracy" for name in SETS} < set(document["metrics"])
    for name, together in document["metrics"].items():
        found = [
            result["best_epoch"] if name == "best_epoch" else result["metrics"][name]
            for result in document["results"]
        ]
        assert together == {
            "mean": pytest.approx(statistics.mean(found), rel=1e-12),
            "sample_standard_deviation": pytest.approx(statistics.stdev(found), rel=1e-12),
            "minimum": min(found),
            "maximum": max(found),
        }


def test_bars_are_held_against_the_means_and_no_member_fails_by_its_own(tmp_path: Path) -> None:
    bars = {"test_loss": {"min": 1e9}}
    series = trained(tmp_path, moons(expect=bars))
    (bar,) = series.bars()
    assert (bar.value, bar.met) == (series.metrics()["test_loss"]["mean"], False)
    for run, result in zip(runs_of(series), series.in_order, strict=True):
        (own,) = read_json(run.summary)["expect"]
        assert (own["value"], own["met"]) == (result.values["test_loss"], False)


def test_the_data_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("x,y\n" + "".join(f"{n},{2 * n}\n" for n in range(9)))
    settings: Settings = {
        "data": {"source": str(tmp_path / "rows.csv"), "target": "y"},
        "loss": "mean_squared_error",
        "training": {"epochs": 1},
    }
    series = series_of(tmp_path, settings)
    (tmp_path / "rows.csv").unlink()
    assert [result.number for result in series.results()] == [0, 1, 2]


def ruined(seed: int) -> Watch:
    """Let the training of this seed diverge, by what befalls its weights after an epoch."""

    def watch(experiment: Experiment, epochs: Iterable[EpochResult]) -> Iterable[EpochResult]:
        for result in epochs:
            yield result
            if experiment.run.name == f"seed-{seed}":
                experiment.assembly.trainer.network.parameters[...] = np.nan

    return watch


def test_a_seed_that_diverges_is_recorded_and_the_others_go_on(tmp_path: Path) -> None:
    series = trained(tmp_path, moons(**ALONE), watch=ruined(8))
    assert (series.status, series.diverged) == ("diverged", [8])
    document = json.loads(series.directory.record.read_text())
    assert document["status"] == "diverged"
    assert [result["status"] for result in document["results"]] == [
        "finished", "diverged", "finished",
    ]  # fmt: skip
    first, second, third = document["results"]
    assert (second["epochs"], second["best_epoch"], second["metrics"]) == (1, None, {})
    mean = statistics.mean([each["metrics"]["test_loss"] for each in (first, third)])
    assert document["metrics"]["test_loss"]["mean"] == pytest.approx(mean, rel=1e-12)
    assert "diverged" in (series.in_order[1].why or "")


def test_the_rows_of_one_member_are_let_go_before_the_next_is_made(tmp_path: Path) -> None:
    seen = []

    def watch(experiment: Experiment, epochs: Iterable[EpochResult]) -> Iterable[EpochResult]:
        seen.append(experiment.dataset)
        return epochs

    trained(tmp_path, moons(**ALONE), watch=watch)
    assert len({id(dataset.train.inputs) for dataset in seen}) == 3


@pytest.mark.parametrize("count", [1, 0, -3])
def test_too_few_seeds_are_refused(tmp_path: Path, count: int) -> None:
    with pytest.raises(UsageError, match=rf"takes 2 seeds or more \(received {count}\)"):
        series_of(tmp_path, moons(), count)
    assert not (tmp_path / "runs").exists()


def test_a_seed_beyond_the_largest_is_refused(tmp_path: Path) -> None:
    training = {"epochs": 1, "seed": LARGEST_SEED - 1}
    series_of(tmp_path, moons(training=training), 2)
    with pytest.raises(UsageError) as caught:
        series_of(tmp_path, moons(training=training), 3)
    assert str(caught.value) == (
        f"the last of 3 seeds from {LARGEST_SEED - 1} on would be {LARGEST_SEED + 1}, and "
        f"{LARGEST_SEED} is the largest; begin with a smaller one"
    )


def test_what_is_wrong_with_the_data_is_told_before_anything_stands(tmp_path: Path) -> None:
    settings = {"data": {"source": str(tmp_path / "none.csv"), "target": "y"}}
    with pytest.raises(DataError):
        series_of(tmp_path, {**settings, "loss": "mean_squared_error"})
    assert not (tmp_path / "runs").exists()
