from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path
from typing import Any
from weakref import ref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnctl.nn.activations import ACTIVATIONS
from nnctl.nn.initializers import he_normal, zeros
from nnctl.nn.layout import LayerSpec
from nnctl.nn.losses import LOSSES
from nnctl.nn.network import Network, Workspace
from nnctl.nn.normalization import NORMALIZATIONS, BatchNormalization
from nnctl.nn.objective import Objective
from nnctl.nn.optimizers import OPTIMIZERS
from nnctl.nn.penalties import WeightPenalty
from nnctl.nn.score_losses import CategoricalCrossEntropy
from nnctl.nn.stage import MOST_TWINS
from tests.nn.helpers import IDENTITY, TANH, gradients, network_of, objective_of, set_layers

SOFTMAX, RELU = ACTIVATIONS["softmax"](), ACTIVATIONS["relu"]()


def test_a_whole_training_meets_the_reference() -> None:
    reference = np.load(Path(__file__).parents[1] / "reference" / "training.npz")
    layers = [LayerSpec(8, TANH), LayerSpec(6, RELU), LayerSpec(3, SOFTMAX)]
    network = Network(4, layers, np.float64)
    set_layers(
        network,
        *((reference[f"initial/weights_{i}"], reference[f"initial/biases_{i}"]) for i in range(3)),
    )
    workspace = Workspace(network, 16)
    objective = objective_of(network, CategoricalCrossEntropy(), 16)
    n = network.n_weights
    penalty = WeightPenalty(network.parameters[:n], workspace.gradients[:n], l2=0.01)
    optimizer = OPTIMIZERS["adam"](network.parameters, n)
    losses = []
    for inputs, labels in zip(
        reference["batches/inputs"], reference["batches/labels"], strict=True
    ):
        target = objective.loss.encode(labels, 3, "softmax")
        losses.append(objective(workspace.forward(inputs), target))
        workspace.backward(objective.d_scores)
        penalty.add_gradient()
        optimizer.step(workspace.gradients, 0.01)
    np.testing.assert_allclose(losses, reference["loss_without_penalty"], rtol=1e-10, atol=1e-14)
    for i in range(3):
        for name, value in network.views(i).items():
            np.testing.assert_allclose(
                value, reference[f"final/{name}_{i}"], rtol=1e-10, atol=1e-14
            )


def test_all_weights_stand_first() -> None:
    network = network_of(3, (4, 2), TANH, IDENTITY, BatchNormalization())
    assert [slot.name for slot in network.layout.slots] == [
        "weights", "weights", "biases", "scale", "shift", "biases",
    ]  # fmt: skip
    assert network.n_weights == 3 * 4 + 4 * 2
    assert network.layout.size == len(network.parameters) == 20 + 4 + 4 + 4 + 2
    assert network.state.tolist() == [0.0] * 4 + [1.0] * 4


def test_layers_are_views_of_the_flat_vector() -> None:
    network = network_of(3, (4, 2), TANH, IDENTITY)
    network.parameters[...] = 7.0
    assert (network.views(1)["weights"] == 7.0).all()
    assert (network.views(0)["biases"] == 7.0).all()


@pytest.mark.parametrize("bias", [True, False])
def test_identity_layers_collapse_into_one(bias: bool) -> None:
    rng = np.random.default_rng(2)
    network = Network(3, [LayerSpec(n, IDENTITY, bias) for n in (5, 4, 2)], np.float64)
    network.parameters[...] = rng.normal(size=len(network.parameters))
    product, shift = np.eye(3), np.zeros(3)
    for layer in range(3):
        views = network.views(layer)
        product = product @ views["weights"]
        shift = shift @ views["weights"] + views.get("biases", 0.0)
    inputs = rng.normal(size=(6, 3))
    np.testing.assert_allclose(
        Workspace(network, 6).predict(inputs), inputs @ product + shift, rtol=1e-12, atol=1e-13
    )


def random_inputs(rows: int, dtype: type[np.floating[Any]] = np.float64) -> Any:
    return np.random.default_rng(9).normal(size=(rows, 3)).astype(dtype)


