"""How many BLAS threads a training uses: a fixed rule, so that a run is repeatable."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from threadpoolctl import threadpool_limits

# A product spread over threads pays only when each has much to do: below this many floating-point
# operations a step, waiting for one another costs more than the second thread brings.
OPERATIONS_WORTH_A_THREAD = 1e9


def choose_threads(wanted: int | str, n_weights: int, batch_rows: int, processors: int) -> int:
    """Return the number asked for, or for `auto` one a 10⁹ operations in a step, within reason.

    A step costs about 6 operations a weight and row: a multiplication and an addition each for
    the forward product, the gradient of the weights and that of the inputs.
    """
    if isinstance(wanted, int):
        return wanted
    operations = 6 * n_weights * batch_rows
    return max(1, min(processors, int(operations / OPERATIONS_WORTH_A_THREAD)))


def blas_threads(threads: int) -> AbstractContextManager[Any]:
    """Let BLAS use this many threads while the context is open."""
    limits: AbstractContextManager[Any] = threadpool_limits(limits=threads, user_api="blas")
    return limits
