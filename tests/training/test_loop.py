from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.data.batching import batches
from nnctl.errors import DivergenceError
from nnctl.nn.arrays import FloatArray
from nnctl.runs.checkpoint import read_checkpoint
from tests.training.experiments import (
    FLOAT64,
    UNCHANGED,
    Settings,
    classification,
    column,
    parameters,
    regression,
    started,
    trained,
    values,
    write_csv,
)

FIVE_ROWS = "x y \n 1 2 \n 2 1 \n 3 5 \n 4 4 \n 6 9"
X, Y = np.array([1.0, 2, 3, 4, 6]), np.array([2.0, 1, 5, 4, 9])


def line(path: Path, **sections: Any) -> Settings:
    """One weight of 0.5 and a bias of 1 on five rows."""
    return regression(path, model={"output": {"initializer": values([[0.5]], [1])}}, **sections)


def stepped(order: list[list[int]], learning_rate: float) -> tuple[float, float, list[float]]:
    """Gradient descent by hand: the weight, the bias, and each batch's loss before its step."""
    weight, bias, losses = 0.5, 1.0, []
    for rows in order:
        errors = weight * X[rows] + bias - Y[rows]
        losses.append(float(np.mean(errors**2)))
        weight -= learning_rate * float(np.mean(2 * errors * X[rows]))
        bias -= learning_rate * float(np.mean(2 * errors))
    return weight, bias, losses


@pytest.mark.parametrize("shuffle", [False, True])
def test_rows_come_in_the_file_order_or_in_that_of_the_epoch(tmp_path: Path, shuffle: bool) -> None:
    training = {"epochs": 3, "batch_size": 2, "shuffle": shuffle}
    optimizer = {"name": "sgd", "learning_rate": 0.02}
    settings = line(write_csv(tmp_path, FIVE_ROWS), training=training, optimizer=optimizer)
    experiment = trained(tmp_path, settings)
    order = [rows.tolist() for epoch in range(3) for rows in batches(5, 2, 0, epoch, shuffle)]
    assert (order == [[0, 1], [2, 3], [4]] * 3) is not shuffle
    weight, bias, losses = stepped(order, 0.02)
    found = parameters(experiment)
    assert found["weights"][0, 0] == pytest.approx(weight, rel=1e-13)
    assert found["biases"][0] == pytest.approx(bias, rel=1e-13)
    by_rows = [np.average(losses[i : i + 3], weights=[2, 2, 1]) for i in (0, 3, 6)]
    assert column(experiment, "train_loss") == pytest.approx(by_rows, rel=1e-13)


@pytest.mark.parametrize("batch_size", [1, 2, 3, 4, "full"])
def test_the_loss_of_an_epoch_does_not_depend_on_its_batches(
    tmp_path: Path, batch_size: Any
) -> None:
    training = {"epochs": 1, "batch_size": batch_size}
    data = write_csv(tmp_path, FIVE_ROWS)
    experiment = trained(tmp_path, line(data, optimizer=UNCHANGED, training=training))
    loss = np.mean((0.5 * X + 1 - Y) ** 2)
    assert column(experiment, "train_loss") == pytest.approx([loss], rel=1e-14)


def weighted(path: Path, **sections: Any) -> Settings:
    settings = line(path, **sections)
    return settings | {"data": {**settings["data"], "sample_weight": "w"}}


@pytest.mark.parametrize("batch_size", [1, 2, 3, "full"])
def test_the_loss_of_an_epoch_weighs_rows_by_their_weight(tmp_path: Path, batch_size: Any) -> None:
    data = write_csv(tmp_path, "x y w \n 1 2 1 \n 2 1 0 \n 3 5 2.5 \n 4 4 0 \n 6 9 3")
    training = {"epochs": 1, "batch_size": batch_size}
    experiment = trained(tmp_path, weighted(data, optimizer=UNCHANGED, training=training))
    loss = np.average((0.5 * X + 1 - Y) ** 2, weights=[1, 0, 2.5, 0, 3])
    assert column(experiment, "train_loss") == pytest.approx([loss], rel=1e-14)


