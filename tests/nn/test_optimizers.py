from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.nn.adam import Adam
from nnctl.nn.arrays import FloatArray
from nnctl.nn.optimizers import OPTIMIZERS

REFERENCE = np.load(Path(__file__).parents[1] / "reference" / "optimizers.npz")
TRAJECTORIES = [key for key in REFERENCE if key not in ("gradients", "initial")]

# Every branch of every optimizer, beside its defaults.
SETTINGS: list[tuple[str, dict[str, Any]]] = [
    *[(name, {}) for name in OPTIMIZERS],
    ("sgd", {"momentum": 0.9}),
    ("sgd", {"momentum": 0.9, "dampening": 0.5}),
    ("sgd", {"momentum": 0.9, "nesterov": True}),
    ("rmsprop", {"momentum": 0.9}),
    ("adam", {"amsgrad": True}),
    ("adam", {"beta_1": 0.0, "beta_2": 0.5}),
    ("nadam", {"weight_decay": 0.1}),
]
LEARNING_RATES = {"adagrad": 0.5, "adadelta": 1.0, "sgd": 0.05}


def parse(key: str) -> tuple[str, float, dict[str, Any]]:
    """Read a key of the reference, such as `sgd(learning_rate=0.1,momentum=0.9,nesterov)`."""
    name, _, rest = key.removesuffix(")").partition("(")
    pairs = (part.partition("=") for part in rest.split(","))
    settings: dict[str, Any] = {word: float(number) if sep else True for word, sep, number in pairs}
    return name, settings.pop("learning_rate"), settings


def gradients_of(n_steps: int, n_parameters: int, dtype: str = "float64") -> FloatArray:
    rng = np.random.default_rng(5)
    return rng.standard_normal((n_steps, n_parameters)).astype(dtype)


@pytest.mark.parametrize("key", TRAJECTORIES)
def test_trajectory_meets_the_reference(key: str) -> None:
    name, learning_rate, settings = parse(key)
    parameters = REFERENCE["initial"].copy()
    optimizer = OPTIMIZERS[name](parameters, parameters.size, **settings)
    for gradients, expected in zip(REFERENCE["gradients"], REFERENCE[key], strict=True):
        optimizer.step(gradients, learning_rate)
        np.testing.assert_allclose(parameters, expected, rtol=1e-10, atol=1e-14)


def test_the_reference_covers_every_optimizer() -> None:
    assert {parse(key)[0] for key in TRAJECTORIES} == set(OPTIMIZERS)


# Worked by hand, from w = 1 with gradients 2 and then 0. Adam's weighted means in the second step:
MEAN = (0.9 * 2 + 0) / (0.9 + 1)
ROOT = ((0.999 * 2**2 + 0) / (0.999 + 1)) ** 0.5
TWO_STEPS: list[tuple[str, dict[str, Any], float, list[float]]] = [
    ("sgd", {}, 0.1, [0.8, 0.8]),
    ("sgd", {"momentum": 0.5}, 0.1, [0.8, 0.7]),
    ("sgd", {"momentum": 0.5, "dampening": 0.5}, 0.1, [0.9, 0.85]),
    ("sgd", {"momentum": 0.5, "nesterov": True}, 0.1, [0.7, 0.65]),
    ("adagrad", {"epsilon": 0.0}, 0.1, [0.9, 0.9]),
    ("rmsprop", {"rho": 0.75, "epsilon": 0.0}, 0.1, [0.8, 0.8]),
    ("rmsprop", {"rho": 0.75, "epsilon": 1.0}, 0.1, [0.9, 0.9]),
    ("rmsprop", {"rho": 0.75, "epsilon": 0.0, "momentum": 0.5}, 0.1, [0.8, 0.7]),
    ("adadelta", {"rho": 0.75, "epsilon": 3.0}, 1.0, [1 - 3**0.5, 1 - 3**0.5]),
    ("adam", {"epsilon": 0.0}, 0.1, [0.9, 0.9 - 0.1 * MEAN / ROOT]),
    ("adam", {"epsilon": 2.0}, 0.1, [0.95, 0.95 - 0.1 * MEAN / (ROOT + 2)]),
    ("adamw", {"epsilon": 0.0, "weight_decay": 0.5}, 0.1, [0.85, 0.8075 - 0.1 * MEAN / ROOT]),
    ("adamax", {"epsilon": 0.0, "beta_2": 0.5}, 0.1, [0.9, 0.9 - 0.1 * MEAN / 1.0]),
]


