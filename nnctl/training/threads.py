"""How many BLAS threads a training uses: a fixed rule, so that a run is repeatable."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController

# The threads of a product wait for one another many times a step. On a quiet machine two of them
# bring 1.4 times the speed at 10⁸ operations a step and 1.8 times at 10⁹; where another process
# keeps one of two processors busy, they take two to three times as long as one thread does
# undisturbed, and one thread 1.3 times. So `auto` is one thread, but for very large steps.
OPERATIONS_WORTH_A_THREAD = 1e10


def choose_threads(wanted: int | str, n_weights: int, batch_rows: int, processors: int) -> int:
    """Return the number asked for, or for `auto` one for each 10¹⁰ operations in a step.

    A step costs about 6 operations a weight and row: a multiplication and an addition each for
    the forward product, the gradient of the weights and that of the inputs.
    """
    if isinstance(wanted, int):
        return wanted
    operations = 6 * n_weights * batch_rows
    return max(1, min(processors, int(operations / OPERATIONS_WORTH_A_THREAD)))


def blas_threads(threads: int) -> AbstractContextManager[Any]:
    """Let BLAS use this many threads while the context is open."""
    limits: AbstractContextManager[Any] = _libraries().limit(limits=threads, user_api="blas")
    return limits


@cache
def _libraries() -> ThreadpoolController:
    """Return the libraries that are loaded; to look for them takes half a millisecond."""
    return ThreadpoolController()
