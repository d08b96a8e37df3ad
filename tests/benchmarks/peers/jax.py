"""JAX with the whole epoch compiled: a scan over its batches, the gather included.

Where an epoch is one batch, all epochs are compiled as one loop.
"""

from __future__ import annotations

from functools import partial
from importlib import import_module
from itertools import pairwise
from typing import Any

import numpy as np

from tests.benchmarks.peers import Training
from tests.benchmarks.workloads import LEARNING_RATE, Workload, rows_of

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8


def prepare(workload: Workload, threads: int | None) -> Training:
    """Return what trains so many epochs; its threads come from outside."""
    jax: Any = import_module("jax")
    rows, rng = rows_of(workload), np.random.default_rng(0)
    inputs, labels = jax.numpy.asarray(rows.inputs), jax.numpy.asarray(rows.labels)
    epoch, all_epochs = compiled_loops(jax)
    state = initial_state(jax, workload, rng)

    def train(epochs: int) -> None:
        nonlocal state
        if workload.batches == 1:
            state, loss = all_epochs(state, inputs, labels, epochs)
        else:
            for _ in range(epochs):
                order = rng.permutation(workload.rows).astype(np.int32)
                order = order.reshape(workload.batches, workload.batch_rows)
                state, loss = epoch(state, inputs, labels, order)
        loss.block_until_ready()

    return train


def initial_state(jax: Any, workload: Workload, rng: np.random.Generator) -> Any:
    """Return parameters, both moments, and the number of steps taken."""
    parameters = [
        (
            jax.numpy.asarray(
                rng.normal(0.0, (2.0 / n_inputs) ** 0.5, (n_inputs, n_units)).astype(np.float32)
            ),
            jax.numpy.zeros(n_units, np.float32),
        )
        for n_inputs, n_units in pairwise(workload.sizes)
    ]
    first, second = (jax.tree.map(jax.numpy.zeros_like, parameters) for _ in range(2))
    return parameters, first, second, jax.numpy.zeros((), np.float32)


def compiled_loops(jax: Any) -> tuple[Any, Any]:
    """Return an epoch over the rows of `order`, and a loop of steps over all rows."""
    step = partial(take_step, jax)

    @partial(jax.jit, donate_argnums=0)
    def epoch(state: Any, inputs: Any, labels: Any, order: Any) -> Any:
        def batch(state: Any, rows: Any) -> Any:
            return step(state, inputs[rows], labels[rows])

        state, losses = jax.lax.scan(batch, state, order)
        return state, losses.mean()

    @partial(jax.jit, donate_argnums=0)
    def all_epochs(state: Any, inputs: Any, labels: Any, epochs: Any) -> Any:
        def once(_: Any, carried: Any) -> Any:
            return step(carried[0], inputs, labels)

        return jax.lax.fori_loop(0, epochs, once, (state, jax.numpy.zeros((), np.float32)))

    return epoch, all_epochs


def take_step(jax: Any, state: Any, inputs: Any, labels: Any) -> Any:
    """Return the state after a step of Adam, and the batch's loss."""
    parameters, first, second, steps = state
    numpy, map_leaves = jax.numpy, jax.tree.map

    def mean_loss(parameters: Any) -> Any:
        values = inputs
        for weights, biases in parameters[:-1]:
            values = jax.nn.relu(values @ weights + biases)
        weights, biases = parameters[-1]
        logs = jax.nn.log_softmax(values @ weights + biases)
        return -numpy.take_along_axis(logs, labels[:, None], axis=1).mean()

    loss, gradients = jax.value_and_grad(mean_loss)(parameters)
    steps = steps + 1.0
    first = map_leaves(lambda m, g: BETA_1 * m + (1.0 - BETA_1) * g, first, gradients)
    second = map_leaves(lambda v, g: BETA_2 * v + (1.0 - BETA_2) * g * g, second, gradients)
    rate, root_share = LEARNING_RATE / (1.0 - BETA_1**steps), (1.0 - BETA_2**steps) ** 0.5
    parameters = map_leaves(
        lambda p, m, v: p - rate * m / (numpy.sqrt(v) / root_share + EPSILON),
        parameters,
        first,
        second,
    )
    return (parameters, first, second, steps), loss
