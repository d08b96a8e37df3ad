"""The matrix products of a step and nothing else: what no NumPy engine can be faster than."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from tests.benchmarks.peers import Training
from tests.benchmarks.workloads import FloatArray, Workload

Product = tuple[FloatArray, FloatArray, FloatArray]  # two factors, and where it is written


def prepare(workload: Workload, threads: int | None) -> Training:
    """Return what computes the products of so many epochs; BLAS has its threads from outside."""
    products = list(products_of_step(workload))

    def train(epochs: int) -> None:
        matmul = np.matmul
        for _ in range(epochs * workload.batches):
            for first, second, out in products:
                matmul(first, second, out)

    return train


def products_of_step(workload: Workload) -> Iterator[Product]:
    """Yield each layer's forward product, then the gradients of its weights and its inputs."""
    rng = np.random.default_rng(0)

    def matrix(rows: int, columns: int) -> FloatArray:
        return rng.normal(size=(rows, columns)).astype(np.float32)

    sizes, rows = workload.sizes, workload.batch_rows
    values = [matrix(rows, units) for units in sizes]
    d_values = [matrix(rows, units) for units in sizes]
    weights = [matrix(*pair) for pair in pairwise(sizes)]
    for layer, layer_weights in enumerate(weights):
        yield values[layer], layer_weights, np.empty_like(values[layer + 1])
    for layer, layer_weights in reversed(list(enumerate(weights))):
        yield values[layer].T, d_values[layer + 1], np.empty_like(layer_weights)
        if layer > 0:
            yield d_values[layer + 1], layer_weights.T, np.empty_like(values[layer])
