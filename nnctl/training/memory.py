"""How much memory a training will take, told before any of it is allocated."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from nnctl.nn.layout import LayerSpec, parameter_layout
from nnctl.runs.machine import usable_memory
from nnctl.training.evaluation import CHUNK_ROWS
from nnctl.training.observing import MOST_ROWS

# The parameters themselves and the best ones so far, scratch, up to three vectors of optimizer
# state, two snapshots of these, the gradients of every workspace, and the copies that a checkpoint
# makes on its way to the disk.
VECTORS_OF_PARAMETERS = 36
# What a pass keeps for each row and input (its copy and its gradient), and for each row and unit.
VALUES_PER_INPUT = 2
VALUES_PER_UNIT = 5  # z, activation, their gradients, and one in passing
VALUES_OF_A_NORMALIZATION = 3
VALUES_OF_DROPOUT = 3
VALUES_OF_THE_OBJECTIVE = 6
EVALUATORS = 3  # that of the epochs, and two of the summary
# For each row of the data and output: targets as the loss takes them, outputs, scores of metrics.
VALUES_PER_OUTPUT = 12
USABLE_SHARE = 0.5


def training_bytes(
    n_inputs: int,
    layers: Sequence[LayerSpec],
    batch_rows: int,
    data_rows: int,
    dtype: np.dtype[np.floating],
) -> int:
    """Return an upper estimate of the bytes that network, optimizer and buffers will take.

    The data itself has been read by then and is not counted.
    """
    layout, _ = parameter_layout(n_inputs, layers)
    values = VALUES_PER_INPUT * n_inputs + sum(map(_values_of_layer, layers))
    values += VALUES_OF_THE_OBJECTIVE * layers[-1].units
    rows = batch_rows + EVALUATORS * min(data_rows, CHUNK_ROWS) + min(data_rows, MOST_ROWS)
    outputs = VALUES_PER_OUTPUT * data_rows * layers[-1].units
    return dtype.itemsize * (VECTORS_OF_PARAMETERS * layout.size + rows * values + outputs)


def _values_of_layer(layer: LayerSpec) -> int:
    """Return how many numbers a pass keeps of a layer for each row."""
    normalization = VALUES_OF_A_NORMALIZATION if layer.normalization else 0
    dropout = VALUES_OF_DROPOUT if layer.dropout else 0
    scratch = layer.activation.scratch_arrays
    return layer.units * (VALUES_PER_UNIT + normalization + dropout + scratch)


def memory_shortage(needed: int) -> str | None:
    """Say that a training would take too large a share of the usable memory; None if it fits."""
    allowed = int(USABLE_SHARE * usable_memory())
    if needed <= allowed:
        return None
    return (
        f"model: training would take about {readable_bytes(needed)} of memory, more than half "
        f"of what is usable ({readable_bytes(allowed)} allowed); write fewer units, or a "
        "smaller training.batch_size"
    )


def readable_bytes(count: int) -> str:
    """Return a size as a person reads it: `1.5 GiB`."""
    units = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
    power = min(int(math.log(max(count, 1), 1024)), len(units) - 1)
    digits = 0 if power == 0 else 1
    return f"{count / 1024**power:.{digits}f} {units[power]}"