@pytest.mark.parametrize("normalization", [None, *NORMALIZATIONS])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_step_allocates_nothing(normalization: str | None, dtype: type[np.floating[Any]]) -> None:
    kind = NORMALIZATIONS[normalization]() if normalization else None
    hidden = [LayerSpec(64, kind_(), True, kind, 0.2) for kind_ in ACTIVATIONS.values()]
    hidden = [spec for spec in hidden if spec.activation.name not in ("softmax", "step")]
    network = Network(3, [*hidden, LayerSpec(3, SOFTMAX)], dtype)
    network.initialize([(he_normal, zeros)] * len(network.layers), np.random.default_rng(0))
    workspace, rng = Workspace(network, 1024), np.random.default_rng(1)
    objective = objective_of(network, CategoricalCrossEntropy(), 1024)
    target = objective.loss.encode(rng.integers(0, 3, 1024), 3, "softmax").astype(dtype)
    optimizer = OPTIMIZERS["adam"](network.parameters, network.n_weights)
    inputs = random_inputs(1024, dtype)

    def step() -> None:
        workspace.draw_masks(rng)
        objective(workspace.forward(inputs), target)
        workspace.backward(objective.d_scores)
        optimizer.step(workspace.gradients, 0.01)

    step()
    tracemalloc.start()
    step()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    buffer = 1024 * 64 * np.dtype(dtype).itemsize  # one array of a layer
    # Ufuncs that compare into a float array go through a small fixed buffer of NumPy's own.
    assert peak < buffer / 2
    assert workspace.gradients.dtype == dtype


def test_of_the_sizes_that_were_asked_for_only_the_last_few_are_kept() -> None:
    network = network_of(3, (4, 3), TANH, SOFTMAX)
    wide = Workspace(network, 100)
    objective = objective_of(network, CategoricalCrossEntropy(), 100)
    for whole in (wide, objective):
        twins = [ref(whole.narrowed(rows)) for rows in range(1, 100)]
        gc.collect()
        kept = [rows for rows, twin in enumerate(twins, 1) if twin() is not None]
        assert kept == [*range(100 - MOST_TWINS, 100)]
        assert whole.narrowed(99) is twins[-1]()
        assert whole.narrowed(1) is whole.narrowed(1)


@given(st.integers(1, 12))
def test_a_short_batch_has_the_mean_of_its_own_rows(rows: int) -> None:
    network = network_of(3, (4, 3), TANH, SOFTMAX)
    wide, exact = Workspace(network, 12), Workspace(network, rows)
    objective = objective_of(network, CategoricalCrossEntropy(), 12)
    labels = np.arange(rows) % 3
    target = objective.loss.encode(labels, 3, "softmax")
    inputs = random_inputs(rows)
    results = []
    for workspace, loss in (
        (wide.narrowed(rows), objective.narrowed(rows)),
        (exact, objective_of(network, CategoricalCrossEntropy(), rows)),
    ):
        value = loss(workspace.forward(inputs), target)
        workspace.backward(loss.d_scores)
        results.append((value, workspace.gradients.copy()))
    assert results[0][0] == results[1][0]
    assert np.array_equal(results[0][1], results[1][1])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("hidden", [n for n in ACTIVATIONS if n not in ("softmax", "step")])
def test_row_by_row_prediction_does_not_depend_on_other_rows(
    hidden: str, dtype: type[np.floating[Any]]
) -> None:
    spec = LayerSpec(33, ACTIVATIONS[hidden](), True, BatchNormalization(), 0.5)
    network = Network(3, [spec, spec, LayerSpec(5, SOFTMAX)], dtype)
    network.initialize([(he_normal, zeros)] * 3, np.random.default_rng(0))
    inputs = random_inputs(57, dtype)
    whole = Workspace(network, 1, stack=(57,)).predict(inputs[:, np.newaxis, :]).copy()
    for row in range(57):
        alone = Workspace(network, 1, stack=(1,)).predict(inputs[row : row + 1, np.newaxis, :])
        assert alone.tobytes() == whole[row].tobytes()
    together = Workspace(network, 57).predict(inputs)
    np.testing.assert_allclose(whole[:, 0], together, rtol=2e-5 if dtype == np.float32 else 1e-12)


