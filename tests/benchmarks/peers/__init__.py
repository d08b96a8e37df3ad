"""The peers that nnctl is measured against, each in the way that its users write a training.

Each module has `prepare(workload, threads)`, which returns a function that trains so many epochs.
A module is imported only in the process that measures its peer.
"""

from __future__ import annotations

from collections.abc import Callable

Training = Callable[[int], object]  # trains that many epochs

# Name of the peer -> what it is called in tables.
PEERS = {
    "products": "products alone",
    "nnctl": "nnctl",
    "sklearn": "scikit-learn",
    "torch": "PyTorch",
    "jax": "JAX",
}
