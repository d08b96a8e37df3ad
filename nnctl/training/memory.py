"""How much memory a training will take, told before any of it is allocated."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from nnctl.errors import ConfigError
from nnctl.nn.layout import LayerSpec, parameter_layout
from nnctl.runs.machine import usable_memory
from nnctl.training.evaluation import CHUNK_ROWS

# The parameters themselves, gradients, up to three vectors of optimizer state, scratch, the best
# ones so far, and what a checkpoint gathers from them on its way to the disk.
VECTORS_OF_PARAMETERS = 16
# What a pass keeps for each unit and row: z, activation, their gradients, a normalization's.
VALUES_PER_UNIT = 6
USABLE_SHARE = 0.5


def training_bytes(
    n_inputs: int, layers: Sequence[LayerSpec], batch_rows: int, dtype: np.dtype[np.floating]
) -> int:
    """Return an upper estimate of the bytes that network, optimizer and buffers will take."""
    layout, _ = parameter_layout(n_inputs, layers)
    units = n_inputs + sum(
        layer.units * (VALUES_PER_UNIT + layer.activation.scratch_arrays) for layer in layers
    )
    passes = (batch_rows + CHUNK_ROWS) * units
    return dtype.itemsize * (VECTORS_OF_PARAMETERS * layout.size + passes)


def require_memory(needed: int) -> None:
    """Raise ConfigError when the training would take too large a share of the usable memory."""
    allowed = int(USABLE_SHARE * usable_memory())
    if needed > allowed:
        raise ConfigError(
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
