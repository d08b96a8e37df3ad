"""How many BLAS threads a training uses: a fixed rule, so that a run is repeatable."""

from __future__ import annotations

from functools import cache
from threading import Lock
from typing import Any

from threadpoolctl import ThreadpoolController

# The threads of a product wait for one another many times a step. On a quiet machine two of them
# bring 1.4 times the speed at 10⁸ operations a step and 1.8 times at 10⁹; where another process
# keeps one of two processors busy, they take two to three times as long as one thread does
# undisturbed, and one thread 1.3 times. So `auto` is one thread, but for very large steps.
OPERATIONS_WORTH_A_THREAD = 1e10
# A multiplication and an addition each for the forward product, the gradient of the weights and
# that of the inputs.
OPERATIONS_A_WEIGHT_AND_ROW = 6


def choose_threads(wanted: int | str, n_weights: int, batch_rows: int, processors: int) -> int:
    """Return the number asked for, or for `auto` one for each 10¹⁰ operations in a step."""
    if isinstance(wanted, int):
        return wanted
    worth = int(operations_of_a_step(n_weights, batch_rows) / OPERATIONS_WORTH_A_THREAD)
    return max(1, min(processors, worth))


def operations_of_a_step(n_weights: int, batch_rows: int) -> int:
    """Return about how many multiplications and additions a step takes."""
    return OPERATIONS_A_WEIGHT_AND_ROW * n_weights * batch_rows


def describe_choice(wanted: int | str, n_weights: int, batch_rows: int, processors: int) -> str:
    """Say why `choose_threads` gives what it gives."""
    if isinstance(wanted, int):
        return f"compute.threads is {wanted}"
    operations = operations_of_a_step(n_weights, batch_rows)
    return (
        f"a step takes about {operations:,} operations, each thread should have "
        f"{OPERATIONS_WORTH_A_THREAD:,.0f}, and {processors} "
        f"processor{'s' if processors > 1 else ''} may be used"
    )


@cache
def _libraries() -> ThreadpoolController:
    """Return the libraries that are loaded; to look for them takes half a millisecond."""
    return ThreadpoolController()


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
        self._lock = Lock()
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
        if wanted is None:
            self._original.restore_original_limits()
            self._original = None
        else:
            limit = _libraries().limit(limits=wanted, user_api="blas")
            self._original = self._original or limit


_OWNER = BlasThreads()


def blas_threads(threads: int) -> Held:
    """Let BLAS use this many threads while the context is open; the first of several holds."""
    return Held(_OWNER, threads, yields=False)


def single_blas_thread() -> Held:
    """Let BLAS use one thread while the context is open, unless `blas_threads` says otherwise."""
    return Held(_OWNER, 1, yields=True)
