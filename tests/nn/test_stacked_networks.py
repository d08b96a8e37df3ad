"""Several networks in one set of products: each has the bytes that it has alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from nnctl.nn.activations import ACTIVATIONS
from nnctl.nn.clipping import clip_by_norm, clip_by_value
from nnctl.nn.layout import LayerSpec
from nnctl.nn.losses import LOSSES
from nnctl.nn.network import Network, Workspace
from nnctl.nn.normalization import NORMALIZATIONS
from nnctl.nn.objective import Objective
from nnctl.nn.operations import stacked_product
from nnctl.nn.optimizers import OPTIMIZERS
from nnctl.nn.penalties import WeightPenalty

N = 3  # networks
ROWS = 7
RATES = np.array([[0.1], [0.013], [0.0007]])
PAIRS = [(loss, output) for loss, kind in LOSSES.items() for output in kind.outputs]
DTYPES = (np.float32, np.float64)


def specs(output: str = "softmax", hidden: str = "tanh", **settings: Any) -> list[LayerSpec]:
    names = [hidden, hidden, output]
    first, second, last = (ACTIVATIONS[name]() for name in names)
    return [LayerSpec(5, first, **settings), LayerSpec(4, second), LayerSpec(3, last)]


def drawn(layers: Sequence[LayerSpec], dtype: Any) -> tuple[list[Network], Network]:
    """Return networks with weights of their own, and the stack of them."""
    alone = [Network(2, layers, dtype) for _ in range(N)]
    stack = Network(2, layers, dtype, stack=(N,))
    for index, network in enumerate(alone):
        rng = np.random.default_rng(index)
        network.parameters += rng.normal(size=network.parameters.shape).astype(dtype)
        stack.parameters[index], stack.state[index] = network.parameters, network.state
    return alone, stack


def rows_of(dtype: Any, rows: int = ROWS) -> tuple[Any, Any, Any]:
    """Return inputs, targets and weights of rows, others for each network."""
    rng = np.random.default_rng(5)
    targets = rng.random((N, rows, 3))
    targets /= targets.sum(axis=-1, keepdims=True)
    arrays = rng.normal(size=(N, rows, 2)), targets, rng.random((N, rows))
    return tuple(array.astype(dtype) for array in arrays)  # type: ignore[return-value]


def objective_of(network: Network, loss: str, rows: int = ROWS) -> Objective:
    activation, kind = network.layers[-1].activation, LOSSES[loss]()
    return Objective(activation, kind, rows, network.n_outputs, network.dtype, network.stack)


def both(
    layers: Sequence[LayerSpec], loss: str, dtype: Any, weighted: bool = False, rows: int = ROWS
) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Pass rows through each network alone and through the stack; return what each came to."""
    alone, stack = drawn(layers, dtype)
    inputs, targets, weights = rows_of(dtype, rows)
    apart = []
    for index, network in enumerate(alone):
        workspace, objective = Workspace(network, rows), objective_of(network, loss, rows)
        scores = workspace.forward(inputs[index])
        value = objective(scores, targets[index], weights[index] if weighted else None)
        workspace.backward(objective.d_scores)
        apart.append((scores, objective.outputs, value, workspace.gradients, network.state))
    workspace, objective = Workspace(stack, rows), objective_of(stack, loss, rows)
    scores = workspace.forward(inputs)
    values = objective(scores, targets, weights if weighted else None)
    workspace.backward(objective.d_scores)
    parts = zip(scores, objective.outputs, values, workspace.gradients, stack.state, strict=True)
    return apart, [*parts]


def assert_same_bytes(apart: list[tuple[Any, ...]], together: list[tuple[Any, ...]]) -> None:
    assert len(apart) == len(together) == N
    for one, other in zip(apart, together, strict=True):
        for index, (expected, found) in enumerate(zip(one, other, strict=True)):
            np.testing.assert_array_equal(found, expected, strict=False, err_msg=str(index))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("loss", "output"), PAIRS)
def test_each_loss_and_gradient_is_that_of_the_network_alone(
    loss: str, output: str, weighted: bool, dtype: Any
) -> None:
    assert_same_bytes(*both(specs(output), loss, dtype, weighted))


@pytest.mark.parametrize("hidden", ACTIVATIONS)
@pytest.mark.parametrize("normalization", [None, *NORMALIZATIONS])
def test_each_activation_and_normalization_is_that_of_the_network_alone(
    hidden: str, normalization: str | None
) -> None:
    settings = NORMALIZATIONS[normalization]() if normalization else None
    layers = specs(hidden=hidden, normalization=settings)
    assert_same_bytes(*both(layers, "categorical_cross_entropy", np.float32))


def test_more_terms_than_one_running_sum_takes_are_added_alike() -> None:
    layers = specs()
    assert_same_bytes(*both(layers, "categorical_cross_entropy", np.float32, rows=30_000))
    assert_same_bytes(*both(specs("identity"), "mean_squared_error", np.float32, rows=30_000))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("decay", [0.0, 0.01])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_each_step_is_that_of_the_network_alone_at_its_own_learning_rate(
    name: str, decay: float, dtype: Any
) -> None:
    alone, stack = drawn(specs(), dtype)
    kind, n = OPTIMIZERS[name], stack.n_weights
    together = kind(stack.parameters, n, weight_decay=decay)
    apart = [kind(network.parameters, n, weight_decay=decay) for network in alone]
    rng = np.random.default_rng(1)
    for _ in range(20):
        gradients = rng.normal(size=stack.parameters.shape).astype(dtype)
        together.step(gradients, RATES)
        for optimizer, own, rate in zip(apart, gradients, RATES[:, 0], strict=True):
            optimizer.step(own, float(rate))
    for network, found in zip(alone, stack.parameters, strict=True):
        np.testing.assert_array_equal(found, network.parameters)


