"""How long the properties of this folder are searched for a counterexample, and where.

Every run of the tests takes the same examples. To look for new ones, and for as long as you like:

    NNCTL_SEARCH=20 python -m pytest tests/robustness      twenty times as many, drawn anew
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, settings

SEARCH = "NNCTL_SEARCH"  # how many times as many examples
MEMORY = Path("/dev/shm")  # where fsync costs nothing


def search(examples: int) -> settings:
    """Return settings for so many examples, or as many times more as the environment says."""
    factor = os.environ.get(SEARCH)
    return settings(
        max_examples=examples * int(factor or 1),
        derandomize=factor is None,
        database=None,
        deadline=None,
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.filter_too_much,
            HealthCheck.large_base_example,
        ],
    )


@contextlib.contextmanager
def fresh_directory() -> Iterator[Path]:
    """Work in an empty directory, in memory where there is some, that goes with the block."""
    with TemporaryDirectory(prefix="robustness-", dir=memory()) as name, contextlib.chdir(name):
        yield Path(name)


def memory() -> Path | None:
    """Return a directory in memory, where there is one."""
    return MEMORY if os.access(MEMORY, os.W_OK) else None
