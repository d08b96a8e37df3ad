"""Random streams are derived from seed, name and indices, and from nothing else."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from nnctl.data.streams import stream

FAMILIES: list[tuple[int, str, tuple[int, ...]]] = [
    (0, "split", ()),
    (1, "split", ()),
    (2**63 - 1, "split", ()),
    (0, "shuffle", ()),
    (0, "shuffle", (0,)),
    (0, "shuffle", (1,)),
    (0, "shuffle", (0, 0)),
    (0, "shuffle", (0, 1)),
    (0, "shuffle", (1, 0)),
    (0, "Split", ()),
]


def test_the_first_values_are_the_same_in_every_process_and_version() -> None:
    assert stream(7, "split").integers(0, 2**32, 3).tolist() == [1341379411, 4094559199, 4049197879]
    assert stream(7, "shuffle", 3).integers(0, 2**32, 3).tolist() == [
        1425997529,
        555038661,
        109937071,
    ]


def test_a_stream_can_be_drawn_again() -> None:
    first, second = stream(5, "dropout", 2, 9), stream(5, "dropout", 2, 9)
    assert np.array_equal(first.random(100), second.random(100))


@pytest.mark.parametrize(("one", "other"), [*itertools.combinations(FAMILIES, 2)])
def test_streams_that_differ_in_anything_are_independent(
    one: tuple[int, str, tuple[int, ...]], other: tuple[int, str, tuple[int, ...]]
) -> None:
    first, second = (stream(seed, name, *indices) for seed, name, indices in (one, other))
    correlation = np.corrcoef(first.random(2000), second.random(2000))[0, 1]
    assert abs(correlation) < 0.1  # more than four standard errors
