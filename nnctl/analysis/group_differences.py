"""How far apart the means of two groups of runs are, and how far chance alone would put them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from nnctl.training.spread import deviation, mean

# Student's t: a mean of normal values is further than so many standard errors from the truth in 5
# of 100 cases, for 1, 2, 3 ... degrees of freedom. Student (1908), "The Probable Error of a Mean".
STUDENT_T = (
    12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23,
    2.20, 2.18, 2.16, 2.14, 2.13, 2.12, 2.11, 2.10, 2.09, 2.09,
    2.08, 2.07, 2.07, 2.06, 2.06, 2.06, 2.05, 2.05, 2.05, 2.04,
)  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """A mean less that of the reference."""

    value: float
    standard_error: float  # NaN where fewer than two members say how much they differ
    degrees_of_freedom: float
    pairs: int | None = None  # of how many pairs it is a mean; None: members are not paired

    @property
    def told_apart(self) -> bool:
        """Whether it exceeds its standard error."""
        return abs(self.value) > self.standard_error

    @property
    def clear_from(self) -> float:
        """How many standard errors are usually called clear, of so few members."""
        whole = math.floor(min(self.degrees_of_freedom, len(STUDENT_T)))
        return STUDENT_T[max(whole, 1) - 1]


def paired_difference(
    reference: Sequence[float], other: Sequence[float], overlap: float = 0.0
) -> Difference:
    """Return the mean of the differences of pairs, and the standard error of that mean.

    It is s sqrt(1/n + overlap), s the sample standard deviation of n differences. What moves both
    of a pair alike, as rows that are hard for every network, is not in it. `overlap` is 0 for
    independent pairs; for folds, whose training rows are shared, the test rows over the training
    rows: Nadeau and Bengio (2003), "Inference for the Generalization Error".
    """
    differences = [b - a for a, b in zip(reference, other, strict=True)]
    count = len(differences)
    error = deviation(differences) * math.sqrt(1 / count + overlap)
    return Difference(mean(differences), error, count - 1, count)


def difference_of_means(
    reference: Sequence[float], other: Sequence[float], overlaps: tuple[float, float] = (0.0, 0.0)
) -> Difference:
    """Return the difference of two means, which may be of unlike spread and number.

    Its standard error is sqrt(v_a + v_b), v = s² (1/n + overlap), with (v_a + v_b)² / (v_a²/(n_a -
    1) + v_b²/(n_b - 1)) degrees of freedom. Welch (1947), "The Generalization of 'Student's'
    Problem when Several Different Population Variances are Involved".
    """
    sides = (reference, other)
    errors = [
        deviation(values) * math.sqrt(1 / len(values) + overlap)
        for values, overlap in zip(sides, overlaps, strict=True)
    ]
    error = math.hypot(*errors)  # whose squares may be too large, or too small, for a float
    degrees = float(len(reference) + len(other) - 2)
    if error > 0.0:
        shares = [(each / error) ** 2 for each in errors]
        degrees = 1 / sum(
            share**2 / (len(values) - 1) for share, values in zip(shares, sides, strict=True)
        )
    return Difference(mean(other) - mean(reference), error, degrees)