@pytest.mark.parametrize(("name", "settings", "learning_rate", "expected"), TWO_STEPS)
def test_first_steps_are_those_worked_by_hand(
    name: str, settings: dict[str, Any], learning_rate: float, expected: list[float]
) -> None:
    parameters = np.array([1.0])
    optimizer = OPTIMIZERS[name](parameters, 1, **settings)
    taken = []
    for gradient in (2.0, 0.0):
        optimizer.step(np.array([gradient]), learning_rate)
        taken.append(parameters[0])
    assert taken == pytest.approx(expected, rel=1e-12)


def test_one_weight_meets_the_worked_example_of_squared_error() -> None:
    # loss (1 - w)^2 from w = 3: rate 1 swings for ever, rate 0.8 comes in.
    for learning_rate, expected in [
        (1.0, [-1.0, 3.0, -1.0, 3.0]),
        (0.8, [-0.2, 1.72, 0.568, 1.2592]),
    ]:
        weight = np.array([3.0])
        optimizer = OPTIMIZERS["sgd"](weight, 1)
        taken = []
        for _ in range(4):
            optimizer.step(2 * (weight - 1), learning_rate)
            taken.append(weight[0])
        assert taken == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_weight_decay_shrinks_weights_and_leaves_biases_alone(name: str) -> None:
    parameters = np.full(5, 2.0)
    optimizer = OPTIMIZERS[name](parameters, 3, weight_decay=0.5)
    optimizer.step(np.zeros(5), 0.1)
    assert parameters.tolist() == pytest.approx([1.9, 1.9, 1.9, 2.0, 2.0], rel=1e-14)


def test_only_adamw_decays_weights_unless_told() -> None:
    for name, optimizer in OPTIMIZERS.items():
        decay = optimizer(np.zeros(1), 1).weight_decay
        assert decay == (0.01 if name == "adamw" else 0.0), name


@pytest.mark.parametrize(("name", "settings"), SETTINGS)
def test_a_step_makes_no_array_and_leaves_the_gradients_alone(
    name: str, settings: dict[str, Any]
) -> None:
    parameters = np.zeros(1_000_000, np.float32)
    gradients = np.ones_like(parameters)
    optimizer = OPTIMIZERS[name](parameters, 900_000, **settings)
    optimizer.step(gradients, 0.01)
    tracemalloc.start()
    try:
        optimizer.step(gradients, 0.01)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100_000
    assert (gradients == 1.0).all()


@pytest.mark.parametrize(("name", "settings"), SETTINGS)
def test_a_quadratic_is_descended(name: str, settings: dict[str, Any]) -> None:
    curvatures = np.array([0.5, 1.0, 3.0])
    parameters = np.array([1.0, -1.0, 0.5])
    optimizer = OPTIMIZERS[name](parameters, 3, **settings)
    base_rate = LEARNING_RATES.get(name, 0.02)
    n_steps = 1500 if name != "adadelta" else 6000
    for step in range(n_steps):
        optimizer.step(curvatures * parameters, base_rate * (1 - step / n_steps))
    assert np.abs(parameters).max() < 1e-2


@pytest.mark.parametrize(("name", "settings"), SETTINGS)
def test_float32_stays_float32_and_near_float64(name: str, settings: dict[str, Any]) -> None:
    ends = {}
    for dtype in ("float32", "float64"):
        parameters = np.full(20, 0.5, dtype)
        optimizer = OPTIMIZERS[name](parameters, 10, **settings)
        for gradients in gradients_of(10, 20, dtype):
            optimizer.step(gradients, 0.01)
        assert optimizer.parameters is parameters
        slots = [slot for slot in optimizer.slots.values() if slot.shape == parameters.shape]
        assert {str(array.dtype) for array in [parameters, *slots]} == {dtype}
        ends[dtype] = parameters
    np.testing.assert_allclose(ends["float32"], ends["float64"], rtol=0, atol=1e-5)


