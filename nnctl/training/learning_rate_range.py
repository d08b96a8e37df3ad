"""The learning rate range test: training's own steps at a rate that grows until they do harm.

Each step has a rate larger by one factor than the step before. Where the rate is too small the loss
stays as it is, then it falls, and in the end it grows: the rate that a training wants is where it
falls. Two rules read such a rate off the curve:

- *steepest*: where the loss falls fastest against the logarithm of the rate;
- *tenth of the minimum*: a tenth of the rate at which the loss is least, for there it is about to
  grow.

The second is taken as the suggestion: a minimum is found more surely in a noisy curve than a slope.
A loss that has all but reached 0 is noise from there on, and its minimum is sought no further.

More steps train for longer at each rate, so the loss is least at a smaller one: suggestions can be
compared for the same number of steps only.

References: Smith 2017, "Cyclical Learning Rates for Training Neural Networks", arXiv:1506.01186,
section 3.3, whose rate grows linearly. The exponential growth, the bias-corrected running mean and
the factor 4 that ends the test are those of Gugger 2018, "How Do You Find A Good Learning Rate",
and both rules those of the library fastai.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from nnctl.data.arrays import FloatArray
from nnctl.training.loop import Trainer
from nnctl.training.steps import NotFiniteError, Progress

REMEMBERED = 0.9  # the share of the running mean that a step keeps
WARM_UP = 10  # steps until the running mean is one: before that it is the noise of a batch or two
DIVERGED, GIVEN_BACK = 4.0, 2.0  # times the least running mean, and the one after the warm-up
WIDTH = 0.03  # of the final smoothing, in shares of the curve
REACH = 6.0  # widths to either side, beyond which the bell is less than 0.00000002
NOTHING = 1e-3  # a share of the first loss: what is less has all but reached 0
SAFETY = 10.0  # the rate at the minimum is divided by it


@dataclass(frozen=True, eq=False)
class RangeTest:
    """What the loss did as the rate grew."""

    rates: FloatArray  # (n_steps,)
    losses: FloatArray  # (n_steps,) of each step's batch, before the step
    diverged: bool  # whether it ended for that, and not at the highest rate

    @cached_property
    def smoothed(self) -> FloatArray:
        """The losses (n_steps,) without most of their noise: a weighted mean of neighbours.

        The weights are a bell curve around each step, so that unlike a running mean it does not lag
        behind.
        """
        width = max(WIDTH * len(self.losses), 0.5)
        reach = math.ceil(REACH * width)
        bell = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
        sums, weights = (
            np.convolve(values, bell)[reach:-reach]
            for values in (self.losses, np.ones(len(self.losses)))
        )
        smoothed: FloatArray = sums / weights
        return smoothed

    @cached_property
    def vanished(self) -> int | None:
        """The first step whose smoothed loss is less than a thousandth of the first; else None."""
        below = np.flatnonzero(self.smoothed < NOTHING * self.smoothed[0])
        return int(below[0]) if len(below) else None

    @property
    def minimum(self) -> int:
        """The step with the least smoothed loss, or the one at which it has all but reached 0."""
        return int(np.argmin(self.smoothed)) if self.vanished is None else self.vanished

    @property
    def steepest(self) -> int | None:
        """The step before the minimum at which the loss falls fastest; None where it never does."""
        smoothed, last = self.smoothed, self.minimum
        if last < 1:
            return None
        slopes = np.diff(smoothed[: last + 1])  # the logarithm of the rate grows evenly
        return int(np.argmin(slopes)) if slopes.min() < 0.0 else None

    @property
    def suggestion(self) -> float | None:
        """A tenth of the rate at the minimum, to two digits; None where the loss never falls."""
        if self.steepest is None:
            return None
        return float(f"{self.rates[self.minimum] / SAFETY:.2g}")

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        steepest = self.steepest
        return {
            "suggestion": self.suggestion,
            "steepest": None if steepest is None else float(self.rates[steepest]),
            "minimum": float(self.rates[self.minimum]),
            "diverged": self.diverged,
            "rates": self.rates.tolist(),
            "losses": self.losses.tolist(),
            "smoothed": self.smoothed.tolist(),
        }


def range_test(trainer: Trainer, lowest: float, highest: float, steps: int) -> RangeTest:
    """Train for a number of steps at rates from `lowest` to `highest`; the trainer is used up.

    Ends before that where the running mean of the loss has grown to 4 times the least that it had,
    and to twice what it was at first, or where the loss is not finite.
    """
    rates = np.geomspace(lowest, highest, steps)
    losses: list[float] = []
    running, first, least = 0.0, math.inf, math.inf
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for number, loss in enumerate(_losses(trainer, rates), 1):
            losses.append(loss)
            running = REMEMBERED * running + (1.0 - REMEMBERED) * loss
            mean = running / (1.0 - REMEMBERED**number)
            if number == WARM_UP:
                first = mean
            if number >= WARM_UP:
                least = min(least, mean)
                if mean > DIVERGED * least and mean > GIVEN_BACK * first:
                    return RangeTest(rates[:number], np.array(losses), diverged=True)
    return RangeTest(rates[: len(losses)], np.array(losses), diverged=len(losses) < steps)


def _losses(trainer: Trainer, rates: FloatArray) -> Iterator[float]:
    """Yield the loss of each step's batch, before the step, until one is not finite."""
    epoch, progress = 0, Progress()
    for rate in rates.tolist():
        loss_before, share_before = progress.loss_sum, progress.share_sum
        try:
            ended = trainer.steps.take(progress, epoch, rate, lambda: True)
        except NotFiniteError:
            return
        if progress.skipped:
            return
        share = progress.share_sum - share_before
        yield (progress.loss_sum - loss_before) / share if share > 0.0 else 0.0
        if ended:
            epoch, progress = epoch + 1, Progress()