def test_a_weight_stands_for_a_row_written_so_often(tmp_path: Path) -> None:
    once = write_csv(tmp_path, "x y w \n 1 2 1 \n 2 1 2 \n 3 5 3", "once.csv")
    often = write_csv(tmp_path, "x y \n 1 2 \n 2 1 \n 2 1 \n 3 5 \n 3 5 \n 3 5", "often.csv")
    sections: Settings = {
        "training": {"epochs": 20, "batch_size": "full"},
        "optimizer": {"name": "sgd", "learning_rate": 0.05},
        "metrics": ["mean_absolute_error", "r2"],
    }
    first = trained(tmp_path, weighted(once, **sections))
    second = trained(tmp_path, line(often, **sections))
    for name in ("weights", "biases"):
        np.testing.assert_allclose(parameters(first)[name], parameters(second)[name], rtol=1e-12)
    for name in ("train_loss", "train_mean_absolute_error", "train_r2"):
        assert column(first, name) == pytest.approx(column(second, name), rel=1e-12)


@pytest.mark.parametrize("decay", [{"l2": 0.25}, {"l1": 0.25}])
def test_penalties_shrink_weights_and_leave_biases(tmp_path: Path, decay: Settings) -> None:
    data = write_csv(tmp_path, "x y \n 0 2 \n 0 2")  # the loss has no slope at weight 3, bias 2
    settings = regression(
        data,
        model={"output": {"initializer": values([[3]], [2])}},
        optimizer={"name": "sgd", "learning_rate": 0.5},
        regularization=decay,
        training={"epochs": 1},
    )
    found = parameters(trained(tmp_path, settings))
    expected = 3 * (1 - 0.5 * 0.25) if "l2" in decay else 3 - 0.5 * 0.25
    assert found["weights"][0, 0] == expected
    assert found["biases"][0] == 2


@pytest.mark.parametrize("clipping", [{"norm": 0.5}, {"value": 0.5}])
def test_clipping_bounds_the_step(tmp_path: Path, clipping: Settings) -> None:
    data = write_csv(tmp_path, FIVE_ROWS)
    training = {"epochs": 1, "batch_size": "full", "gradient_clipping": clipping}
    optimizer = {"name": "sgd", "learning_rate": 1}
    found = parameters(trained(tmp_path, line(data, training=training, optimizer=optimizer)))
    step = np.array([found["weights"][0, 0] - 0.5, found["biases"][0] - 1])
    errors = 0.5 * X + 1 - Y
    downhill = -np.array([np.mean(2 * errors * X), np.mean(2 * errors)])
    assert np.abs(downhill).min() > 0.5
    expected = 0.5 * downhill / np.linalg.norm(downhill) if "norm" in clipping else [0.5, 0.5]
    np.testing.assert_allclose(step, expected, rtol=1e-12)


def test_the_learning_rate_of_each_epoch_stands_in_the_history(tmp_path: Path) -> None:
    optimizer = {"learning_rate": 0.4, "schedule": {"name": "constant", "warmup_epochs": 3}}
    settings = classification(optimizer=optimizer, training={"epochs": 5})
    rates = column(trained(tmp_path, settings), "learning_rate")
    assert rates == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.4], rel=1e-15)


PLATEAU: Settings = {"name": "reduce_on_plateau", "factor": 0.5, "patience": 2, "min_delta": 0}


@pytest.mark.parametrize(("monitor", "reduced"), [("train_loss", False), ("train_accuracy", True)])
def test_a_plateau_is_seen_in_the_value_that_is_watched(
    tmp_path: Path, monitor: str, reduced: bool
) -> None:
    optimizer = {
        "name": "sgd",
        "learning_rate": 1e-4,  # the loss falls, and no row changes sides
        "schedule": {**PLATEAU, "monitor": monitor},
    }
    training = {"epochs": 6, "batch_size": "full"}
    settings = classification("xor", optimizer=optimizer, training=training, compute=FLOAT64)
    experiment = trained(tmp_path, settings)
    assert len(set(column(experiment, "train_accuracy"))) == 1
    losses = column(experiment, "train_loss")
    assert losses == sorted(set(losses), reverse=True)
    expected = [1, 1, 1, 0.5, 0.5, 0.25] if reduced else [1] * 6
    assert column(experiment, "learning_rate") == [1e-4 * factor for factor in expected]


