"""Limited-memory BFGS: takes a smooth convex function of a vector to its minimum, all rows at once.

Where an optimizer takes one step a batch towards weights that generalize, this goes all the way. A
network without hidden layers is such a function, and some ten iterations of it are exact enough.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from nnctl.nn.arrays import FloatArray

Function = Callable[[FloatArray], tuple[float, FloatArray]]  # point -> value, gradient
Pair = tuple[FloatArray, FloatArray]  # a step, and the change of the gradient along it

MEMORY = 10  # pairs kept
SUFFICIENT_DECREASE, SUFFICIENT_FLATTENING = 1e-4, 0.9  # Nocedal & Wright (2006), section 3.1
MOST_TRIALS = 40  # of a line search: after them a step is below any rounding


@dataclass(frozen=True, eq=False)
class Point:
    """Where a search is, with the function's value and gradient there."""

    place: FloatArray  # (n,)
    value: float
    gradient: FloatArray  # (n,)


def minimize(
    function: Function, start: FloatArray, *, iterations: int = 100, tolerance: float = 1e-5
) -> FloatArray:
    """Return where `function` is smallest, from `start` (n,) in at most so many iterations.

    It ends when no slope is above `tolerance` times the steepest at the start, or when no step
    makes the value smaller: at a kink, or where rounding hides the rest.

    Reference: Nocedal & Wright (2006), Numerical Optimization, algorithm 7.5.
    """
    point = Point(start, *function(start))
    flat = tolerance * float(np.abs(point.gradient).max(initial=0.0))
    pairs: deque[Pair] = deque(maxlen=MEMORY)
    for _ in range(iterations):
        if float(np.abs(point.gradient).max(initial=0.0)) <= flat:
            break
        following = line_search(function, point, descent_direction(point.gradient, pairs))
        if following is None:
            break
        pairs.append((following.place - point.place, following.gradient - point.gradient))
        point = following
    return point.place


def descent_direction(gradient: FloatArray, pairs: Sequence[Pair]) -> FloatArray:
    """Return -H g (n,), with H the inverse Hessian that the pairs tell of, by two loops over them.

    Without pairs it is -g, no longer than 1. Reference: Nocedal & Wright (2006), algorithm 7.4.
    """
    if not pairs:
        return -gradient / max(1.0, float(np.linalg.norm(gradient)))
    direction = -gradient
    shares = []
    for step, change in reversed(pairs):
        share = float(step @ direction) / float(step @ change)
        direction -= share * change
        shares.append(share)
    step, change = pairs[-1]
    direction *= float(step @ change) / float(change @ change)
    for (step, change), share in zip(pairs, reversed(shares), strict=True):
        direction += (share - float(change @ direction) / float(step @ change)) * step
    return direction


def line_search(function: Function, start: Point, direction: FloatArray) -> Point | None:
    """Return a point along `direction` that is lower by enough and flatter by enough, or None.

    Both are the weak Wolfe conditions. The interval that holds such a point is doubled until its
    end is too far, then halved; this also gets along with kinks.
    Reference: Lewis & Overton (2013), Mathematical Programming 141, algorithm 2.6.
    """
    slope = float(start.gradient @ direction)
    if not slope < 0.0:  # rounding has made it lead uphill
        return None
    nearest, farthest, length = 0.0, math.inf, 1.0
    for _ in range(MOST_TRIALS):
        place = start.place + length * direction
        point = Point(place, *function(place))
        if not point.value <= start.value + SUFFICIENT_DECREASE * length * slope:  # NaN, too
            farthest = length
        elif float(point.gradient @ direction) < SUFFICIENT_FLATTENING * slope:
            nearest = length
        else:
            return point if point.value < start.value else None
        length = 2.0 * length if math.isinf(farthest) else (nearest + farthest) / 2.0
    return None
