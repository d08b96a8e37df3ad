from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.errors import DivergenceError
from nnctl.nn.activations import Tanh
from nnctl.nn.arrays import FloatArray
from nnctl.nn.layers import Dense, Dropout
from nnctl.nn.normalization import StandardizeLayer
from nnctl.nn.output_losses import MeanSquaredError
from nnctl.nn.penalties import WeightPenalty
from nnctl.training.explained_rows import subject_of_config
from nnctl.training.gradient_checking import (
    MOST_NUMBERS,
    GradientCheck,
    explained_failure,
    gradient_check,
)
from tests.training.experiments import (
    FLOAT64,
    Settings,
    classification,
    config_of,
    regression,
    values,
    write_csv,
)

ROWS = 6
LAYERS = [
    {"units": 5, "activation": "tanh", "normalization": "layer", "dropout": 0.2},
    {"units": 4, "activation": "tanh"},
]
DEEP = classification(
    model={"hidden": LAYERS}, compute=FLOAT64, regularization={"l1": 0.01, "l2": 0.1}
)


def checked(directory: Path, settings: Settings, rows: int = ROWS) -> GradientCheck:
    chosen = subject_of_config(config_of(directory, settings), "here")
    positions = chosen.dataset.split.train[:rows]
    return gradient_check(chosen.assembly.trainer, chosen.examples(positions))


def test_the_gradients_of_a_network_with_everything_are_right(tmp_path: Path) -> None:
    batch = {"units": 3, "activation": "relu", "normalization": "batch"}
    settings = DEEP | {"model": {"hidden": [batch, *LAYERS]}}
    settings["training"] = {"class_weight": {"0": 3.0, "1": 1.0}}
    check = checked(tmp_path, settings)
    assert (check.verdict, check.failed, check.rows) == ("passed", (), ROWS)
    arrays = [(array.layer, array.array) for array in check.arrays]
    assert arrays[:4] == [("hidden 1", name) for name in ("weights", "biases", "scale", "shift")]
    assert [layer for layer, _ in arrays[-2:]] == ["output", "output"]
    errors = [array.relative_error for array in check.arrays]
    assert all(error is not None and error < 1e-7 for error in errors)


def without_slope(self: Tanh, z: Any, a: Any, out: FloatArray, scratch: Any) -> None:
    out.fill(1.0)


def doubled(self: Dropout, d_outputs: FloatArray) -> FloatArray:
    return 2.0 * d_outputs * self.mask


def untransposed(self: StandardizeLayer, d_outputs: FloatArray) -> FloatArray:
    self.d_scale[...] = self.d_shift[...] = 0.0
    return d_outputs * self.scale / self.deviation


def half(self: MeanSquaredError, outputs: Any, target: Any, value: Any, gradient: Any) -> None:
    np.subtract(outputs, target, out=gradient)
    np.multiply(gradient, gradient, out=value)


def biases_forgotten(self: Dense, d_outputs: FloatArray) -> FloatArray | None:
    self.d_weights[...] = self.inputs.T @ d_outputs
    return d_outputs @ self.weights.T if self.input_gradient else None


def no_penalty(self: WeightPenalty) -> None:
    """Add nothing."""