@pytest.mark.parametrize(("name", "settings"), SETTINGS)
def test_a_numpy_float_as_learning_rate_changes_no_byte(
    name: str, settings: dict[str, Any]
) -> None:
    ends = []
    for learning_rate in (0.01, np.float64(0.01)):
        parameters = np.full(20, 0.5, np.float32)
        optimizer = OPTIMIZERS[name](parameters, 10, **settings)
        for gradients in gradients_of(10, 20, "float32"):
            optimizer.step(gradients, learning_rate)
        ends.append(parameters.tobytes())
    assert ends[0] == ends[1]


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
@pytest.mark.parametrize(("name", "settings"), SETTINGS)
def test_gradients_in_one_array_and_in_others_give_the_same_steps(
    name: str, settings: dict[str, Any], weight_decay: float
) -> None:
    ends = []
    for in_one_array in (True, False):
        parameters, array = np.full(20, 0.5, np.float32), np.empty(20, np.float32)
        optimizer = OPTIMIZERS[name](parameters, 10, **settings | {"weight_decay": weight_decay})
        for step, gradients in enumerate(gradients_of(10, 20, "float32")):
            array = array if in_one_array else np.empty_like(array)
            array[...] = gradients
            optimizer.step(array, 0.01 / (1 + step))
        ends.append(parameters.tobytes())
    assert ends[0] == ends[1]


@pytest.mark.parametrize(("name", "settings"), SETTINGS)
def test_a_restored_optimizer_goes_on_to_the_byte(name: str, settings: dict[str, Any]) -> None:
    gradients = gradients_of(12, 8, "float32")
    parameters = np.linspace(-1, 1, 8, dtype=np.float32)
    optimizer = OPTIMIZERS[name](parameters, 6, **settings)
    for row in gradients[:7]:
        optimizer.step(row, 0.01)
    copy = parameters.copy()
    restored = OPTIMIZERS[name](copy, 6, **settings)
    restored.restore(optimizer.slots, optimizer.steps)
    for row in gradients[7:]:
        optimizer.step(row, 0.01)
        restored.step(row, 0.01)
    assert copy.tobytes() == parameters.tobytes()
    assert restored.steps == optimizer.steps == 12
    assert all(restored.slots[key] is not slot for key, slot in optimizer.slots.items())


@pytest.mark.parametrize(("name", "settings"), SETTINGS)
def test_stacked_networks_step_as_they_would_alone(name: str, settings: dict[str, Any]) -> None:
    starts = np.random.default_rng(1).standard_normal((3, 37)).astype(np.float32)
    gradients = gradients_of(6, 3 * 37, "float32").reshape(6, 3, 37)
    stacked = starts.copy()
    optimizer = OPTIMIZERS[name](stacked, 30, **settings)
    for batch in gradients:
        optimizer.step(batch, 0.01)
    for index, start in enumerate(starts):
        alone = start.copy()
        optimizer = OPTIMIZERS[name](alone, 30, **settings)
        for batch in gradients:
            optimizer.step(batch[index], 0.01)
        assert stacked[index].tobytes() == alone.tobytes()


def test_slots_of_another_optimizer_are_refused() -> None:
    plain = Adam(np.zeros(3), 3)
    with_maximum = Adam(np.zeros(3), 3, amsgrad=True)
    longer = Adam(np.zeros(4), 3)
    for other in (with_maximum, longer):
        with pytest.raises(ValueError, match="the optimizer's slots must be"):
            plain.restore(other.slots, 1)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_gradients_that_were_always_zero_move_nothing(name: str) -> None:
    parameters = np.ones(4, np.float32)
    optimizer = OPTIMIZERS[name](parameters, 0)
    for _ in range(3):
        optimizer.step(np.zeros(4, np.float32), 0.1)
    assert (parameters == 1.0).all()
