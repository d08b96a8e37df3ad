from __future__ import annotations

from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from nnctl.nn.layout import LayerSpec
from nnctl.nn.network import Network
from nnctl.training.threads import (
    OPERATIONS_WORTH_A_THREAD,
    blas_threads,
    choose_threads,
    describe_choice,
    operations_of_a_step,
    single_blas_thread,
)
from tests.nn.helpers import IDENTITY
from tests.training.experiments import Settings, classification, column, trained

WORTH_ONE = int(OPERATIONS_WORTH_A_THREAD)


@pytest.mark.parametrize(
    ("wanted", "operations", "processors", "expected"),
    [
        (1, 10**15, 64, 1),
        (3, 1, 1, 3),
        ("auto", 0, 64, 1),
        ("auto", 1, 64, 1),
        ("auto", 10**7, 2, 1),
        ("auto", WORTH_ONE, 64, 1),
        ("auto", 2 * WORTH_ONE - 1, 64, 1),
        ("auto", 2 * WORTH_ONE, 64, 2),
        ("auto", 7 * WORTH_ONE, 64, 7),
        ("auto", 7 * WORTH_ONE, 4, 4),
        ("auto", 10**15, 1, 1),
        ("auto", 10**15, 64, 64),
    ],
)
def test_threads_follow_from_the_work_of_a_step(
    wanted: int | str, operations: int, processors: int, expected: int
) -> None:
    assert choose_threads(wanted, operations, processors) == expected


@pytest.mark.parametrize(
    ("wanted", "operations", "reason"),
    [
        (2, 84, "compute.threads is 2"),
        ("auto", 84, "a step of 84 operations is too small to be divided among threads"),
        (
            "auto",
            2 * 10**10,
            "each thread should have 10,000,000,000, and 4 processors may be used",
        ),
    ],
)
def test_the_reason_for_the_threads_fits_the_step(
    wanted: int | str, operations: int, reason: str
) -> None:
    assert describe_choice(wanted, operations, 4).endswith(reason)


def test_the_work_of_a_step_is_that_of_its_products() -> None:
    network = Network(2, [LayerSpec(units, IDENTITY) for units in (4, 3, 1)])
    assert operations_of_a_step(network, 10) == 2 * 10 * (2 * 8 + 3 * 12 + 3 * 3)


def test_blas_is_held_to_the_number_while_the_context_is_open() -> None:
    np.dot(np.ones(2), np.ones(2))
    before = blas_pools()
    assert before
    with blas_threads(1):
        assert blas_pools() == [1] * len(before)
    assert blas_pools() == before


def test_one_thread_lasts_until_the_last_has_left() -> None:
    before = blas_pools()
    first, second = single_blas_thread(), single_blas_thread()
    first.__enter__()
    second.__enter__()
    first.__exit__()
    assert blas_pools() == [1] * len(before)
    second.__exit__()
    assert blas_pools() == before


def test_a_training_keeps_its_number_whatever_comes_and_goes_beside_it() -> None:
    before = blas_pools()
    several = [3] * len(before)
    early, training = single_blas_thread(), blas_threads(3)
    early.__enter__()
    training.__enter__()
    assert blas_pools() == several
    early.__exit__()
    assert blas_pools() == several
    with single_blas_thread(), blas_threads(4):
        assert blas_pools() == several
    late, another = single_blas_thread(), blas_threads(4)
    late.__enter__()
    another.__enter__()
    training.__exit__()
    assert blas_pools() == [4] * len(before)
    another.__exit__()
    assert blas_pools() == [1] * len(before)
    late.__exit__()
    assert blas_pools() == before


def test_of_equal_wishes_the_one_that_leaves_is_forgotten() -> None:
    before = blas_pools()
    with blas_threads(3):
        another = blas_threads(4)
        another.__enter__()
        with blas_threads(3):
            pass
        assert blas_pools() == [3] * len(before)
    assert blas_pools() == [4] * len(before)
    another.__exit__()
    assert blas_pools() == before


def test_any_thread_of_the_program_sets_the_number_and_the_last_restores_it() -> None:
    before = blas_pools()
    entered, leave = Event(), Event()

    def predict() -> None:
        with single_blas_thread():
            entered.set()
            leave.wait()

    thread = Thread(target=predict, daemon=True)
    thread.start()
    entered.wait()
    assert blas_pools() == [1] * len(before)
    with blas_threads(3):
        assert blas_pools() == [3] * len(before)
    assert blas_pools() == [1] * len(before)
    with blas_threads(3):
        leave.set()
        thread.join()
        assert blas_pools() == [3] * len(before)
    assert blas_pools() == before


def test_a_limit_that_another_thread_has_set_by_itself_is_no_hindrance() -> None:
    before = blas_pools()
    limited, leave = Event(), Event()

    def limit() -> None:
        own = threadpool_limits(3)
        limited.set()
        leave.wait()
        own.restore_original_limits()

    thread = Thread(target=limit, daemon=True)
    thread.start()
    limited.wait()
    with blas_threads(4):
        assert blas_pools() == [4] * len(before)
    assert blas_pools() == [3] * len(before)
    leave.set()
    thread.join()
    assert blas_pools() == before


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
