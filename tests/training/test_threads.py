from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from nnctl.training.threads import (
    OPERATIONS_WORTH_A_THREAD,
    SingleThread,
    blas_threads,
    choose_threads,
)
from tests.training.experiments import Settings, classification, column, trained

WORTH_ONE = int(OPERATIONS_WORTH_A_THREAD / 6)  # weights times rows


@pytest.mark.parametrize(
    ("wanted", "n_weights", "batch_rows", "processors", "expected"),
    [
        (1, 10**9, 10**6, 64, 1),
        (3, 1, 1, 1, 3),
        ("auto", 1, 1, 64, 1),
        ("auto", 0, 32, 64, 1),
        ("auto", 10_000, 128, 2, 1),
        ("auto", WORTH_ONE, 1, 64, 1),
        ("auto", WORTH_ONE, 2, 64, 1),
        ("auto", WORTH_ONE + 1, 2, 64, 2),
        ("auto", 2, WORTH_ONE + 1, 64, 2),
        ("auto", WORTH_ONE + 1, 7, 64, 7),
        ("auto", WORTH_ONE + 1, 7, 4, 4),
        ("auto", 10**9, 10**6, 1, 1),
        ("auto", 10**9, 10**6, 64, 64),
    ],
)
def test_threads_follow_from_the_work_of_a_step(
    wanted: int | str, n_weights: int, batch_rows: int, processors: int, expected: int
) -> None:
    assert choose_threads(wanted, n_weights, batch_rows, processors) == expected


def test_blas_is_held_to_the_number_while_the_context_is_open() -> None:
    np.dot(np.ones(2), np.ones(2))
    before = blas_pools()
    assert before
    with blas_threads(1):
        assert blas_pools() == [1] * len(before)
    assert blas_pools() == before


def test_one_thread_lasts_until_the_last_has_left() -> None:
    single, several = SingleThread(), [2] * len(blas_pools())
    with blas_threads(2):
        first, second = single(), single()
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        assert blas_pools() == [1] * len(several)
        second.__exit__(None, None, None)
        assert blas_pools() == several
        with single():
            assert blas_pools() == [1] * len(several)
        assert blas_pools() == several


def blas_pools() -> list[int]:
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def test_other_threads_give_the_same_losses_within_the_stated_tolerance(tmp_path: Path) -> None:
    sections: Settings = {
        "model": {"hidden": [{"units": 512}, {"units": 512}]},
        "training": {"epochs": 3, "batch_size": 256},
    }
    generator = {"name": "spirals", "samples": 1000}
    losses = [
        column(
            trained(tmp_path, classification(generator, **sections, compute={"threads": threads})),
            "train_loss",
        )
        for threads in (1, 2)
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