@pytest.mark.parametrize("dtype", DTYPES)
def test_penalties_and_clipping_are_those_of_the_network_alone(dtype: Any) -> None:
    alone, stack = drawn(specs(), dtype)
    n, rng = stack.n_weights, np.random.default_rng(2)
    gradients = rng.normal(size=stack.parameters.shape).astype(dtype)
    apart = gradients.copy()
    penalty = WeightPenalty(stack.parameters[:, :n], gradients[:, :n], l1=0.01, l2=0.1)
    penalty.add_gradient()
    clip_by_value(gradients, 1.5)
    clip_by_norm(gradients, 5.0)
    for network, own, found, value in zip(alone, apart, gradients, penalty.value(), strict=True):
        single = WeightPenalty(network.parameters[:n], own[:n], l1=0.01, l2=0.1)
        single.add_gradient()
        clip_by_value(own, 1.5)
        clip_by_norm(own, 5.0)
        np.testing.assert_array_equal(found, own)
        assert value == single.value()


def test_rows_that_all_networks_share_go_through_each_ones_own_products() -> None:
    alone, stack = drawn(specs(), np.float32)
    inputs = rows_of(np.float32)[0][0]
    together = Workspace(stack, ROWS).predict(inputs)
    for network, found in zip(alone, together, strict=True):
        np.testing.assert_array_equal(found, Workspace(network, ROWS).predict(inputs))


def test_dropout_draws_for_each_network_from_its_own_generator() -> None:
    layers = specs(dropout=0.5)
    alone, stack = drawn(layers, np.float32)
    workspace = Workspace(stack, ROWS).narrowed(ROWS - 2)
    workspace.draw_masks(*(np.random.default_rng(seed) for seed in range(N)))
    inputs = rows_of(np.float32)[0][:, : ROWS - 2]
    scores = workspace.forward(inputs)
    for seed, network in enumerate(alone):
        single = Workspace(network, ROWS).narrowed(ROWS - 2)
        single.draw_masks(np.random.default_rng(seed))
        np.testing.assert_array_equal(scores[seed], single.forward(inputs[seed]))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("rows", "units"), [(1, 3), (3, 1), (40, 60), (1, 700)])
def test_a_column_times_a_row_has_the_bytes_that_a_single_product_has(
    rows: int, units: int, dtype: Any
) -> None:
    rng = np.random.default_rng(6)
    columns = rng.normal(size=(N, rows, 1)).astype(dtype)
    weights = rng.normal(size=(N, 1, units)).astype(dtype)
    columns[0, 0], weights[1, 0, 0], weights[2, 0] = 0.0, -0.0, -weights[2, 0]
    found = stacked_product(columns, weights, np.empty((N, rows, units), dtype))
    for own, *pair in zip(found, columns, weights, strict=True):
        expected = np.empty((rows, units), dtype)
        pair[0].dot(pair[1], expected)
        assert own.tobytes() == expected.tobytes()


@pytest.mark.parametrize("rows", [1, 2, ROWS])
def test_fewer_rows_leave_no_gaps_between_networks(rows: int) -> None:
    """NumPy's negative is wrong for some strides of float64, and others may differ in a bit."""
    network = Network(2, specs(normalization=NORMALIZATIONS["layer"](), dropout=0.5), stack=(N,))
    workspace = Workspace(network, ROWS).narrowed(rows)
    objective = objective_of(network, "categorical_cross_entropy").narrowed(rows)
    for part in (*workspace.stages, workspace.output, objective):
        for name in part.row_buffers:
            buffer = getattr(part, name)
            assert (name, buffer.shape[-2], buffer.flags.c_contiguous) == (name, rows, True)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("loss", "output"), PAIRS)
def test_a_last_batch_of_one_row_and_one_output_is_what_it_is_alone(
    loss: str, output: str, dtype: Any
) -> None:
    layers = [LayerSpec(4, ACTIVATIONS["tanh"]()), LayerSpec(1, ACTIVATIONS[output]())]
    alone, stack = drawn(layers, dtype)
    inputs, targets, _ = rows_of(dtype, 1)
    targets = np.array(LOSSES[loss]().codes(output), dtype)[[0, 1, 0]].reshape(N, 1, 1)
    losses, gradients = of_one_row(stack, inputs, targets, loss)
    for index, network in enumerate(alone):
        own_loss, own = of_one_row(network, inputs[index], targets[index], loss)
        assert losses[index] == own_loss
        assert np.array_equal(gradients[index], own)


def of_one_row(network: Network, inputs: Any, targets: Any, loss: str) -> tuple[Any, Any]:
    """Return loss and gradients of one row, in buffers for eight."""
    workspace = Workspace(network, 8).narrowed(1)
    objective = objective_of(network, loss, 8).narrowed(1)
    value = objective(workspace.forward(inputs), targets)
    workspace.backward(objective.d_scores)
    return value, workspace.gradients