def test_dropout_keeps_the_expected_value_and_drops_at_its_rate() -> None:
    network = network_of(3, (4000, 1), TANH, IDENTITY, dropout=0.25)
    workspace = Workspace(network, 50)
    workspace.draw_masks(np.random.default_rng(0))
    mask: Any = workspace.stages[2].mask  # type: ignore[attr-defined]
    assert set(np.unique(mask)) == {0.0, 1.0 / 0.75}
    assert mask.mean() == pytest.approx(1.0, abs=0.005)  # five standard deviations


def test_prediction_drops_nothing_and_repeats_itself() -> None:
    network = network_of(3, (8, 2), TANH, IDENTITY, BatchNormalization(), dropout=0.5)
    workspace, inputs = Workspace(network, 6), random_inputs(6)
    state = network.state.copy()
    first = workspace.predict(inputs).copy()
    workspace.draw_masks(np.random.default_rng(0))
    assert np.array_equal(workspace.predict(inputs), first)
    assert np.array_equal(network.state, state)


def test_batch_normalization_differs_between_training_and_prediction() -> None:
    network = network_of(3, (8, 2), TANH, IDENTITY, BatchNormalization())
    workspace, inputs = Workspace(network, 6), random_inputs(6)
    trained = workspace.forward(inputs).copy()
    assert np.abs(trained - workspace.scores(inputs)).max() > 0.01


def test_one_batch_is_fitted_to_zero() -> None:
    network = network_of(3, (16, 3), TANH, SOFTMAX)
    workspace, inputs = Workspace(network, 8), random_inputs(8)
    objective = objective_of(network, CategoricalCrossEntropy(), 8)
    target = objective.loss.encode(np.array([0, 1, 2, 0, 1, 2, 0, 1]), 3, "softmax")
    optimizer = OPTIMIZERS["adam"](network.parameters, network.n_weights)
    for _ in range(400):
        loss = objective(workspace.forward(inputs), target)
        workspace.backward(objective.d_scores)
        optimizer.step(workspace.gradients, 0.05)
    assert loss < 1e-3


def test_two_identity_layers_of_the_worked_example() -> None:
    network = Network(2, [LayerSpec(4, IDENTITY), LayerSpec(2, IDENTITY)], np.float64)
    w1 = np.array([[0.5, 1.0, 7.0, 3.0], [1.0, 2.0, 1.0, 0.5]])
    w2 = np.array([[1.0, 2.0], [0.5, 0.5], [3.0, 1.0], [2.0, 1.0]])
    set_layers(network, (w1, np.ones(4)), (w2, np.ones(2)))
    workspace = Workspace(network, 1)
    objective = objective_of(network, LOSSES["mean_squared_error"](), 1)
    inputs, target = np.array([[3.0, 5.0]]), np.array([[1.0, 0.0]])
    assert workspace.forward(inputs).tolist() == [[121.5, 62.5]]
    assert objective(workspace.forward(inputs), target) == 9213.25
    assert objective.d_scores.tolist() == [[120.5, 62.5]]
    workspace.backward(objective.d_scores)
    first, second = gradients(workspace)
    assert second["weights"].tolist() == [
        [903.75, 468.75], [1687.0, 875.0], [3253.5, 1687.5], [1506.25, 781.25],
    ]  # fmt: skip
    assert second["biases"].tolist() == [120.5, 62.5]
    assert first["biases"].tolist() == [245.5, 91.5, 424.0, 303.5]
    assert first["weights"].tolist() == [
        [736.5, 274.5, 1272.0, 910.5], [1227.5, 457.5, 2120.0, 1517.5],
    ]  # fmt: skip
    OPTIMIZERS["sgd"](network.parameters, network.n_weights).step(workspace.gradients, 0.001)
    assert objective(workspace.forward(inputs), target) == pytest.approx(196.5612128857, abs=5e-11)


