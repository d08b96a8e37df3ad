from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.errors import DivergenceError
from nnctl.nn.arrays import FloatArray
from nnctl.nn.losses import LOSSES
from nnctl.nn.optimizers import OPTIMIZERS
from nnctl.nn.stage import Stage
from nnctl.training.explained_rows import Subject, subject_of_config
from nnctl.training.explaining import SlowTrainer, StepNumbers
from nnctl.training.formulas import KINDS, LOSS_FORMULAS, STAGE_FORMULAS
from nnctl.training.update_rules import RULES
from tests.training.experiments import (
    FLOAT64,
    Settings,
    classification,
    config_of,
    regression,
    values,
    write_csv,
)

MANY: Settings = {
    "seed": 3,
    "data": {"generator": {"name": "moons", "samples": 60}, "split": {"validation": 0.2}},
    "model": {
        "hidden": [
            {"units": 5, "activation": "relu", "normalization": "batch", "dropout": 0.3},
            {"units": 4, "activation": "gelu", "normalization": "layer"},
            {"units": 3, "activation": "tanh", "bias": False},
        ]
    },
    "loss": "binary_cross_entropy",
    "training": {
        "epochs": 2,
        "batch_size": 16,
        "class_weight": "balanced",
        "gradient_clipping": {"norm": 0.3, "value": 0.2},
    },
    "regularization": {"l1": 0.01, "l2": 0.1},
}


def subject(directory: Path, settings: Settings) -> Subject:
    return subject_of_config(config_of(directory, settings), "here")


def explained(directory: Path, settings: Settings, count: int) -> list[StepNumbers]:
    """The first steps of a training, taken slowly."""
    chosen = subject(directory, settings)
    slow = SlowTrainer(chosen.assembly.trainer)
    batches = islice(chosen.training_batches(), count)
    return [slow.step(chosen.examples(rows), epoch, batch) for rows, epoch, batch in batches]


def trained(directory: Path, settings: Settings) -> list[FloatArray]:
    """The parameters after each step of training itself, over all its epochs."""
    chosen = subject(directory, settings)
    trainer = chosen.assembly.trainer
    step, found = trainer.optimizer.step, list[FloatArray]()

    def recorded(gradients: FloatArray, learning_rate: float) -> None:
        step(gradients, learning_rate)
        found.append(trainer.network.parameters.copy())

    pytest.MonkeyPatch().setattr(trainer.optimizer, "step", recorded)
    for _ in trainer.epochs(chosen.config.training.epochs):
        pass
    return found


