"""A seed series that goes on leaves what one that was never interrupted leaves."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from nnctl.errors import RunError
from nnctl.runs.atomic import temporary_path
from nnctl.runs.checkpoint import read_checkpoint
from nnctl.runs.group import SeedsDirectory
from nnctl.runs.json_file import read_json, write_json
from nnctl.runs.status import run_status
from nnctl.training.experiment import Experiment
from nnctl.training.loop import EpochResult
from nnctl.training.resuming_groups import resume_seeds
from nnctl.training.seeds import SeedSeries, start_seeds
from tests.training.experiments import Settings, config_of
from tests.training.pauses import contents, resumed

EPOCHS = 3
SEEDS = (7, 8, 9)
ROWS = "x,y\n" + "".join(f"{n % 7},{'ab'[n * n % 5 < 2]}\n" for n in range(30))
SETTINGS: Settings = {
    "name": "it",
    "seed": 7,
    "data": {"source": "rows.csv", "target": "y", "split": {"validation": 0.2}},
    "model": {"hidden": [{"units": 3, "dropout": 0.3}]},
    "loss": "binary_cross_entropy",
    # Networks that are to skip batches train alone, one after another.
    "training": {"epochs": EPOCHS, "batch_size": 4, "on_divergence": "skip_batch"},
}
# Inputs far above zero: with one sign of its weight the unit is as good as dead, and the training
# finds its way; with the other sign the steps are ever larger.
STEEP = "x,y\n" + "".join(f"{900 + n},{n % 3}\n" for n in range(12))
STEEP_SETTINGS: Settings = {
    "name": "it",
    "seed": 9,
    "data": {"source": "rows.csv", "target": "y", "scaling": "none", "target_scaling": "none"},
    "model": {"hidden": [{"units": 1, "activation": "leaky_relu"}]},
    "loss": "mean_squared_error",
    "optimizer": {"name": "sgd", "learning_rate": 0.001},
    "training": {"epochs": EPOCHS, "batch_size": 4},
}


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work where the data is."""
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_text(ROWS)


def begun(runs_dir: str, settings: Settings = SETTINGS) -> SeedSeries:
    return start_seeds(config_of(Path.cwd(), settings), len(SEEDS), Path(runs_dir))


def trained(series: SeedSeries) -> SeedsDirectory:
    for _ in series.results():
        pass
    return series.directory


def went_on(directory: SeedsDirectory) -> list[int]:
    """Resume to the end; return the seeds that were trained."""
    series = resume_seeds(directory)
    numbers = [result.number for result in series.results()]
    assert series.status == "finished"
    return numbers


def interrupted(seed: int, epoch: int) -> SeedsDirectory:
    """Pause after an epoch of a seed."""
    series = begun("runs")

    def watch(experiment: Experiment, epochs: Iterable[EpochResult]) -> Iterable[EpochResult]:
        for result in epochs:
            yield result
            if (experiment.run.name, result.epoch) == (f"seed-{seed}", epoch):
                series.pause()

    for _ in series.results(watch):
        pass
    return series.directory


def all_of(directory: SeedsDirectory, seeds: Iterable[int] = SEEDS) -> dict[str, bytes]:
    """Return all that must come out alike."""
    found = {"record": directory.record.read_bytes()}
    for seed in seeds:
        run = directory.member(seed)
        found |= {f"{seed} {name}": data for name, data in contents(run).items()}
        found[f"{seed} summary"] = run.summary.read_bytes() if run.summary.exists() else b""
    return found


@pytest.mark.parametrize("epoch", range(1, EPOCHS + 1))
@pytest.mark.parametrize("seed", SEEDS)
def test_whenever_it_was_interrupted_it_ends_in_the_same_bytes(seed: int, epoch: int) -> None:
    directory = interrupted(seed, epoch)
    first = seed + (epoch == EPOCHS)  # the seed has come to its end, and is finished all the same
    assert went_on(directory) == [*range(first, SEEDS[-1] + 1)]
    assert all_of(directory) == all_of(trained(begun("straight")))


def test_one_that_was_killed_before_its_first_seed_trains_them_all() -> None:
    directory = begun("runs").directory
    assert went_on(directory) == [*SEEDS]
    assert all_of(directory) == all_of(trained(begun("straight")))