def single_unit(weight: float, output: str, bias: bool = False) -> Network:
    network = Network(1, [LayerSpec(1, ACTIVATIONS[output](), bias)], np.float64)
    network.parameters[...] = weight
    return network


def descend(
    network: Network, loss: str, x: float, y: float, rate: float, steps: int
) -> list[float]:
    workspace = Workspace(network, 1)
    objective = objective_of(network, LOSSES[loss](), 1)
    optimizer, weights = OPTIMIZERS["sgd"](network.parameters, 1), [float(network.parameters[0])]
    for _ in range(steps):
        objective(workspace.forward(np.array([[x]])), np.array([[y]]))
        workspace.backward(objective.d_scores)
        optimizer.step(workspace.gradients, rate)
        weights.append(float(network.parameters[0]))
    return weights


def test_one_weight_oscillates_at_learning_rate_one() -> None:
    weights = descend(single_unit(3.0, "identity"), "mean_squared_error", 1.0, 1.0, 1.0, 3)
    assert weights == [3.0, -1.0, 3.0, -1.0]
    weights = descend(single_unit(3.0, "identity"), "mean_squared_error", 1.0, 1.0, 0.8, 4)
    np.testing.assert_allclose(weights, [3.0, -0.2, 1.72, 0.568, 1.2592], rtol=1e-14)


def test_sigmoid_and_cross_entropy_of_the_worked_example() -> None:
    network = single_unit(0.2, "sigmoid")
    objective = objective_of(network, LOSSES["binary_cross_entropy"](), 1)
    z = Workspace(network, 1).forward(np.array([[0.5]]))
    assert objective(z, np.array([[1.0]])) == pytest.approx(0.6443966600735709, rel=1e-14)
    assert objective.outputs[0, 0] == pytest.approx(0.52497918747894, rel=1e-14)
    weights = descend(network, "binary_cross_entropy", 0.5, 1.0, 0.1, 1)
    assert weights[1] == pytest.approx(0.223751040626053, rel=1e-14)


def test_softmax_and_cross_entropy_of_the_worked_example() -> None:
    network = Network(2, [LayerSpec(2, SOFTMAX, bias=False)], np.float64)
    set_layers(network, (np.array([[0.3, 0.0], [0.0, -0.2]]), None))
    workspace = Workspace(network, 1)
    objective: Objective = objective_of(network, CategoricalCrossEntropy(), 1)
    target = objective.loss.encode(np.array([1]), 2, "softmax")
    loss = objective(workspace.forward(np.array([[1.0, 2.0]])), target)
    assert loss == pytest.approx(1.1031860488854577, rel=1e-14)
    np.testing.assert_allclose(objective.outputs, [[0.66818777, 0.33181223]], atol=5e-9)
    np.testing.assert_allclose(objective.d_scores, [[0.66818777, -0.66818777]], atol=5e-9)
    workspace.backward(objective.d_scores)
    OPTIMIZERS["sgd"](network.parameters, 4).step(workspace.gradients, 0.1)
    np.testing.assert_allclose(
        network.parameters, [0.23318122, 0.06681878, -0.13363755, -0.06636245], atol=5e-9
    )


def test_sigmoid_and_squared_error_go_through_the_chain_rule() -> None:
    network, x, y = single_unit(0.2, "sigmoid"), 0.5, 1.0
    p = 1.0 / (1.0 + np.exp(-0.1))
    weights = descend(network, "mean_squared_error", x, y, 1.0, 1)
    assert weights[0] - weights[1] == pytest.approx(2 * (p - y) * p * (1 - p) * x, rel=1e-13)


def test_perceptron_of_the_worked_example() -> None:
    network = Network(2, [LayerSpec(1, ACTIVATIONS["step"]())], np.float64)
    set_layers(network, (np.array([[0.5], [-0.6]]), np.array([0.1])))
    workspace, inputs = Workspace(network, 1), np.array([[2.0, 3.0]])
    assert workspace.scores(inputs)[0, 0] == pytest.approx(-0.7, rel=1e-15)
    assert workspace.predict(inputs).tolist() == [[0.0]]
