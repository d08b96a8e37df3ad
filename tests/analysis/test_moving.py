"""Animations of runs: which epochs they show, and what they say of the points."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.analysis import fits, landscapes
from nnctl.analysis.landscapes import MOST_NUMBERS, landscape_of, side_of_grid
from nnctl.analysis.moving import animate_boundary, animate_fit, models_of
from nnctl.analysis.pictures import MovingPicture, draw_boundary, save_picture
from nnctl.data.loading import load_main_table
from nnctl.errors import UsageError
from nnctl.plots.animation import Caption
from nnctl.runs.checkpoint import Checkpoint, read_checkpoint, save_checkpoint
from nnctl.runs.directory import RunDirectory
from nnctl.training import trajectory
from nnctl.training.inference import load_model
from nnctl.training.own_rows import run_config
from tests.analysis.test_pictures import THREE_FEATURES, generated, misled, run_of
from tests.training.experiments import FLOAT64, Settings, classification, started, write_csv

EPOCHS = 5
TRAINED: Settings = {
    "training": {"epochs": EPOCHS, "batch_size": 8},
    "optimizer": {"name": "sgd", "learning_rate": 0.3},
    "compute": FLOAT64,
}


@pytest.fixture(autouse=True)
def _coarse_grids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landscapes, "GRID_POINTS", 12)
    monkeypatch.setattr(fits, "CURVE_POINTS", 15)


def classes(directory: Path, generator: Settings | None = None) -> RunDirectory:
    data = generated("moons", samples=40) if generator is None else {"generator": generator}
    return run_of(directory, data, "binary_cross_entropy", **TRAINED)[0]


def numbers(directory: Path, header: str = "x y") -> RunDirectory:
    rows = "\n".join(
        " ".join(str(n + shift) for shift in range(len(header.split()))) for n in range(9)
    )
    path = write_csv(directory, f"{header}\n{rows}")
    data = {"source": str(path), "target": header.split()[-1], "task": "regression"}
    return run_of(directory, data, "mean_squared_error", **TRAINED)[0]


def captions_of(picture: MovingPicture) -> list[Caption]:
    return [*picture.figure.captions]


def test_an_animation_shows_every_epoch_from_before_training_to_the_last(tmp_path: Path) -> None:
    picture = animate_boundary(classes(tmp_path))
    assert [frame["epoch"] for frame in picture.numbers["frames"]] == [*range(EPOCHS + 1)]
    best = picture.numbers["best_epoch"]
    assert [one.epoch for one in captions_of(picture)] == [
        f"epoch {epoch} of {EPOCHS}{' (best)' * (epoch == best)}" for epoch in range(EPOCHS + 1)
    ]


@pytest.mark.parametrize(("most", "epochs"), [(4, [0, 1, 2, 4]), (64, [0, 1, 2, 3, 4])])
def test_the_best_epoch_has_a_frame_even_where_its_neighbours_have_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, epochs: list[int]
) -> None:
    monkeypatch.setattr(trajectory, "MOST_SNAPSHOTS", most)
    run = misled(tmp_path, "u")
    picture = animate_fit(run)
    assert [frame["epoch"] for frame in picture.numbers["frames"]] == epochs
    assert picture.numbers["best_epoch"] == load_model(run.best).epoch == 1
    assert [one.epoch for one in captions_of(picture)][:3] == [
        "epoch 0 of 4",
        "epoch 1 of 4 (best)",
        "epoch 2 of 4",
    ]


def test_frames_tell_how_many_points_each_epochs_network_takes_for_another_class(
    tmp_path: Path,
) -> None:
    run = classes(tmp_path)
    picture = animate_boundary(run)
    table, _ = load_main_table(run_config(run))
    assert picture.numbers["points"] == table.n_rows == 40
    for model, frame, caption in zip(
        models_of(run.last), picture.numbers["frames"], captions_of(picture), strict=True
    ):
        accuracy = accuracy_of(model, table)
        assert frame["misclassified"] == round(40 * (1 - accuracy))
        assert caption.measure == f"{frame['misclassified']} of 40 misclassified"
    wrong = [frame["misclassified"] for frame in picture.numbers["frames"]]
    assert len(set(wrong)) > 1


def accuracy_of(model: Any, table: Any) -> float:
    predicted = model.decoder.predicted(
        model.outputs(model.preprocessing.transform_features(table, model.network.dtype))
    )
    labels = model.preprocessing.transform_targets(table, model.network.dtype)
    return float((predicted == labels).mean())


def test_the_last_frame_is_the_still_picture_of_the_last_network(tmp_path: Path) -> None:
    run = classes(tmp_path)
    models = models_of(run.last)
    moving, still = landscape_of(run, models).drawn, landscape_of(run, models[-1:]).drawn
    np.testing.assert_allclose(moving.scores[-1], still.scores[0], rtol=1e-12)
    assert moving.predicted is not None
    assert still.predicted is not None
    np.testing.assert_array_equal(moving.predicted[-1], still.predicted[0])
    assert (moving.scores[0] != moving.scores[-1]).any()


def test_a_surface_tells_the_error_of_the_target_that_is_drawn(tmp_path: Path) -> None:
    rows = "\n".join(f"{n} {n * n} {n + 1} {100 - 10 * n}" for n in range(9))
    path = write_csv(tmp_path, f"u v low high\n{rows}")
    data = {"source": str(path), "target": ["low", "high"]}
    run, _ = run_of(tmp_path, data, "mean_squared_error", **TRAINED)
    table, _ = load_main_table(run_config(run))
    model = models_of(run.last)[-1]
    outputs = model.outputs(model.preprocessing.transform_features(table, model.network.dtype))
    predicted = model.preprocessing.inverse_targets(outputs)
    true = np.array([[n + 1, 100 - 10 * n] for n in range(9)])
    errors = np.sqrt(((predicted - true) ** 2).mean(axis=0))
    for target, error in zip(("low", "high"), errors, strict=True):
        picture = animate_boundary(run, target=target)
        last = picture.numbers["frames"][-1]
        assert last["root_mean_squared_error"] == pytest.approx(error, rel=1e-12)
        assert captions_of(picture)[-1].measure == f"root mean squared error {error:#.3g}"


def test_a_fit_is_animated_too(tmp_path: Path) -> None:
    picture = animate_fit(numbers(tmp_path))
    errors = [frame["root_mean_squared_error"] for frame in picture.numbers["frames"]]
    assert len(errors) == EPOCHS + 1
    assert errors[-1] < errors[0]


def test_a_fit_of_classes_is_animated_too(tmp_path: Path) -> None:
    run, _ = run_of(tmp_path, generated("not", samples=8), "binary_cross_entropy", **TRAINED)
    picture = animate_fit(run)
    assert picture.numbers["points"] == 8
    assert {*picture.numbers["frames"][0]} == {"epoch", "misclassified"}


def test_hidden_features_are_held_and_the_errors_counted_but_not_ringed(tmp_path: Path) -> None:
    run = classes(tmp_path, THREE_FEATURES)
    view = landscape_of(run, models_of(run.last), ["x3", "x1"])
    assert view.drawn.point_predicted is None
    assert view.drawn.note == "plane: the other feature at its median; points: judged by all 3"
    assert len(view.measured) == EPOCHS + 1
    picture = animate_boundary(run, ["x3", "x1"])
    assert picture.numbers["points"] == 30


def test_an_animation_is_saved_as_a_gif(tmp_path: Path) -> None:
    path = tmp_path / "moving.gif"
    save_picture(animate_fit(numbers(tmp_path)).figure, path)
    assert path.read_bytes().startswith(b"GIF89a")


def test_what_cannot_be_drawn_still_cannot_be_drawn_moving(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a boundary is drawn over two features"):
        animate_boundary(numbers(tmp_path))
    with pytest.raises(UsageError, match="a fit is drawn over one feature"):
        animate_fit(classes(tmp_path))


def test_a_run_that_keeps_one_network_alone_is_refused(tmp_path: Path) -> None:
    run = classes(tmp_path)
    forget_trajectory(run)
    with pytest.raises(UsageError) as caught:
        animate_boundary(run)
    assert str(caught.value) == (
        f"{run.last}: holds the network of epoch {EPOCHS} alone: an older nnctl trained it, or it "
        "is too large for earlier ones to be kept; train it again, or a smaller one"
    )


def test_a_run_without_an_epoch_is_refused(tmp_path: Path) -> None:
    run = started(tmp_path, classification()).run
    with pytest.raises(UsageError) as caught:
        models_of(run.last)
    assert str(caught.value) == (
        f"{run.last}: holds the untrained network alone, since no epoch has ended; "
        "`nnctl resume` goes on"
    )


def forget_trajectory(run: RunDirectory) -> None:
    """Write `last.npz` as an older nnctl did."""
    last = read_checkpoint(run.last)
    arrays = {
        name: each for name, each in last.arrays.items() if not name.startswith("trajectory_")
    }
    assert len(arrays) < len(last.arrays)
    save_checkpoint(run.last, Checkpoint(last.metadata, arrays))


def test_a_grid_for_many_networks_and_classes_is_coarser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = classes(tmp_path)
    models = models_of(run.last)
    assert side_of_grid(models) == 12
    monkeypatch.setattr(landscapes, "MOST_NUMBERS", 6 * 50)
    assert side_of_grid(models) == 7
    assert landscape_of(run, models).drawn.scores.shape[:3] == (6, 7, 7)
    monkeypatch.setattr(landscapes, "GRID_POINTS", 240)
    monkeypatch.setattr(landscapes, "MOST_NUMBERS", MOST_NUMBERS)
    assert side_of_grid(models[:1]) == 240
    assert draw_boundary(run, models[-1]).notices == ()
