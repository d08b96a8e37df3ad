"""Which networks train stacked, and how many: rules that look at the config and at no clock."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from nnctl.config import Config, config_to_dict
from nnctl.config.target_checks import output_units
from nnctl.data.dataset import Dataset
from nnctl.nn.layout import parameter_layout
from nnctl.training.assembly import batch_size, count_rows
from nnctl.training.build import layer_specs
from nnctl.training.threads import operations_of

# In what the networks of a stack may differ.
OF_EACH = (
    "name",
    "expect",
    "training.seed",
    "training.epochs",
    "training.early_stopping.patience",
    "training.early_stopping.min_delta",
    "optimizer.learning_rate",
    "optimizer.weight_decay",
    "regularization.l1",
    "regularization.l2",
)
MOST_TOGETHER = 64
FEWEST_TOGETHER = 4  # two or three are hardly faster stacked, or slower
FEWEST_WORTHWHILE = 8  # of an architecture: where fewer is best, it hardly matters
# Stacked, networks save calls, and lose the cache when they are too many: of 10^6 operations a step
# 64 take two fifths of their time alone, of 5 x 10^6 16 take three quarters, and of 2 x 10^7 any
# number takes what they take alone (`tests/benchmarks/stacked.py`).
OPERATIONS_TOGETHER = 1e8
# Of parameters, and of inputs and units of a batch. One network's stay in the cache from step to
# step; with more of several, each call fetches them anew.
STEP_BYTES_TOGETHER = 2**21
BYTES_TOGETHER = 2**28  # of the outputs, targets and order that each network has of its own
INDEX_BYTES = 8  # of a row in an order


@dataclass(frozen=True)
class Alike:
    """What trials have in common that may train stacked."""

    architecture: str
    most: int  # of them together


def shape_of(config: Config, dataset: Dataset) -> Alike:
    """Return what the networks of a stack have in common with the one of this config."""
    return Alike(architecture(config), most_together(config, dataset))


def most_together(config: Config, dataset: Dataset) -> int:
    """Return how many networks like this one train best together; 1 where it trains best alone."""
    if config.training.on_divergence != "stop" or config.compute.threads not in ("auto", 1):
        return 1
    needs = needs_of(config, dataset)
    most = int(min(bound / need for bound, need in needs))
    return min(most, MOST_TOGETHER) if most >= FEWEST_WORTHWHILE else 1


def stacked_of(most: int, there: int) -> int:
    """Return how many of the networks that are there train together; 1 where they are too few."""
    count = min(most, there)
    return count if count >= FEWEST_TOGETHER else 1


def needs_of(config: Config, dataset: Dataset) -> list[tuple[float, int]]:
    """Return what all networks of a stack may take, and what one like this takes of it."""
    n_outputs = output_units(config, dataset.preprocessing)
    specs, n_inputs = layer_specs(config, n_outputs), dataset.train.inputs.shape[1]
    sizes, batch_rows = [n_inputs, *(spec.units for spec in specs)], batch_size(config, dataset)[0]
    weights = [n_inputs * n_units for n_inputs, n_units in pairwise(sizes)]
    layout, _ = parameter_layout(n_inputs, specs)
    itemsize = np.dtype(config.compute.dtype).itemsize
    bytes_a_row = 2 * n_outputs * itemsize + 2 * INDEX_BYTES
    return [
        (OPERATIONS_TOGETHER, operations_of(weights, batch_rows)),
        (STEP_BYTES_TOGETHER, itemsize * (layout.size + batch_rows * sum(sizes))),
        (BYTES_TOGETHER, count_rows(dataset) * bytes_a_row),
    ]


def architecture(config: Config) -> str:
    """Return all of a config that the networks of a stack have in common, as a text."""
    settings = config_to_dict(config)
    for key in OF_EACH:
        *path, last = key.split(".")
        place: Any = settings
        for part in path:
            place = place.get(part) if isinstance(place, dict) else None
        if isinstance(place, dict):
            place.pop(last, None)
    return json.dumps(settings, sort_keys=True)