OPTIMIZER_SETTINGS: dict[str, Settings] = {
    "sgd": {"momentum": 0.9, "nesterov": True},
    "rmsprop": {"momentum": 0.5},
    "adam": {"amsgrad": True},
    "adamw": {},
    "nadam": {"weight_decay": 0.1},
    "adamax": {},
    "adagrad": {},
    "adadelta": {},
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_slow_step_is_the_step_of_training_to_the_bit(
    tmp_path: Path, name: str, dtype: str
) -> None:
    optimizer = {"name": name, "learning_rate": 0.05, **OPTIMIZER_SETTINGS[name]}
    settings = {**MANY, "optimizer": optimizer, "compute": {"dtype": dtype}}
    expected = trained(tmp_path, settings)
    assert len(expected) == 6
    steps = explained(tmp_path, settings, len(expected))
    for step, parameters in zip(steps, expected, strict=True):
        np.testing.assert_array_equal(step.after, parameters)
    assert [(step.epoch, step.batch) for step in steps] == [
        (e, b) for e in (1, 2) for b in (1, 2, 3)
    ]
    assert steps[0].before.tobytes() != steps[0].after.tobytes()


@pytest.mark.parametrize("batch_size", [1, 7, "full"])
@pytest.mark.parametrize("shuffle", [True, False])
def test_steps_take_the_rows_of_training_whatever_the_batch(
    tmp_path: Path, batch_size: Any, shuffle: bool
) -> None:
    training = {"epochs": 2, "batch_size": batch_size, "shuffle": shuffle}
    settings = classification({"name": "moons", "samples": 20}, training=training)
    expected = trained(tmp_path, settings)
    steps = explained(tmp_path, settings, len(expected))
    for step, parameters in zip(steps, expected, strict=True):
        np.testing.assert_array_equal(step.after, parameters)


def test_each_layer_goes_on_from_the_one_before(tmp_path: Path) -> None:
    (step,) = explained(tmp_path, {**MANY, "compute": FLOAT64}, 1)
    for below, above in zip(step.layers, step.layers[1:], strict=False):
        np.testing.assert_array_equal(below.stages[-1].outputs, above.inputs)
        assert below.stages[-1].d_outputs is not None
        np.testing.assert_array_equal(below.stages[-1].d_outputs, above.d_inputs)
    kinds = [[stage.formulas.kind for stage in layer.stages] for layer in step.layers]
    assert kinds == [
        ["dense", "batch normalization", "activation", "dropout"],
        ["dense", "layer normalization", "activation"],
        ["dense", "activation"],
        ["dense", "activation"],
    ]
    assert [layer.name for layer in step.layers] == ["hidden 1", "hidden 2", "hidden 3", "output"]


def test_the_numbers_of_each_stage_follow_from_its_formula(tmp_path: Path) -> None:
    chosen = subject(tmp_path, {**MANY, "compute": FLOAT64})
    network = chosen.assembly.trainer.network
    views = {name: array.copy() for name, array in network.views(0).items()}
    rows, epoch, batch = next(chosen.training_batches())
    step = SlowTrainer(chosen.assembly.trainer).step(chosen.examples(rows), epoch, batch)
    layer = step.layers[0]
    z, u, a, d = (stage.outputs for stage in layer.stages)
    d_z, d_u, d_a, d_d = (stage.d_outputs for stage in layer.stages)
    assert d_z is not None
    assert d_u is not None
    assert d_a is not None
    assert d_d is not None
    close = np.testing.assert_allclose
    close(z, layer.inputs @ views["weights"] + views["biases"], rtol=1e-12)
    more = layer.stages[1].more
    close(more["mean"], z.mean(axis=0, keepdims=True), rtol=1e-12)
    close(more["deviation"], np.sqrt(z.var(axis=0, keepdims=True) + 1e-5), rtol=1e-12)
    close(u, views["scale"] * more["standardized"] + views["shift"], rtol=1e-12)
    np.testing.assert_array_equal(a, np.maximum(u, 0.0))
    mask = layer.stages[3].more["mask"]
    assert set(np.unique(mask)) == {0.0, 1.0 / 0.7}
    np.testing.assert_array_equal(d, a * mask)
    np.testing.assert_array_equal(d_a, d_d * mask)
    np.testing.assert_array_equal(d_u, d_a * (u > 0.0))
    assert layer.d_inputs is not None
    close(layer.d_inputs, d_z @ views["weights"].T, rtol=1e-12)
    of_loss = network.layout.views(step.gradients.of_loss, 0)
    close(of_loss["weights"], layer.inputs.T @ d_z, rtol=1e-10, atol=1e-15)
    close(of_loss["scale"], (d_u * more["standardized"]).sum(axis=0), rtol=1e-10)


def test_penalty_and_clipping_come_between_loss_and_optimizer(tmp_path: Path) -> None:
    chosen = subject(tmp_path, {**MANY, "compute": FLOAT64})
    network = chosen.assembly.trainer.network
    n = network.n_weights
    (step,) = explained(tmp_path, {**MANY, "compute": FLOAT64}, 1)
    weights, gradients = step.before[:n], step.gradients
    expected = gradients.of_loss.copy()
    expected[:n] += 0.01 * np.sign(weights) + 0.1 * weights
    np.testing.assert_allclose(gradients.with_penalty, expected, rtol=1e-12)
    by_value = np.clip(expected, -0.2, 0.2)
    assert gradients.norm == pytest.approx(float(np.linalg.norm(by_value)), rel=1e-12)
    assert gradients.norm > 0.3
    np.testing.assert_allclose(gradients.used, by_value * 0.3 / gradients.norm, rtol=1e-12)
    penalty = 0.01 * np.abs(weights).sum() + 0.05 * (weights**2).sum()
    assert step.penalty == pytest.approx(penalty, rel=1e-12)


def test_running_statistics_see_a_batch_once(tmp_path: Path) -> None:
    settings = {**MANY, "training": {"epochs": 1, "batch_size": "full"}}
    slow, quick = subject(tmp_path, settings), subject(tmp_path, settings)
    rows, epoch, batch = next(slow.training_batches())
    SlowTrainer(slow.assembly.trainer).step(slow.examples(rows), epoch, batch)
    for _ in quick.assembly.trainer.epochs(1):
        pass
    state = quick.assembly.trainer.network.state
    np.testing.assert_array_equal(slow.assembly.trainer.network.state, state)


def test_the_loss_after_is_that_of_the_next_step_on_the_same_rows(tmp_path: Path) -> None:
    chosen = subject(tmp_path, classification())
    slow = SlowTrainer(chosen.assembly.trainer)
    examples = chosen.examples(chosen.row(5))
    first, second = (slow.step(examples, 0, 0) for _ in range(2))
    assert first.loss_after == second.loss
    np.testing.assert_array_equal(first.outputs_after, second.outputs)
    assert second.number == 2


def test_a_loss_that_is_not_finite_ends_it_as_training_ends(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "x y \n 1 1")
    optimizer = {"name": "sgd", "learning_rate": 1e200}
    with pytest.raises(DivergenceError, match=r"the loss became inf in step 2, at learning rate"):
        explained(tmp_path, regression(path, optimizer=optimizer), 3)


def test_rows_come_in_the_order_asked_for_with_their_cells(tmp_path: Path) -> None:
    text = "x colour y \n 1 red 10 \n 2 blue 20 \n 3 red 30 \n NA blue 40"
    settings = regression(write_csv(tmp_path, text))
    settings["data"] |= {"missing": "median"}
    chosen = subject(tmp_path, settings)
    positions = np.array([3, 0, 2])
    cells = chosen.cells(positions)
    assert cells.features == [[None, "blue"], [1.0, "red"], [3.0, "red"]]
    assert cells.targets == [[40.0], [10.0], [30.0]]
    assert cells.places.tolist() == [4, 1, 3]
    assert cells.lines is not None
    assert cells.lines.tolist() == [5, 2, 4]
    examples = chosen.examples(positions)
    np.testing.assert_array_equal(examples.encoded[:, 0], [40.0, 10.0, 30.0])
    np.testing.assert_array_equal(examples.inputs, [[2, 1, 0], [1, 0, 1], [3, 0, 1]])


def test_every_stage_loss_and_optimizer_has_its_formulas() -> None:
    stages: set[type[Stage]] = set()
    pending: list[type[Stage]] = [Stage]
    while pending:
        children = pending.pop().__subclasses__()
        stages.update(children)
        pending += children
    leaves = {stage for stage in stages if not stage.__subclasses__()}
    assert len(leaves) >= 5
    assert set(KINDS) >= leaves
    assert set(KINDS.values()) == set(STAGE_FORMULAS)
    assert set(LOSS_FORMULAS) == set(LOSSES)
    assert set(RULES) == set(OPTIMIZERS.values())


Moments = Mapping[str, FloatArray]


def written_update(name: str, rate: float, t: int, g: FloatArray, m: Moments) -> FloatArray:
    """How far a parameter moves in step t by the papers' formulas, from the moments shown."""
    if name == "sgd":
        return rate * (g + 0.9 * m["v"])
    if name == "rmsprop":
        return rate * m["v"]
    if name == "adagrad":
        root_of_sum: FloatArray = np.sqrt(m["s"]) + 1e-10
        return rate * g / root_of_sum
    if name in ("adam", "adamw"):
        root = m["largest"] if name == "adam" else m["v"]
        corrected: FloatArray = np.sqrt(root / (1 - 0.999**t)) + 1e-8
        return rate * m["m"] / (1 - 0.9**t) / corrected
    assert name == "adamax"
    return rate * m["m"] / (1 - 0.9**t) / m["u"]


@pytest.mark.parametrize("name", ["sgd", "rmsprop", "adagrad", "adam", "adamw", "adamax"])
def test_the_moments_shown_are_those_of_the_formulas(tmp_path: Path, name: str) -> None:
    optimizer = {"name": name, "learning_rate": 0.05, **OPTIMIZER_SETTINGS[name]}
    optimizer["weight_decay"] = 0.0
    settings = {**MANY, "optimizer": optimizer, "compute": FLOAT64}
    for t, step in enumerate(explained(tmp_path, settings, 5), 1):
        moved = written_update(name, 0.05, t, step.gradients.used, step.rule.moments)
        np.testing.assert_allclose(step.before - step.after, moved, rtol=1e-9, atol=1e-14)


def test_the_moments_are_running_means_of_gradients(tmp_path: Path) -> None:
    settings = {**MANY, "optimizer": {"name": "adam", "beta_1": 0.5}, "compute": FLOAT64}
    steps = explained(tmp_path, settings, 2)
    first, second = (step.gradients.used for step in steps)
    moments = steps[1].rule.moments
    np.testing.assert_allclose(moments["m"], 0.25 * first + 0.5 * second, rtol=1e-12)
    squares = 0.001 * (0.999 * first**2 + second**2)
    np.testing.assert_allclose(moments["v"], squares, rtol=1e-9)


def test_adadelta_and_nadam_move_by_their_formulas(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "x y \n 1 1")
    model = {"output": {"bias": False, "initializer": values([[3.0]])}}
    for name, moved in (
        ("adadelta", math.sqrt(1e-6) / math.sqrt(0.1 * 16 + 1e-6) * 4),
        ("nadam", 4 / (4 + 1e-8)),
    ):
        settings = regression(path, model=model, optimizer={"name": name, "learning_rate": 1.0})
        (step,) = explained(tmp_path, settings, 1)
        if name == "nadam":
            now, then = (0.9 * (1 - 0.5 * 0.96 ** (t * 0.004)) for t in (1, 2))
            m, v = step.rule.moments["m"][0], step.rule.moments["v"][0]
            assert (m, v) == pytest.approx((0.4, 0.016), rel=1e-12)
            direction = (1 - now) / (1 - now) * 4 + then / (1 - now * then) * m
            moved = direction / (math.sqrt(v / (1 - 0.999)) + 1e-8)
        assert step.before[0] - step.after[0] == pytest.approx(moved, rel=1e-9)


def test_the_formula_of_an_update_has_the_numbers_of_the_config(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "x y \n 1 1")
    optimizer = {"name": "sgd", "momentum": 0.9, "dampening": 0.5, "weight_decay": 0.01}
    (step,) = explained(tmp_path, regression(path, optimizer=optimizer), 1)
    assert step.rule.formulas == (
        "first, of weights only: w <- (1 - learning_rate * 0.01) w",
        "v <- 0.9 v + (1 - 0.5) g",
        "w <- w - learning_rate v",
    )
