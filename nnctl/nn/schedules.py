"""How the learning rate changes from epoch to epoch: pure functions, and one that watches.

A schedule answers `(epoch, learning_rate) -> rate`, with epochs counted from 0 and `learning_rate`
the base rate of the config. Only `ReduceOnPlateau` depends on how training went, so only it has
state. `LearningRate` puts a linear warm-up before any of them.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal

Mode = Literal["min", "max"]
Schedule = Callable[[int, float], float]


def constant(_epoch: int, learning_rate: float) -> float:
    """`learning_rate`, always."""
    return learning_rate


def step(epoch: int, learning_rate: float, *, step_size: int, gamma: float = 0.1) -> float:
    """`learning_rate * gamma^floor(epoch / step_size)`: a drop every `step_size` epochs."""
    return float(learning_rate * gamma ** (epoch // step_size))


def multistep(
    epoch: int, learning_rate: float, *, milestones: Sequence[int], gamma: float = 0.1
) -> float:
    """`learning_rate * gamma^(milestones reached)`: a drop from each milestone's epoch on."""
    return float(learning_rate * gamma ** bisect_right(milestones, epoch))


def exponential(epoch: int, learning_rate: float, *, gamma: float) -> float:
    """`learning_rate * gamma^epoch`."""
    return float(learning_rate * gamma**epoch)


def cosine(epoch: int, learning_rate: float, *, epochs: int, minimum: float = 0.0) -> float:
    """`minimum + (learning_rate - minimum) * (1 + cos(pi * epoch / epochs)) / 2`.

    Half a wave from the base rate in epoch 0 to `minimum` in epoch `epochs`, where it stays; the
    last of `epochs` epochs thus runs a little above it. Without the restarts of Loshchilov &
    Hutter 2017, arXiv:1608.03983, eq. 5.
    """
    return _cosine_between(learning_rate, minimum, min(epoch / epochs, 1.0))


def inverse_scaling(epoch: int, learning_rate: float, *, power: float = 0.5) -> float:
    """`learning_rate / (epoch + 1)^power`."""
    return float(learning_rate / (epoch + 1) ** power)


def one_cycle(
    epoch: int,
    learning_rate: float,
    *,
    epochs: int,
    peak_fraction: float = 0.3,
    initial_divisor: float = 25.0,
    final_divisor: float = 1e4,
) -> float:
    """Up to the base rate, which is the peak, and far down: each way half a cosine wave.

    Epoch 0 has `learning_rate / initial_divisor`, epoch `round(peak_fraction * epochs) - 1` the
    peak, the last of `epochs` epochs that start divided by `final_divisor`, where it stays.

    Reference: Smith & Topin 2018, arXiv:1708.07120, whose ways are straight lines. Momentum is
    not cycled against the rate here.
    """
    start = learning_rate / initial_divisor
    last = epochs - 1
    peak = max(round(peak_fraction * epochs) - 1, 0)
    epoch = min(epoch, last)
    if epoch < peak:
        return _cosine_between(start, learning_rate, epoch / peak)
    if epoch == peak:
        return learning_rate
    return _cosine_between(learning_rate, start / final_divisor, (epoch - peak) / (last - peak))


class ReduceOnPlateau:
    """`max(learning_rate * factor^reductions, minimum)`: a drop whenever progress has stopped.

    Each epoch's monitored value is told by `observe`. After `patience` epochs in a row without an
    improvement by more than `min_delta` there is one reduction more, and the waiting begins anew.
    `minimum` never raises a rate that starts below it.

    Args:
        factor: in (0, 1), what a reduction multiplies the rate by.
        patience: epochs without improvement that bring a reduction.
        min_delta: what an improvement must exceed.
        minimum: the rate below which no reduction goes.
        mode: whether the monitored value should become small ("min") or large ("max").
    """

    def __init__(
        self,
        *,
        factor: float = 0.1,
        patience: int = 10,
        min_delta: float = 1e-4,
        minimum: float = 0.0,
        mode: Mode = "min",
    ) -> None:
        self.factor = factor
        self.patience = patience
        self.min_delta = min_delta
        self.minimum = minimum
        self.mode: Mode = mode
        self.best: float | None = None
        self.waited = 0
        self.reductions = 0

    def __call__(self, _epoch: int, learning_rate: float) -> float:
        reduced = float(learning_rate * self.factor**self.reductions)
        return max(reduced, min(self.minimum, learning_rate))

    def observe(self, value: float) -> None:
        """Take in the monitored value of an epoch that has ended."""
        if improves(value, self.best, self.mode, self.min_delta):
            self.best = float(value)
            self.waited = 0
            return
        self.waited += 1
        if self.waited >= self.patience:
            self.reductions += 1
            self.waited = 0

    def state(self) -> dict[str, float | None]:
        """What `restore` needs in order to go on; `best` is None before the first finite value."""
        return {"best": self.best, "waited": self.waited, "reductions": self.reductions}

    def restore(self, state: Mapping[str, float | None]) -> None:
        """Go on from what `state` returned."""
        self.best = state["best"]
        self.waited = int(state["waited"] or 0)
        self.reductions = int(state["reductions"] or 0)


