from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.config.places import choice_names
from nnctl.config.schema.activations import Activation
from nnctl.data.dataset import load_dataset
from nnctl.errors import ConfigError
from nnctl.nn.initializers import INITIALIZERS, RELU_FAMILY
from nnctl.nn.losses import LOSSES
from nnctl.nn.optimizers import OPTIMIZERS
from nnctl.nn.schedules import SCHEDULES, ReduceOnPlateau
from nnctl.training.build import (
    build_learning_rate,
    build_loss,
    build_network,
    build_optimizer,
    build_stopping,
    count_outputs,
    initializer_name,
    layer_specs,
)
from tests.training.experiments import Settings, classification, config_of, values, write_csv

TWO_CLASSES = {"generator": "moons"}
THREE_CLASSES = {"generator": "blobs"}
NUMBER = {"generator": "sine"}
PARAMETERS: dict[str, Settings] = {  # of schedules
    "step": {"step_size": 3},
    "multistep": {"milestones": [1, 3]},
    "exponential": {"gamma": 0.5},
}
REQUIRED: dict[str, Settings] = {  # of initializers
    "constant": {"value": 0.5},
    "values": {"weights": [[1], [2]]},
}


def outputs_of(directory: Path, data: Settings, loss: str, **output: Any) -> int:
    config = config_of(directory, {"data": data, "loss": loss, "model": {"output": output}})
    return count_outputs(config, load_dataset(config).preprocessing)


@pytest.mark.parametrize(
    ("data", "loss", "output", "expected"),
    [
        (TWO_CLASSES, "binary_cross_entropy", {}, 1),
        (TWO_CLASSES, "categorical_cross_entropy", {}, 2),
        (TWO_CLASSES, "hinge", {}, 1),
        (TWO_CLASSES, "hinge", {"units": 2}, 2),
        (TWO_CLASSES, "perceptron", {"units": 2}, 2),
        (TWO_CLASSES, "mean_squared_error", {"activation": "sigmoid"}, 1),
        (TWO_CLASSES, "mean_squared_error", {"activation": "softmax"}, 2),
        (THREE_CLASSES, "categorical_cross_entropy", {}, 3),
        (THREE_CLASSES, "hinge", {"units": 3}, 3),
        (NUMBER, "huber", {}, 1),
        (NUMBER, "huber", {"units": 1}, 1),
    ],
)
def test_the_output_has_the_units_that_the_target_wants(
    tmp_path: Path, data: Settings, loss: str, output: Settings, expected: int
) -> None:
    assert outputs_of(tmp_path, data, loss, **output) == expected