@pytest.mark.parametrize(
    ("monitor", "reduced"), [(None, True), ("validation_loss", True), ("train_loss", False)]
)
def test_a_plateau_is_seen_in_the_rows_that_are_watched(
    tmp_path: Path, monitor: str | None, reduced: bool
) -> None:
    data = write_csv(
        tmp_path, "x y \n 1 9 \n 1 9 \n 1 9 \n 1 -9"
    )  # the last row wants the opposite
    schedule = {**PLATEAU, "monitor": monitor}
    settings = line(data, optimizer={"name": "sgd", "learning_rate": 1e-3, "schedule": schedule})
    settings["data"] |= {"split": {"validation": 0.25, "shuffle": False}}
    experiment = trained(tmp_path, settings | {"training": {"epochs": 4, "batch_size": "full"}})
    train, validation = (column(experiment, f"{name}_loss") for name in ("train", "validation"))
    assert (train, validation) == (sorted(train, reverse=True), sorted(validation))
    expected = [1e-3, 1e-3, 1e-3, 5e-4 if reduced else 1e-3]
    assert column(experiment, "learning_rate") == expected


def test_dropout_changes_training_and_not_prediction(tmp_path: Path) -> None:
    layer = {"units": 16, "activation": "tanh"}
    plain, dropped = (
        started(tmp_path, classification(model={"hidden": [{**layer, "dropout": rate}]}))
        for rate in (0.0, 0.5)
    )
    inputs = plain.dataset.train.inputs[:32]
    predictions = [
        e.assembly.trainer.steps.workspace.predict(inputs).copy() for e in (plain, dropped)
    ]
    np.testing.assert_array_equal(predictions[0], predictions[1])
    losses = [next(e.epochs()).values["train_loss"] for e in (plain, dropped)]
    assert losses[0] != losses[1]
    workspace = dropped.assembly.trainer.steps.workspace
    np.testing.assert_array_equal(
        workspace.predict(inputs).copy(), workspace.predict(inputs).copy()
    )


def test_dropout_draws_anew_for_every_batch_and_epoch(tmp_path: Path) -> None:
    hidden = [{"units": 16, "activation": "tanh", "dropout": 0.5}]
    training = {"epochs": 2, "batch_size": 250, "shuffle": False}
    settings = classification(model={"hidden": hidden}, training=training, optimizer=UNCHANGED)
    experiment = started(tmp_path, settings)
    trainer = experiment.assembly.trainer
    outputs: list[FloatArray] = [trainer.steps.outputs.copy() for _ in experiment.epochs()]
    assert len(trainer.train) == 500
    assert not np.allclose(outputs[0], outputs[1])


def test_nan_ends_training_and_names_epoch_and_batch(tmp_path: Path) -> None:
    data = write_csv(tmp_path, FIVE_ROWS)
    training = {"epochs": 9, "batch_size": 2, "shuffle": False}
    optimizer = {"name": "sgd", "learning_rate": 1e155}
    with pytest.raises(DivergenceError) as caught:
        trained(tmp_path, line(data, training=training, optimizer=optimizer))
    assert str(caught.value) == (
        "training diverged in epoch 1, batch 2: the loss became infinite or NaN, at learning rate "
        "1e+155; lower optimizer.learning_rate, scale the data, or set training.gradient_clipping"
    )
    assert caught.value.exit_code == 5


def test_the_layer_whose_parameters_blew_up_is_named(tmp_path: Path) -> None:
    data = write_csv(tmp_path, "x y \n 1e10 1 \n 1e10 2")
    training = {"epochs": 1, "batch_size": 1}
    optimizer = {"name": "sgd", "learning_rate": 1e300}
    message = "in epoch 1, batch 1: the weights of the output layer became infinite or NaN, at"
    with pytest.raises(DivergenceError, match=message):  # seen in batch 2, whose loss is NaN
        trained(tmp_path, line(data, training=training, optimizer=optimizer))


