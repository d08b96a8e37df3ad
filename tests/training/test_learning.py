"""The hand-worked examples of the textbooks, reproduced through configs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.nn.arrays import FloatArray
from tests.training.experiments import (
    FLOAT64,
    Settings,
    column,
    parameters,
    regression,
    started,
    trained,
    values,
    write_csv,
)

ONE_BY_ONE = {"batch_size": 1, "shuffle": False}


def sgd(learning_rate: float, **settings: Any) -> Settings:
    return {"name": "sgd", "learning_rate": learning_rate, **settings}


def perceptron(generator: str, **training: Any) -> Settings:
    return {
        "data": {"generator": generator, "scaling": "none"},
        "model": {"output": {"activation": "step", "initializer": "zeros"}},
        "loss": "perceptron",
        "optimizer": sgd(1),
        "training": {"epochs": 30, "batch_size": 1, **training},
    }


@pytest.mark.parametrize("generator", ["and", "or", "not"])
@pytest.mark.parametrize("shuffle", [False, True])
def test_a_perceptron_learns_and_or_and_not(tmp_path: Path, generator: str, shuffle: bool) -> None:
    experiment = trained(tmp_path, perceptron(generator, shuffle=shuffle))
    assert column(experiment, "train_accuracy")[-10:] == [1.0] * 10
    assert not (parameters(experiment)["weights"] % 1).any()  # the rule adds and takes whole rows


def test_a_perceptron_never_learns_xor(tmp_path: Path) -> None:
    experiment = trained(tmp_path, perceptron("xor", epochs=200))
    assert experiment.finish()["best"]["train_accuracy"] <= 0.75
    assert column(experiment, "train_loss")[-1] > 0


def test_one_hidden_layer_learns_xor(tmp_path: Path) -> None:
    settings = {
        "data": {"generator": "xor", "scaling": "none"},
        "model": {"hidden": [{"units": 8, "activation": "tanh"}]},
        "loss": "binary_cross_entropy",
        "optimizer": {"name": "adam", "learning_rate": 0.05},
        "training": {"epochs": 200, "batch_size": "full"},
    }
    best = trained(tmp_path, settings).finish()["best"]
    assert best["train_accuracy"] == 1.0
    assert best["train_loss"] < 0.05


@pytest.mark.parametrize(
    ("learning_rate", "path"),
    [(1.0, [-1, 3, -1, 3]), (0.8, [-0.2, 1.72, 0.568, 1.2592])],
)
def test_one_weight_swings_or_settles(
    tmp_path: Path, learning_rate: float, path: list[float]
) -> None:
    data = write_csv(tmp_path, "x y \n 1 1")
    output = {"initializer": values([[3]]), "bias": False}
    experiment = started(
        tmp_path,
        regression(
            data,
            model={"output": output},
            optimizer=sgd(learning_rate),
            training={"epochs": 4, "batch_size": 1},
        ),
    )
    weights = [float(parameters(experiment)["weights"][0, 0]) for _ in experiment.epochs()]
    assert weights == pytest.approx(path, rel=1e-14)
    assert column(experiment, "train_loss")[0] == 4.0


def test_two_dense_layers_have_the_gradients_worked_out_by_hand(tmp_path: Path) -> None:
    data = write_csv(tmp_path, "a b t1 t2 \n 3 5 1 0")
    first = [[0.5, 1, 7, 3], [1, 2, 1, 0.5]]
    second = [[1, 2], [0.5, 0.5], [3, 1], [2, 1]]
    hidden = {"units": 4, "activation": "identity", "initializer": values(first, [1] * 4)}
    model = {"hidden": [hidden], "output": {"initializer": values(second, [1, 1])}}
    training = {"epochs": 2, "batch_size": 1}
    settings = regression(data, ["t1", "t2"], model=model, optimizer=sgd(0.001), training=training)
    experiment = started(tmp_path, settings)
    epochs = experiment.epochs()
    next(epochs)
    trainer = experiment.assembly.trainer
    views = [trainer.network.layout.views(trainer.steps.workspace.gradients, i) for i in (0, 1)]
    expected: dict[tuple[int, str], Any] = {
        (1, "weights"): [[903.75, 468.75], [1687, 875], [3253.5, 1687.5], [1506.25, 781.25]],
        (1, "biases"): [120.5, 62.5],
        (0, "weights"): [[736.5, 274.5, 1272, 910.5], [1227.5, 457.5, 2120, 1517.5]],
        (0, "biases"): [245.5, 91.5, 424, 303.5],
    }
    for (layer, name), gradient in expected.items():
        np.testing.assert_array_equal(views[layer][name], gradient)
    np.testing.assert_array_equal(trainer.steps.outputs, [[121.5, 62.5]])
    next(epochs)
    assert column(experiment, "train_loss") == pytest.approx([9213.25, 196.5612128857], rel=1e-12)


def one_hot_row(path: Path, loss: str, output: Settings) -> Settings:
    return {
        "data": {"source": str(path), "target": ["no", "yes"], "scaling": "none"},
        "model": {"output": {"bias": False, **output}},
        "loss": loss,
        "optimizer": sgd(0.1),
        "training": {"epochs": 1, "batch_size": 1},
        "compute": FLOAT64,
    }


def test_sigmoid_and_cross_entropy_take_the_fused_step(tmp_path: Path) -> None:
    data = write_csv(tmp_path, "x no yes \n 0.5 0 1")
    output = {"initializer": values([[0.2]])}
    experiment = trained(tmp_path, one_hot_row(data, "binary_cross_entropy", output))
    assert column(experiment, "train_loss") == pytest.approx([0.6443966600735709], rel=1e-14)
    assert experiment.assembly.trainer.steps.outputs[0, 0] == pytest.approx(
        0.52497918747894, rel=1e-14
    )
    weight = parameters(experiment)["weights"][0, 0]
    assert weight == pytest.approx(0.223751040626053, rel=1e-14)


def test_softmax_and_cross_entropy_take_the_fused_step(tmp_path: Path) -> None:
    data = write_csv(tmp_path, "a b no yes \n 1 2 0 1")
    output = {"initializer": values([[0.3, 0], [0, -0.2]])}
    experiment = trained(tmp_path, one_hot_row(data, "categorical_cross_entropy", output))
    assert column(experiment, "train_loss") == pytest.approx([1.1031860488854577], rel=1e-14)
    trainer = experiment.assembly.trainer
    np.testing.assert_allclose(trainer.steps.outputs, [[0.66818777, 0.33181223]], rtol=0, atol=5e-9)
    d_scores = trainer.steps.objective.d_scores
    np.testing.assert_allclose(d_scores, [[0.66818777, -0.66818777]], rtol=0, atol=5e-9)
    expected = [[0.23318122, 0.066818777], [-0.133637554, -0.06636245]]
    np.testing.assert_allclose(parameters(experiment)["weights"], expected, rtol=0, atol=5e-9)


def test_full_batch_descent_meets_least_squares(tmp_path: Path) -> None:
    settings = {
        "data": {"generator": "linear", "scaling": "none", "target_scaling": "none"},
        "model": {"output": {"initializer": "zeros"}},
        "loss": "mean_squared_error",
        "optimizer": sgd(0.05),
        "training": {"epochs": 200, "batch_size": "full"},
        "compute": FLOAT64,
    }
    experiment = trained(tmp_path, settings)
    train = experiment.dataset.train
    assert train.targets is not None
    assert train.inputs.shape == (100, 1)
    design = np.column_stack([train.inputs, np.ones(100)])
    slope, intercept = np.linalg.lstsq(design, train.targets[:, 0], rcond=None)[0]
    found = parameters(experiment)
    assert found["weights"][0, 0] == pytest.approx(slope, abs=0.02)
    assert found["biases"][0] == pytest.approx(intercept, abs=0.02)


def test_dampened_momentum_is_an_exponential_average(tmp_path: Path) -> None:
    data = write_csv(tmp_path, "x y \n 1 1")
    experiment = started(
        tmp_path,
        regression(
            data,
            model={"output": {"initializer": values([[3]]), "bias": False}},
            optimizer=sgd(0.3, momentum=0.9, dampening=0.9),
            training={"epochs": 6, "batch_size": 1},
        ),
    )
    found = [float(parameters(experiment)["weights"][0, 0]) for _ in experiment.epochs()]
    weight, velocity, expected = 3.0, 0.0, []
    for _ in range(6):
        velocity = 0.9 * velocity + 0.1 * 2 * (weight - 1)
        weight -= 0.3 * velocity
        expected.append(weight)
    assert found == pytest.approx(expected, rel=1e-13)


def test_identity_activations_collapse_into_one_layer(tmp_path: Path) -> None:
    settings = {
        "data": {"generator": "blobs"},
        "model": {"hidden": [{"units": n, "activation": "identity"} for n in (5, 4)]},
        "loss": "categorical_cross_entropy",
        "training": {"epochs": 3},
        "compute": FLOAT64,
    }
    experiment = trained(tmp_path, settings)
    weights: FloatArray = np.eye(2)
    biases: FloatArray = np.zeros(2)
    for layer in range(3):
        views = parameters(experiment, layer)
        weights, biases = weights @ views["weights"], biases @ views["weights"] + views["biases"]
    trainer, inputs = experiment.assembly.trainer, experiment.dataset.train.inputs[:32]
    scores = trainer.steps.workspace.scores(inputs)
    np.testing.assert_allclose(scores, inputs @ weights + biases, rtol=1e-12, atol=1e-12)


def test_logistic_regression_is_a_one_layer_network(tmp_path: Path) -> None:
    settings = {
        "data": {"generator": {"name": "blobs", "classes": 2, "noise": 6.0, "samples": 120}},
        "loss": "binary_cross_entropy",
        "optimizer": sgd(2.0),
        "training": {"epochs": 400, "batch_size": "full"},
        "compute": FLOAT64,
    }
    experiment = trained(tmp_path, settings)
    train = experiment.dataset.train
    assert train.targets is not None
    design = np.column_stack([train.inputs, np.ones(120)])
    solution = np.zeros(3)
    for _ in range(20):  # Newton's method, as statistics does it
        p = 1 / (1 + np.exp(-design @ solution))
        curvature = design.T @ (design * (p * (1 - p))[:, np.newaxis])
        solution -= np.linalg.solve(curvature, design.T @ (p - train.targets))
    found = parameters(experiment)
    np.testing.assert_allclose([*found["weights"][:, 0], *found["biases"]], solution, rtol=1e-6)


def test_one_neuron_tells_a_zero_from_a_one(tmp_path: Path) -> None:
    zero = "00000 01110 01010 01010 01010 01110 00000"
    one = "00000 00100 01100 00100 00100 00100 00000"
    pixels = " ".join(f"p{i}" for i in range(35))
    rows = [
        " ".join([*digit.replace(" ", ""), label]) for digit, label in ((zero, "0"), (one, "1"))
    ]
    path = write_csv(tmp_path, "\n".join([f"{pixels} digit", *rows]))
    settings = perceptron("and") | {"data": {"source": str(path), "target": "digit"}}
    assert column(trained(tmp_path, settings), "train_accuracy")[-1] == 1.0


def test_sigmoid_and_squared_error_go_through_the_chain_rule(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "a b label \n 0 0 0 \n 0 1 1 \n 1 0 1 \n 1 1 1 \n 1 0.5 0")
    settings = {
        "data": {
            "source": str(path),
            "target": "label",
            "task": "classification",
            "scaling": "none",
        },
        "model": {"output": {"activation": "sigmoid", "initializer": values([[0.4], [-0.3]])}},
        "loss": "mean_squared_error",
        "optimizer": sgd(0.5),
        "training": {"epochs": 1, **ONE_BY_ONE},
        "compute": FLOAT64,
    }
    experiment = trained(tmp_path, settings)
    inputs = np.array([[0, 0], [0, 1], [1, 0], [1, 1], [1, 0.5]])
    targets = np.array([0, 1, 1, 1, 0])
    weights, bias, outputs = np.array([0.4, -0.3]), 0.0, []
    for x, y in zip(inputs, targets, strict=True):
        p = 1 / (1 + np.exp(-(x @ weights + bias)))
        outputs.append(p)
        slope = 2 * (p - y) * p * (1 - p)
        weights, bias = weights - 0.5 * slope * x, bias - 0.5 * slope
    found = parameters(experiment)
    np.testing.assert_allclose(found["weights"][:, 0], weights, rtol=1e-13)
    np.testing.assert_allclose(found["biases"], [bias], rtol=1e-13)
    errors = np.array(outputs) - targets
    assert column(experiment, "train_loss") == pytest.approx([np.mean(errors**2)], rel=1e-13)
    right = (np.array(outputs) > 0.5) == targets  # each before its own step
    assert column(experiment, "train_accuracy") == [np.mean(right)]