@pytest.mark.parametrize(
    ("data", "loss", "output", "message"),
    [
        (
            THREE_CLASSES,
            "binary_cross_entropy",
            {},
            "loss: binary_cross_entropy is for two classes (the target has 3); "
            "write categorical_cross_entropy",
        ),
        (
            TWO_CLASSES,
            "hinge",
            {"units": 3},
            "model.output.units must be 1 or 2 for this target (received 3)",
        ),
        (
            TWO_CLASSES,
            "categorical_cross_entropy",
            {"units": 3},
            "model.output.units must be 2 for this target (received 3)",
        ),
        (
            NUMBER,
            "huber",
            {"units": 2},
            "model.output.units must be 1 for this target (received 2)",
        ),
    ],
)
def test_units_that_fit_no_target_are_refused(
    tmp_path: Path, data: Settings, loss: str, output: Settings, message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        outputs_of(tmp_path, data, loss, **output)
    assert str(caught.value) == message


def test_several_numbers_have_an_output_each(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "x a b c \n 1 2 3 4 \n 2 3 4 5")
    data = {"source": str(path), "target": ["a", "b", "c"], "task": "regression"}
    assert outputs_of(tmp_path, data, "mean_squared_error") == 3


def test_layers_are_as_the_config_says(tmp_path: Path) -> None:
    hidden = [
        {"units": 5, "activation": {"name": "leaky_relu", "slope": 0.2}, "dropout": 0.25},
        {"units": 4, "normalization": {"name": "batch", "momentum": 0.5}, "bias": False},
    ]
    specs = layer_specs(config_of(tmp_path, classification(model={"hidden": hidden})), 1)
    assert [spec.units for spec in specs] == [5, 4, 1]
    assert [spec.activation.name for spec in specs] == ["leaky_relu", "relu", "sigmoid"]
    assert [spec.bias for spec in specs] == [True, False, True]
    assert [spec.dropout for spec in specs] == [0.25, 0.0, 0.0]
    np.testing.assert_allclose(specs[0].activation(np.array([-1.0, 1.0])), [-0.2, 1.0])
    assert specs[0].normalization is None
    assert vars(specs[1].normalization) == {"momentum": 0.5, "epsilon": 1e-5}


@pytest.mark.parametrize("activation", ["identity", "tanh", "selu", *sorted(RELU_FAMILY)])
def test_the_initializer_follows_from_the_activation(tmp_path: Path, activation: str) -> None:
    hidden = [{"units": 3, "activation": activation}]
    config = config_of(tmp_path, classification(model={"hidden": hidden}))
    expected = "he_normal" if activation in RELU_FAMILY else "xavier_uniform"
    assert initializer_name(config.model.hidden[0]) == expected
    assert initializer_name(config.model.output) == "xavier_uniform"


@pytest.mark.parametrize("name", INITIALIZERS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_initializer_gives_the_same_weights_for_the_same_seed(
    tmp_path: Path, name: str, dtype: str
) -> None:
    output = {"initializer": {"name": name, **REQUIRED.get(name, {})}}
    drawn = []
    for seed in (3, 3, 4):
        settings = classification(seed=seed, model={"output": output}, compute={"dtype": dtype})
        network = build_network(config_of(tmp_path, settings), 2, 1)
        assert network.dtype == dtype
        drawn.append(network.parameters.tobytes())
    assert drawn[0] == drawn[1]
    assert (drawn[0] == drawn[2]) is (name in ("zeros", "constant", "values"))


@pytest.mark.parametrize("in_one_place", [True, False])
def test_written_values_are_the_weights_and_biases(tmp_path: Path, in_one_place: bool) -> None:
    output = (
        {"initializer": values([[1], [2]], [3])}
        if in_one_place
        else {
            "initializer": values([[1], [2]]),
            "bias_initializer": {"name": "values", "biases": [3]},
        }
    )
    network = build_network(config_of(tmp_path, classification(model={"output": output})), 2, 1)
    assert network.parameters.tolist() == [1, 2, 3]


def test_written_values_of_another_shape_are_refused(tmp_path: Path) -> None:
    settings = classification(model={"output": {"initializer": values([[1], [2], [3]])}})
    with pytest.raises(ConfigError) as caught:
        build_network(config_of(tmp_path, settings), 2, 1)
    assert str(caught.value) == "model: weights must have shape (2, 1) (received (3, 1))"


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_can_be_configured(tmp_path: Path, name: str) -> None:
    settings = classification(loss=name, model={})
    assert type(build_loss(config_of(tmp_path, settings))) is LOSSES[name]


def test_a_loss_is_given_its_parameters(tmp_path: Path) -> None:
    settings = {"data": NUMBER, "loss": {"name": "huber", "delta": 2.5}}
    assert vars(build_loss(config_of(tmp_path, settings))) == {"delta": 2.5}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_can_be_configured(tmp_path: Path, name: str) -> None:
    settings = classification(optimizer={"name": name, "weight_decay": 0.25})
    config = config_of(tmp_path, settings)
    network = build_network(config, 2, 1)
    optimizer = build_optimizer(config, network)
    assert type(optimizer) is OPTIMIZERS[name]
    assert optimizer.parameters is network.parameters
    assert optimizer.weight_decay == 0.25
    for field, value in config.optimizer.parameters().items():
        assert getattr(optimizer, field) == value


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_can_be_configured(tmp_path: Path, name: str) -> None:
    schedule = {"name": name, "warmup_epochs": 2, **PARAMETERS.get(name, {})}
    settings = classification(optimizer={"learning_rate": 0.5, "schedule": schedule})
    rate = build_learning_rate(config_of(tmp_path, settings | {"training": {"epochs": 9}}))
    first = rate.rate(2)
    assert [rate.rate(0), rate.rate(1)] == pytest.approx([first / 3, first * 2 / 3])
    assert 0 < first <= 0.5


@pytest.mark.parametrize(("monitor", "mode"), [("train_loss", "min"), ("train_accuracy", "max")])
def test_what_is_watched_decides_which_way_is_better(
    tmp_path: Path, monitor: str, mode: str
) -> None:
    schedule = {"name": "reduce_on_plateau", "monitor": monitor, "patience": 7}
    training = {"early_stopping": {"monitor": monitor, "patience": 5, "min_delta": 0.25}}
    settings = classification(optimizer={"schedule": schedule}, training=training)
    config = config_of(tmp_path, settings)
    plateau = build_learning_rate(config)._schedule
    assert isinstance(plateau, ReduceOnPlateau)
    assert (plateau.mode, plateau.patience) == (mode, 7)
    rule = build_stopping(config).rule
    assert vars(rule) == {"monitor": monitor, "mode": mode, "patience": 5, "min_delta": 0.25}


@pytest.mark.parametrize("has_validation", [True, False])
def test_without_early_stopping_the_best_epoch_is_found_all_the_same(
    tmp_path: Path, has_validation: bool
) -> None:
    share = 0.2 if has_validation else 0.0
    data = {"generator": "moons", "split": {"validation": share}}
    rule = build_stopping(config_of(tmp_path, classification(data=data))).rule
    assert rule.monitor == ("validation_loss" if has_validation else "train_loss")
    assert rule.patience is None


def test_every_activation_of_the_schema_is_built(tmp_path: Path) -> None:
    names = choice_names(Activation)
    assert names
    for name in set(names) - {"step", "softmax"}:
        hidden = [{"units": 1, "activation": name}]
        specs = layer_specs(config_of(tmp_path, classification(model={"hidden": hidden})), 1)
        assert specs[0].activation.name == name


@pytest.mark.parametrize(
    "initializer",
    [
        {"name": "random_uniform", "scale": 1e308},
        {"name": "random_normal", "scale": 1e308},
        {"name": "constant", "value": -1e39},
    ],
)
@pytest.mark.parametrize("key", ["initializer", "bias_initializer"])
def test_a_start_that_does_not_fit_into_the_dtype_is_refused(
    tmp_path: Path, initializer: dict[str, Any], key: str
) -> None:
    config = config_of(tmp_path, classification(model={"output": {key: initializer}}))
    with pytest.raises(ConfigError, match="initial weight or bias is too large for float32"):
        build_network(config, 2, 1)
