from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nnctl.config import load_config
from nnctl.data.folds import Fold
from nnctl.errors import DataError, DivergenceError, RunError
from nnctl.runs.checkpoint import Checkpoint, read_checkpoint, save_checkpoint
from nnctl.runs.directory import RunDirectory
from nnctl.runs.lock import hold_run
from nnctl.training.cross_validation import start_cross_validation
from nnctl.training.experiment import start_experiment
from nnctl.training.verification import Verification
from nnctl.training.verifying import other_environment, verify_run
from tests.training.experiments import classification, config_of, regression, started, write_csv
from tests.training.pauses import after_batches, ended, paused, resumed

CONFIGS = Path(__file__).parents[2] / "configs"
FILES = ["last.npz", "best.npz", "baselines.npz", "summary.json"]
ROWS = "x y\n" + "\n".join(f"{i} {(i * 7) % 11}" for i in range(40))


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    return write_csv(tmp_path, ROWS)


def run_of(directory: Path, **sections: Any) -> RunDirectory:
    return ended(started(directory, classification(**sections)))


def files_of(verification: Verification) -> dict[str, bool]:
    return {file.file: file.same for file in verification.files}


def test_a_run_is_the_same_when_it_is_trained_again(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    verification = verify_run(run)
    assert verification.is_same
    assert files_of(verification) == dict.fromkeys(FILES, True)
    assert (verification.epochs, verification.rows, verification.notes) == (2, None, [])
    assert verification.environment == {}
    assert sorted(tmp_path.rglob("*")) == before
    json.dumps(verification.to_dict())


@pytest.mark.parametrize(
    "name", ["xor", "iris", "sine", "perceptron_xor", "worked/momentum_average"]
)
def test_shipped_configs_are_the_same_again(tmp_path: Path, name: str) -> None:
    config = load_config(CONFIGS / f"{name}.yaml", ["training.epochs=4"])
    run = ended(start_experiment(config, tmp_path))
    verification = verify_run(run)
    assert verification.is_same
    assert verification.epochs == 4


def test_a_run_may_have_been_renamed(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    moved = RunDirectory(run.path.rename(tmp_path / "elsewhere"))
    assert verify_run(moved).is_same


def test_the_first_number_that_differs_is_named(tmp_path: Path) -> None:
    run = run_of(tmp_path, training={"epochs": 5})
    lines = run.metrics.read_text().splitlines(keepends=True)
    cells = lines[3].split(",")
    lines[3] = ",".join([*cells[:2], "0.5", *cells[3:]])
    run.metrics.write_text("".join(lines))
    verification = verify_run(run)
    assert not verification.is_same
    assert files_of(verification) == dict.fromkeys(FILES, True)
    assert verification.rows is not None
    assert (verification.rows.epoch, verification.rows.column) == (3, "train_loss")
    assert (verification.rows.recorded, verification.rows.again) == (0.5, float(cells[2]))


def test_a_checkpoint_of_another_training_is_found(tmp_path: Path) -> None:
    run, other = run_of(tmp_path), run_of(tmp_path / "other", seed=9)
    run.best.write_bytes(other.best.read_bytes())
    verification = verify_run(run)
    assert files_of(verification) == {**dict.fromkeys(FILES, True), "best.npz": False}
    assert not verification.is_same
    assert "parameters" in str(verification.files[1].difference)


def test_a_run_that_was_interrupted_and_resumed_is_the_same(tmp_path: Path) -> None:
    run = resumed(paused(started(tmp_path, classification()), 3))
    assert len(json.loads(run.run_json.read_text())["resumed"]) == 1
    assert verify_run(run).is_same


def test_what_was_changed_on_the_way_is_changed_again(tmp_path: Path) -> None:
    run = run_of(tmp_path, optimizer={"name": "sgd", "learning_rate": 0.1})
    resumed(run, "training.epochs=4", "optimizer.schedule={name: cosine, minimum: 0.001}")
    resumed(run, "training.epochs=6", "optimizer.schedule=constant", "optimizer.learning_rate=0.2")
    verification = verify_run(run)
    assert verification.is_same
    assert (verification.epochs, files_of(verification)["last.npz"]) == (6, True)


def test_a_change_in_the_middle_of_an_epoch_ends_what_can_be_compared(tmp_path: Path) -> None:
    batches = -(-started(tmp_path / "x", classification()).dataset.split.train.size // 32)
    run = paused(started(tmp_path, classification(training={"epochs": 4})), batches + 1)
    resumed(run, "optimizer.learning_rate=0.5")
    verification = verify_run(run)
    assert verification.is_same
    assert (verification.epochs, verification.files) == (1, [])
    assert verification.notes == [
        "it was resumed with another config in the middle of epoch 2",
        "its checkpoints are of the middle of an epoch, and are not compared",
    ]


def test_a_run_that_stopped_after_an_epoch_is_compared_so_far(tmp_path: Path) -> None:
    experiment = started(tmp_path, classification(training={"epochs": 9}))
    for result in experiment.epochs():
        if result.epoch == 3:
            experiment.assembly.trainer.pause()
    verification = verify_run(experiment.run)
    assert verification.is_same
    assert (verification.status, verification.epochs) == ("interrupted", 3)
    assert files_of(verification) == {"last.npz": True, "best.npz": True}
    assert verification.notes == [
        "its training has not come to its end, and is compared up to epoch 3"
    ]


def test_a_run_that_stopped_in_the_middle_of_an_epoch_is_compared_by_its_rows(
    tmp_path: Path,
) -> None:
    batches = -(-started(tmp_path / "x", classification()).dataset.split.train.size // 32)
    run = paused(started(tmp_path, classification(training={"epochs": 9})), 2 * batches + 1)
    verification = verify_run(run)
    assert verification.is_same
    assert (verification.epochs, verification.files) == (2, [])


def test_a_run_that_diverged_diverges_again(tmp_path: Path, rows: Path) -> None:
    settings = regression(rows, optimizer={"name": "sgd", "learning_rate": 1.0})
    settings["training"] = {"epochs": 999}
    experiment = started(tmp_path, settings)
    with pytest.raises(DivergenceError):
        ended(experiment)
    verification = verify_run(experiment.run)
    assert verification.is_same
    assert (verification.status, verification.ended) == ("diverged", None)
    assert files_of(verification) == {"last.npz": True, "best.npz": True}
    say_status(experiment.run, "finished")
    verification = verify_run(experiment.run)
    assert "training diverged in epoch" in str(verification.ended)
    assert not verification.is_same


def say_status(run: RunDirectory, status: str) -> None:
    record = json.loads(run.run_json.read_text())
    run.run_json.write_text(json.dumps({**record, "status": status}))


def test_a_run_that_was_killed_is_compared_as_far_as_its_checkpoint(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    say_status(run, "running")
    with run.metrics.open("a") as file:
        file.write("3,0.01,0.5,0.5\n4,0.0")  # rows behind the last checkpoint
    verification = verify_run(run)
    assert verification.is_same
    assert (verification.status, verification.epochs) == ("killed", 2)


def test_a_run_that_diverged_and_does_not_again_is_not_the_same(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    say_status(run, "diverged")
    verification = verify_run(run)
    assert (verification.ended, verification.is_same) == ("it did not diverge", False)


def test_a_fold_is_trained_again_on_its_own_rows(tmp_path: Path) -> None:
    config = config_of(tmp_path, classification({"name": "moons", "samples": 60}))
    validation = start_cross_validation(config, 3, tmp_path)
    assert len([*validation.results()]) == 3
    fold = validation.directory.member(2)
    assert json.loads(fold.run_json.read_text())["data"]["fold"] == Fold(1, 3).index + 1
    assert verify_run(fold).is_same


def test_as_many_threads_are_used_as_the_run_had(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    last = read_checkpoint(run.last)
    assert last.metadata["threads"] == 1  # what the rule gives here, and not on a larger machine
    save_checkpoint(run.last, Checkpoint({**last.metadata, "threads": 2}, last.arrays))
    seen = []

    def watch(experiment: Any, epochs: Any) -> Any:
        seen.append(experiment.assembly.threads)
        return epochs

    assert verify_run(run, watch).is_same
    assert seen == [2]


def test_what_explains_a_difference_is_told(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    record = json.loads(run.run_json.read_text())
    numpy = record["environment"]["numpy"]
    record["environment"]["numpy"] = "1.0"
    run.run_json.write_text(json.dumps(record))
    assert verify_run(run).environment == {"numpy": ("1.0", numpy)}


def test_changed_data_is_refused_and_data_that_is_gone_too(tmp_path: Path, rows: Path) -> None:
    run = ended(started(tmp_path, regression(rows, training={"epochs": 1})))
    text = rows.read_text()
    rows.write_text(text.replace("3,10", "3,11"))
    with pytest.raises(RunError, match="other values; restore it: a run is verified on its own"):
        verify_run(run)
    rows.unlink()
    with pytest.raises(DataError, match="does not exist"):
        verify_run(run)
    rows.write_text(text)
    assert verify_run(run).is_same


def test_an_edited_config_is_refused(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    run.config.write_text(run.config.read_text().replace("epochs: 2", "epochs: 3"))
    with pytest.raises(RunError, match=r"was changed .*training.epochs \(2, now 3\); restore it"):
        verify_run(run)


def test_a_run_that_is_being_trained_is_refused(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    with hold_run(run), pytest.raises(RunError, match="is being trained by another process"):
        verify_run(run)


def test_a_run_that_went_on_with_other_data_is_refused(tmp_path: Path, rows: Path) -> None:
    run = ended(started(tmp_path, regression(rows, training={"epochs": 1})))
    rows.write_text(rows.read_text().replace("3,10", "3,11"))
    resumed(run, "training.epochs=2", force=True)
    with pytest.raises(RunError, match="was resumed on other data"):
        verify_run(run)


@pytest.mark.parametrize("data", [None, [], {}])
def test_a_record_that_says_nothing_of_the_data_is_an_error(tmp_path: Path, data: Any) -> None:
    run = run_of(tmp_path)
    record = json.loads(run.run_json.read_text())
    run.run_json.write_text(json.dumps({**record, "data": data}))
    with pytest.raises(RunError, match="does not say what the data was"):
        verify_run(run)


def test_a_record_without_an_environment_explains_nothing(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    record = json.loads(run.run_json.read_text())
    run.run_json.write_text(json.dumps({**record, "environment": []}))
    verification = verify_run(run)
    assert verification.is_same
    assert all(then is None for then, _ in verification.environment.values())


@pytest.mark.parametrize("entry", [{}, {"changes": {"seed": 1}}, {"changes": {"seed": [1, 2]}}])
def test_a_damaged_record_of_resuming_is_an_error(tmp_path: Path, entry: dict[str, Any]) -> None:
    run = run_of(tmp_path)
    record = json.loads(run.run_json.read_text())
    run.run_json.write_text(json.dumps({**record, "resumed": [entry]}))
    with pytest.raises(RunError, match="what it says of `ranks` and `resumed` cannot be"):
        verify_run(run)


def test_an_abandoned_verification_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of(tmp_path)
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))

    def watch(experiment: Any, epochs: Any) -> Any:
        assert [*place.iterdir()]
        after_batches(experiment.assembly.trainer, 1, _interrupt)
        return epochs

    with pytest.raises(KeyboardInterrupt):
        verify_run(run, watch)
    assert [*place.iterdir()] == []


def _interrupt() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("at_first", "resumed_by", "told"),
    [(1, 1, {}), (3, 1, {"ranks": (3, 1)}), (1, 2, {"ranks": (2, 1)})],
)
def test_sums_over_ranks_explain_other_last_bits(
    tmp_path: Path, at_first: int, resumed_by: int, told: dict[str, Any]
) -> None:
    run = run_of(tmp_path)
    record = json.loads(run.run_json.read_text(encoding="utf-8"))
    counts = [{} if count == 1 else {"ranks": count} for count in (at_first, resumed_by)]
    record |= counts[0] | {"resumed": [counts[1]]}
    assert other_environment(record) == told