def test_a_seed_that_was_resumed_alone_counts() -> None:
    directory = interrupted(8, 1)
    resumed(directory.member(8))
    assert went_on(directory) == [9]
    assert all_of(directory) == all_of(trained(begun("straight")))


def test_a_training_seed_of_the_config_comes_back() -> None:
    settings = {**SETTINGS, "training": {**SETTINGS["training"], "seed": 7}, "seed": 0}
    directory = trained(begun("runs", settings))
    shutil.rmtree(directory.member(9).path)
    assert went_on(directory) == [9]
    assert all_of(directory) == all_of(trained(begun("straight", settings)))


def test_seeds_that_diverged_diverge_again_and_the_record_is_the_same() -> None:
    Path("rows.csv").write_text(STEEP)
    directory, seeds = trained(begun("runs", STEEP_SETTINGS)), (9, 10, 11)
    statuses = [run_status(directory.member(seed)) for seed in seeds]
    assert statuses == ["diverged", "finished", "diverged"]
    expected = all_of(directory, seeds)
    series = resume_seeds(directory)
    assert [result.number for result in series.results()] == series.diverged == [9, 11]
    assert all_of(directory, seeds) == expected


def refusal(directory: SeedsDirectory) -> str:
    with pytest.raises(RunError) as caught:
        went_on(directory)
    return str(caught.value)


def test_a_seed_that_was_trained_otherwise_is_refused() -> None:
    directory = interrupted(8, 1)
    resumed(directory.member(7), "training.epochs=5")
    assert refusal(directory) == (
        f"{directory.path}/seed-7: was not trained as the other seeds are: training.epochs (3, now "
        "5); remove it, and it is trained anew"
    )


def test_another_seed_in_its_place_is_refused() -> None:
    directory = trained(begun("runs"))
    shutil.rmtree(directory.member(8).path)
    shutil.copytree(directory.member(9).path, directory.member(8).path)
    assert "not trained as the other seeds are: training.seed (8, now 9)" in refusal(directory)


def test_other_data_is_refused() -> None:
    directory = interrupted(7, EPOCHS)
    Path("rows.csv").write_text(ROWS + "9,a\n")
    assert "seed-7: its data is not what it was trained on" in refusal(directory)


def test_what_stands_in_the_way_of_a_seed_is_told() -> None:
    directory = interrupted(7, EPOCHS)
    directory.member(8).path.mkdir()
    (directory.member(8).path / "notes.txt").touch()
    assert refusal(directory) == (
        f"{directory.path}/seed-8: is no run, and stands where seed 8 is to be; remove it"
    )


def test_damaged_files_of_the_whole_are_told() -> None:
    directory = interrupted(7, 1)
    text = directory.config.read_text()
    directory.config.unlink()
    assert refusal(directory) == (
        f"{directory.config}: is missing, and nothing else says what is trained; restore it, or "
        "train again"
    )
    directory.config.write_text(text.replace("seed: 7", "seed: 4"))
    assert refusal(directory) == (
        f"{directory.config}: was changed: the first of 3 seeds was 7, and is 4 now; restore it"
    )
    directory.config.write_text(text)
    record = read_json(directory.record)
    for seeds in (None, [], [7], 3):
        write_json(directory.record, {**record, "seeds": seeds})
        assert "is damaged: it does not say which seeds there are; train again" in refusal(
            directory
        )
    write_json(directory.record, record)
    assert went_on(directory) == [*SEEDS]


def test_what_a_kill_left_half_written_is_removed() -> None:
    directory = trained(begun("runs"))
    directory.plots.mkdir()
    left = [temporary_path(path) for path in (directory.record, directory.plots / "history.png")]
    for path in left:
        path.write_text("half")
    assert went_on(directory) == []
    assert not [path for path in left if path.exists()]


def test_the_seed_in_hand_goes_on_from_where_it_was() -> None:
    directory = interrupted(8, 1)
    assert read_checkpoint(directory.member(8).last).metadata["epoch"] == 1
    series = resume_seeds(directory)
    assert (series.in_hand, series.label(series.in_hand)) == (8, "seed 8 (2/3)")
    seen: list[int] = []

    def watch(experiment: Experiment, epochs: Iterable[EpochResult]) -> Iterable[EpochResult]:
        for result in epochs:
            seen.append(result.epoch)
            yield result

    for _ in series.results(watch):
        pass
    assert seen == [2, 3, 1, 2, 3]