SCHEDULES: dict[str, Callable[..., float] | type[ReduceOnPlateau]] = {
    "constant": constant,
    "step": step,
    "multistep": multistep,
    "exponential": exponential,
    "cosine": cosine,
    "inverse_scaling": inverse_scaling,
    "one_cycle": one_cycle,
    "reduce_on_plateau": ReduceOnPlateau,
}


class LearningRate:
    """The learning rate of every epoch: a linear warm-up, then a schedule of `SCHEDULES`.

    With W warm-up epochs, epoch e < W has `(e + 1) / (W + 1)` of the schedule's first rate, which
    is reached in epoch W, the schedule's own epoch 0: the steps up are equal, and the first epoch
    already learns. Reference: Goyal et al. 2017, arXiv:1706.02677, section 2.2.

    Args:
        learning_rate: the base rate.
        schedule: a key of `SCHEDULES`.
        warmup_epochs: W, 0 for none.
        parameters: those of the schedule.
    """

    def __init__(
        self,
        learning_rate: float,
        schedule: str = "constant",
        *,
        warmup_epochs: int = 0,
        **parameters: Any,
    ) -> None:
        self.learning_rate = learning_rate
        self.warmup_epochs = warmup_epochs
        self.halvings = 0
        self.is_constant = schedule == "constant" and warmup_epochs == 0  # but for halvings
        self._schedule = _bind(SCHEDULES[schedule], parameters)

    def rate(self, epoch: int) -> float:
        """The rate of `epoch`, counted from 0."""
        learning_rate = self.learning_rate / 2**self.halvings
        if epoch < self.warmup_epochs:
            target = self._schedule(0, learning_rate)
            return target * (epoch + 1) / (self.warmup_epochs + 1)
        return self._schedule(epoch - self.warmup_epochs, learning_rate)

    def halve(self) -> None:
        """Take half the rate from now on, as after a divergence."""
        self.halvings += 1

    def observe(self, value: float) -> None:
        """Tell the monitored value of an epoch that has ended, warm-up included."""
        if isinstance(self._schedule, ReduceOnPlateau):
            self._schedule.observe(value)

    def state(self) -> dict[str, float | None]:
        """What `restore` needs in order to go on."""
        watched = self._schedule.state() if isinstance(self._schedule, ReduceOnPlateau) else {}
        return {"halvings": self.halvings, **watched}

    def restore(self, state: Mapping[str, float | None]) -> None:
        """Go on from what `state` returned; a schedule that was another until now begins anew."""
        self.halvings = int(state["halvings"] or 0)
        if isinstance(self._schedule, ReduceOnPlateau) and "best" in state:
            self._schedule.restore(state)


def improves(value: float, best: float | None, mode: Mode, min_delta: float) -> bool:
    """Whether `value` is better than `best` by more than `min_delta`; with no best, if finite.

    NaN is never better, and nothing infinite is.
    """
    if not math.isfinite(value):
        return False
    if best is None:
        return True
    return value < best - min_delta if mode == "min" else value > best + min_delta


def _bind(
    schedule: Callable[..., float] | type[ReduceOnPlateau], parameters: Mapping[str, Any]
) -> Schedule:
    if isinstance(schedule, type):
        watching: Schedule = schedule(**parameters)
        return watching
    return partial(schedule, **parameters)


def _cosine_between(start: float, end: float, fraction: float) -> float:
    """From `start` at fraction 0 to `end` at 1, level at both ends."""
    return end + (start - end) * (1.0 + math.cos(math.pi * fraction)) / 2.0