def test_parameters_that_blow_up_in_the_last_step_are_noticed(tmp_path: Path) -> None:
    data = write_csv(tmp_path, "x y \n 1e10 1 \n 1e10 2")
    training = {"epochs": 1, "batch_size": "full"}
    optimizer = {"name": "sgd", "learning_rate": 1e300}
    message = "in epoch 1, batch 1: the weights of the output layer became infinite or NaN, at"
    with pytest.raises(DivergenceError, match=message):
        trained(tmp_path, line(data, training=training, optimizer=optimizer))


def test_numpy_is_silent_within_epochs_and_nowhere_else(tmp_path: Path) -> None:
    data = write_csv(tmp_path, FIVE_ROWS)
    training = {"epochs": 9, "batch_size": "full"}
    optimizer = {"name": "sgd", "learning_rate": 1e155}
    epochs = started(tmp_path, line(data, training=training, optimizer=optimizer)).epochs()
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        next(epochs)
        assert np.geterr()["over"] == "raise"
        with pytest.raises(DivergenceError):
            next(epochs)
        assert np.geterr()["over"] == "raise"


def test_the_best_parameters_are_kept_apart_from_the_last(tmp_path: Path) -> None:
    data = write_csv(tmp_path, FIVE_ROWS)
    optimizer = {"name": "sgd", "learning_rate": 0.08}  # a little too much: the error grows
    training = {"epochs": 3, "batch_size": "full"}
    experiment = started(tmp_path, line(data, training=training, optimizer=optimizer))
    trainer = experiment.assembly.trainer
    start = trainer.network.parameters.copy()
    seen = [(result.improved, trainer.network.parameters.copy()) for result in experiment.epochs()]
    assert [improved for improved, _ in seen] == [True, False, False]
    np.testing.assert_array_equal(trainer.best_parameters, start)  # whose loss epoch 1 measured
    np.testing.assert_array_equal(trainer.network.parameters, seen[2][1])
    assert not np.array_equal(seen[0][1], seen[2][1])


def test_of_several_batches_the_best_are_the_weights_after_the_epoch(tmp_path: Path) -> None:
    data = write_csv(tmp_path, FIVE_ROWS)
    optimizer = {"name": "sgd", "learning_rate": 0.01}
    training = {"epochs": 1, "batch_size": 2}
    experiment = trained(tmp_path, line(data, training=training, optimizer=optimizer))
    trainer = experiment.assembly.trainer
    np.testing.assert_array_equal(trainer.best_parameters, trainer.network.parameters)


def test_with_a_monitor_that_is_never_finite_the_last_weights_are_kept(tmp_path: Path) -> None:
    rows = "x y \n" + " \n ".join(f"{i} {'a' if i < 6 else 'b'}" for i in range(4, 12))
    data = {
        "source": str(write_csv(tmp_path, rows)),
        "target": "y",
        "split": {"validation": 0.25, "shuffle": False},  # of one class: it has no ROC curve
    }
    training = {"epochs": 3, "early_stopping": {"monitor": "validation_roc_auc"}}
    settings = classification(data=data, training=training, metrics=["roc_auc"])
    experiment = trained(tmp_path, settings)
    trainer = experiment.assembly.trainer
    assert trainer.stopping.best_epoch is None
    np.testing.assert_array_equal(trainer.best_parameters, trainer.network.parameters)
    assert read_checkpoint(experiment.run.best).metadata["epoch"] == 3


def test_patience_ends_training(tmp_path: Path) -> None:
    training = {"epochs": 50, "batch_size": "full", "early_stopping": {"patience": 3}}
    experiment = started(tmp_path, classification(optimizer=UNCHANGED, training=training))
    results = list(experiment.epochs())
    assert [result.stop for result in results] == [False, False, False, True]
    assert list(experiment.assembly.trainer.epochs(50)) == []


def test_values_of_an_epoch_are_plain_finite_numbers(tmp_path: Path) -> None:
    settings = classification(metrics=["accuracy", "roc_auc", "log_loss", "macro_f1"])
    settings["data"] |= {"split": {"validation": 0.3}}
    for row in trained(tmp_path, settings).history:
        assert all(type(value) in (int, float) and math.isfinite(value) for value in row.values())
