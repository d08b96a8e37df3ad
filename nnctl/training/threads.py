"""How many BLAS threads a training uses: a fixed rule, so that a run is repeatable."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from threading import RLock
from typing import Any

from threadpoolctl import ThreadpoolController

from nnctl.nn.network import Network

# The threads of a product wait for one another many times a step. On a quiet machine two of them
# bring 1.4 times the speed at 10⁸ operations a step and 1.8 times at 10⁹; where another process
# keeps one of two processors busy, they take two to three times as long as one thread does
# undisturbed, and one thread 1.3 times. So `auto` is one thread, but for very large steps.
OPERATIONS_WORTH_A_THREAD = 1e10


def choose_threads(wanted: int | str, operations: int, processors: int) -> int:
    """Return the number asked for, or for `auto` one for each 10¹⁰ operations in a step."""
    if isinstance(wanted, int):
        return wanted
    return max(1, min(processors, int(operations / OPERATIONS_WORTH_A_THREAD)))


def operations_of_a_step(network: Network, rows: int) -> int:
    """Return the multiplications and additions in the matrix products of so many rows.

    They are a product forward, one for the gradient of the weights and, but for the first layer,
    one for that of the inputs.
    """
    return operations_of(
        [network.views(layer)["weights"].size for layer in range(len(network.layers))], rows
    )


def operations_of(weights: Sequence[int], rows: int) -> int:
    """Return the same for layers of so many weights."""
    first, *others = weights
    return 2 * rows * (2 * first + 3 * sum(others))


def describe_choice(wanted: int | str, operations: int, processors: int) -> str:
    """Say why `choose_threads` gives what it gives."""
    if isinstance(wanted, int):
        return f"compute.threads is {wanted}"
    if operations < 2 * OPERATIONS_WORTH_A_THREAD:
        return f"a step of {operations:,} operations is too small to be divided among threads"
    return (
        f"a step takes {operations:,} operations, each thread should have "
        f"{OPERATIONS_WORTH_A_THREAD:,.0f}, and {processors} "
        f"processor{'s' if processors > 1 else ''} may be used"
    )


@cache
def _libraries() -> ThreadpoolController:
    """Return the libraries that are loaded; to look for them takes half a millisecond."""
    return ThreadpoolController()


def _let_any_thread_decide() -> None:
    """Take back threadpoolctl's rule that one Python thread sets OpenBLAS's number, others in vain.

    Its releases of before that rule need nothing.
    """
    for library in _libraries().lib_controllers:
        if hasattr(library, "clear_controlling_thread"):
            library.clear_controlling_thread(force=True)


class Held:
    """A wish for so many threads, from `with` to its end."""

    def __init__(self, owner: BlasThreads, threads: int, *, yields: bool) -> None:
        self.owner, self.threads, self.yields = owner, threads, yields

    def __enter__(self) -> None:
        self.owner.enter(self)

    def __exit__(self, *_: object) -> None:
        self.owner.leave(self)


class BlasThreads:
    """The one owner of BLAS's number of threads, whichever threads of the program wish for one.

    With a limit each, the last to leave might restore what another had set. The first wish inside
    holds, before any that yields: so a prediction does not change the last bits of a training
    beside it.
    """

    def __init__(self) -> None:
        # An abandoned training is closed when memory is tidied up, which may be inside of here.
        self._lock = RLock()
        self._inside: list[Held] = []
        self._now: int | None = None
        self._original: Any = None  # knows the numbers from before the first entered

    def enter(self, wish: Held) -> None:
        """Count a wish among those inside."""
        with self._lock:
            self._inside.append(wish)
            self._settle()

    def leave(self, wish: Held) -> None:
        """Forget a wish; with the last one the numbers are what they were before the first."""
        with self._lock:
            self._inside.remove(wish)
            self._settle()

    def _settle(self) -> None:
        wishes = sorted(self._inside, key=lambda wish: wish.yields)  # else in their own order
        wanted = wishes[0].threads if wishes else None
        if wanted == self._now:
            return
        self._now = wanted
        _let_any_thread_decide()
        if wanted is None:
            self._original.restore_original_limits()
            self._original = None
        else:
            limit = _libraries().limit(limits=wanted, user_api="blas")
            self._original = self._original or limit
        _let_any_thread_decide()


_OWNER = BlasThreads()


def blas_threads(threads: int) -> Held:
    """Let BLAS use this many threads while the context is open; the first of several holds."""
    return Held(_OWNER, threads, yields=False)


def single_blas_thread() -> Held:
    """Let BLAS use one thread while the context is open, unless `blas_threads` says otherwise."""
    return Held(_OWNER, 1, yields=True)
