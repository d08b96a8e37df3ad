"""How fast a config trains here, and how near that is to the time of its matrix products alone.

Steps and products are timed in turn, so that a machine that is busy with something else slows both.
"""

from __future__ import annotations

import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnctl.config import Config
from nnctl.data.dataset import Dataset
from nnctl.errors import DivergenceError
from nnctl.nn.arrays import FloatArray
from nnctl.nn.network import Network
from nnctl.nn.operations import product_for
from nnctl.runs.machine import usable_processors
from nnctl.training.assembly import Assembly, assemble, count_rows
from nnctl.training.loop import Trainer
from nnctl.training.memory import training_bytes
from nnctl.training.steps import NotFiniteError
from nnctl.training.threads import blas_threads, describe_choice, operations_of_a_step

LONGEST_TURN = 0.1  # seconds of steps before it is the products' turn
FEWEST_TURNS = 4
BYTES_OF_A_UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss

Product = tuple[FloatArray, FloatArray, FloatArray]  # two factors, and where their product goes


@dataclass(frozen=True)
class Speed:
    """What was measured with so many BLAS threads; times are medians over the turns, in seconds."""

    threads: int
    steps: int  # that were taken
    step: float
    epoch: float  # all of its steps, without the measuring at its end
    products: float  # of the same steps, alone
    rows_a_second: float
    operations_a_second: float
    products_share: float  # of the time of a step

    def to_dict(self) -> dict[str, Any]:
        """Return the figures under names that say their units."""
        return {
            "threads": self.threads,
            "steps": self.steps,
            "step_microseconds": self.step * 1e6,
            "epoch_milliseconds": self.epoch * 1e3,
            "rows_a_second": self.rows_a_second,
            "gigaflops": self.operations_a_second / 1e9,
            "products_microseconds": self.products * 1e6,
            "products_share": self.products_share,
        }


def measure_speed(
    config: Config, dataset: Dataset, seconds: float, threads: Sequence[int] = ()
) -> dict[str, Any]:
    """Train for about `seconds` with each number of threads, and return what that took.

    Without `threads` it is the number that a training would use. Nothing is written.
    Raises ConfigError, and DivergenceError where a number is not finite.
    """
    report = _describe(config, dataset)
    speeds = [
        _speed_of(assemble(config, dataset)[0], number, seconds).to_dict()
        for number in threads or (report["threads"],)
    ]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * BYTES_OF_A_UNIT
    return {**report, "peak_bytes": peak, "measured": speeds}


def _describe(config: Config, dataset: Dataset) -> dict[str, Any]:
    """Return what is known before anything is measured."""
    assembly, config = assemble(config, dataset)
    network, rows = assembly.trainer.network, assembly.trainer.batch_rows
    operations = operations_of_a_step(network, rows)
    return {
        "name": config.name,
        "parameters": len(network.parameters),
        "dtype": network.dtype.name,
        "batch_rows": rows,
        "steps_an_epoch": assembly.trainer.steps.batches_in_epoch,
        "operations_a_step": operations,
        "threads": assembly.threads,
        "threads_reason": describe_choice(config.compute.threads, operations, usable_processors()),
        "training_bytes": training_bytes(
            network.n_inputs, network.layers, rows, count_rows(dataset), network.dtype
        ),
        "notices": [*dataset.notices, *assembly.notices],
    }


def _speed_of(assembly: Assembly, threads: int, seconds: float) -> Speed:
    trainer = assembly.trainer
    products = Products(trainer)
    turn = min(LONGEST_TURN, seconds / FEWEST_TURNS)
    taken = 0
    step_times: list[float] = []
    product_times: list[float] = []
    with blas_threads(threads):
        _take_steps(trainer, turn / 2)  # the first touch of all memory
        products.compute(1)
        end = time.perf_counter() + seconds
        while not step_times or time.perf_counter() < end:
            began = time.perf_counter()
            steps = _take_steps(trainer, turn)
            between = time.perf_counter()
            products.compute(steps)
            ended = time.perf_counter()
            step_times.append((between - began) / steps)
            product_times.append((ended - between) / steps)
            taken += steps
    step = statistics.median(step_times)
    shares = [alone / whole for alone, whole in zip(product_times, step_times, strict=True)]
    rows, batches = len(trainer.train), trainer.steps.batches_in_epoch
    return Speed(
        threads=threads,
        steps=taken,
        step=step,
        epoch=step * batches,
        products=statistics.median(product_times),
        rows_a_second=rows / (step * batches),
        operations_a_second=operations_of_a_step(trainer.network, rows) / (step * batches),
        products_share=statistics.median(shares),
    )


def _take_steps(trainer: Trainer, seconds: float) -> int:
    """Train for so long, at least a step; return how many steps that were."""
    end, taken = time.perf_counter() + seconds, 0
    paused: Callable[[], bool] = lambda: time.perf_counter() >= end  # noqa: E731
    while taken == 0 or not paused():
        progress = trainer.begun()
        before, rate = progress.batches, trainer.learning_rate.rate(trainer.epoch)
        try:
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                ended = trainer.steps.take(progress, trainer.epoch, rate, paused)
        except NotFiniteError as error:
            raise DivergenceError(
                f"training diverged in epoch {trainer.epoch + 1}: {error}, at learning rate "
                f"{rate:g}; lower optimizer.learning_rate"
            ) from error
        taken += progress.batches - before
        if ended:
            trainer.epoch, trainer.progress = trainer.epoch + 1, None
    return taken


class Products:
    """The matrix products of an epoch's steps, and nothing else."""

    def __init__(self, trainer: Trainer) -> None:
        self.batches = trainer.steps.batches_in_epoch
        network, rows = trainer.network, trainer.batch_rows
        shorter = len(trainer.train) - (self.batches - 1) * rows  # of the last batch
        self.usual, self.last = _products(network, rows), _products(network, shorter)
        self.multiply = product_for(self.usual[0][-1])  # as the layers have it
        self.computed = 0

    def compute(self, steps: int) -> None:
        """Compute the products of so many steps more."""
        for _ in range(steps):
            self.computed += 1
            products = self.usual if self.computed % self.batches else self.last
            for left, right, out in products:
                self.multiply(left, right, out)


def _products(network: Network, rows: int) -> list[Product]:
    """Return the products of a step: of each layer xW forward, xᵀg for its weights, gWᵀ for x.

    x are a layer's inputs (rows, n_inputs), g the gradients of its net inputs (rows, units). The
    first layer needs no gradient of its inputs.
    """
    dtype, rng = network.dtype, np.random.default_rng(0)
    products: list[Product] = []
    for layer in range(len(network.layers)):
        weights = network.views(layer)["weights"].copy()  # (n_inputs, units)
        n_inputs, units = weights.shape
        inputs = rng.random((rows, n_inputs)).astype(dtype)
        gradients = rng.random((rows, units)).astype(dtype)
        products.append((inputs, weights, np.empty_like(gradients)))
        products.append((inputs.T, gradients, np.empty_like(weights)))
        if layer > 0:
            products.append((gradients, weights.T, np.empty_like(inputs)))
    return products