BROKEN: dict[str, tuple[type[Any], str, Callable[..., Any], str]] = {
    "an activation without its slope": (Tanh, "derivative", without_slope, "hidden 2"),
    "dropout that doubles": (Dropout, "backward", doubled, "hidden 1"),
    "a normalization that forgets its means": (
        StandardizeLayer,
        "backward",
        untransposed,
        "hidden 1",
    ),
    "a loss without its factor": (MeanSquaredError, "elementwise", half, "output"),
    "biases that do not learn": (Dense, "backward", biases_forgotten, "output"),
    "a penalty without its gradient": (WeightPenalty, "add_gradient", no_penalty, "output"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_wrong_derivative_is_seen_and_its_layer_named(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = DEEP | {
        "loss": "mean_squared_error",
        "data": {**DEEP["data"], "task": "classification"},
    }
    settings["model"] = {"hidden": LAYERS, "output": {"activation": "sigmoid"}}
    assert checked(tmp_path, settings).verdict == "passed"
    owner, method, replacement, layer = BROKEN[fault]
    monkeypatch.setattr(owner, method, replacement)
    check = checked(tmp_path, settings)
    assert check.verdict == "failed"
    assert check.failed[-1].layer == layer
    assert f"of {layer}: the derivative" in " ".join(explained_failure(check))
    assert check.failed[-1].relative_error is not None
    assert check.failed[-1].relative_error > 1e-3


def relu_network(x: str, biases: list[float]) -> Callable[[Path], Settings]:
    """Two relu units with weights 1 and 0.5."""

    def settings(directory: Path) -> Settings:
        path = write_csv(directory, f"x y \n {x} 3")
        hidden = {"units": 2, "activation": "relu", "initializer": values([[1, 0.5]], biases)}
        output = {"initializer": values([[1], [1]], [0.5])}
        return regression(path, model={"hidden": [hidden], "output": output})

    return settings


def test_a_step_gets_shorter_until_it_crosses_no_kink(tmp_path: Path) -> None:
    settings = relu_network("2", [-2.0 + 1e-4, 1.0])(tmp_path)  # z = 1e-4, the first step 2e-4
    check = checked(tmp_path, settings)
    assert check.verdict == "passed"
    assert sum(array.at_kinks for array in check.arrays) == 0


def test_numbers_at_a_kink_are_left_out_and_counted(tmp_path: Path) -> None:
    check = checked(tmp_path, relu_network("2", [-2.0, 1.0])(tmp_path))
    found = {(array.layer, array.array): array for array in check.arrays}
    weights, biases = found["hidden 1", "weights"], found["hidden 1", "biases"]
    assert [(a.checked, a.at_kinks, a.verdict) for a in (weights, biases)] == [
        (1, 1, "passed"),
        (1, 1, "passed"),
    ]
    assert found["output", "weights"].checked == 2
    assert check.verdict == "passed"


@pytest.mark.parametrize("loss", ["mean_absolute_error", "huber"])
def test_the_kinks_of_a_loss_are_seen(tmp_path: Path, loss: str) -> None:
    # a - y is 0, or 1, where huber's parabola goes over into its straight line.
    y = 2.0 if loss == "mean_absolute_error" else 1.0
    path = write_csv(tmp_path, f"x y \n 1 {y} \n 3 -50")
    settings = regression(path, loss=loss, model={"output": {"initializer": values([[2]])}})
    check = checked(tmp_path, settings)
    assert {array.at_kinks for array in check.arrays} == {1}
    assert check.verdict == "unchecked"
    settings["model"] = {"output": {"initializer": values([[2.5]])}}
    assert checked(tmp_path, settings).verdict == "passed"


def test_the_perceptron_criterion_has_a_kink_at_every_zero_score(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "x label \n 1 a \n 2 b \n 3 b")
    settings = {
        "data": {"source": str(path), "target": "label", "scaling": "none"},
        "model": {"output": {"initializer": "zeros"}},
        "loss": "perceptron",
        "compute": FLOAT64,
    }
    assert checked(tmp_path, settings).verdict == "unchecked"
    settings["model"] = {"output": {"initializer": values([[1]], [-0.5])}}
    check = checked(tmp_path, settings)
    assert check.verdict == "passed"
    assert {array.checked for array in check.arrays} == {1}


def test_weights_of_0_are_kinks_of_an_l1_penalty(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "x1 x2 y \n 1 2 5 \n 4 3 1")
    model = {"output": {"initializer": values([[0], [1]])}}
    settings = regression(path, model=model, regularization={"l1": 0.1})
    weights, biases = checked(tmp_path, settings).arrays
    assert (weights.checked, weights.at_kinks) == (1, 1)
    assert (biases.checked, biases.at_kinks) == (1, 0)


def test_unscaled_inputs_are_no_reason_to_fail(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "x y \n 1000 3 \n 2500 4 \n -3000 8")
    hidden = {"units": 4, "activation": "tanh", "initializer": {"name": "constant", "value": 0.001}}
    check = checked(tmp_path, regression(path, model={"hidden": [hidden]}))
    assert check.verdict == "passed"


def test_a_loss_that_is_not_finite_is_no_fault_of_the_gradients(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "x y \n 1 1e200 \n 2 3")
    with pytest.raises(DivergenceError, match="the loss is inf before the first step; scale"):
        checked(tmp_path, regression(path))


def test_of_a_large_array_some_numbers_are_checked(tmp_path: Path) -> None:
    settings = classification(model={"hidden": [{"units": 50}]}, compute=FLOAT64)
    settings["model"]["hidden"][0]["activation"] = "tanh"
    first, second = checked(tmp_path, settings), checked(tmp_path, settings)
    assert first == second
    assert first.arrays[0].numbers == 100
    assert first.arrays[0].checked == MOST_NUMBERS
    assert first.arrays[1].checked == 50


def test_the_network_is_left_as_it_was(tmp_path: Path) -> None:
    hidden = {"units": 3, "activation": "tanh", "normalization": "batch"}
    settings = classification(model={"hidden": [hidden]}, compute=FLOAT64)
    chosen = subject_of_config(config_of(tmp_path, settings), "here")
    network = chosen.assembly.trainer.network
    before = network.parameters.copy(), network.state.copy()
    gradient_check(chosen.assembly.trainer, chosen.examples(chosen.dataset.split.train[:4]))
    np.testing.assert_array_equal(network.parameters, before[0])
    np.testing.assert_array_equal(network.state, before[1])


def test_gradients_are_checked_in_float64_only(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="in float64, not in float32"):
        checked(tmp_path, classification())
