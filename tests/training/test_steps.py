from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.data.batching import batches
from nnctl.training.experiment import Experiment
from nnctl.training.steps import NotFiniteError, Progress
from tests.training.experiments import UNCHANGED, Settings, regression, started, values, write_csv

ROWS = "x y \n 1 2 \n 2 1 \n 3 5 \n 4 4 \n 6 9 \n 7 7 \n 8 6"
X, Y = np.array([1.0, 2, 3, 4, 6, 7, 8]), np.array([2.0, 1, 5, 4, 9, 7, 6])
RATE = 1e-300  # no weight notices it
LOSSES = (0.5 * X + 1 - Y) ** 2  # of each row with the weights of `line`


def line(directory: Path, rows: str = ROWS, **training: Any) -> Experiment:
    """A line that no step moves, in batches of three rows."""
    settings: Settings = regression(
        write_csv(directory, rows),
        model={"output": {"initializer": values([[0.5]], [1])}},
        optimizer=UNCHANGED,
        seed=5,
        training={"batch_size": 3, **training},
    )
    return started(directory, settings)


def test_the_steps_of_an_epoch_cover_every_row_in_its_order(tmp_path: Path) -> None:
    steps, progress = line(tmp_path).assembly.trainer.steps, Progress()
    assert steps.batches_in_epoch == 3
    assert steps.take(progress, epoch=4, learning_rate=RATE, paused=lambda: False)
    order = np.concatenate([*batches(7, 3, 5, 4, shuffle=True)])
    np.testing.assert_array_equal(steps.order, order)
    np.testing.assert_allclose(steps.outputs[:, 0], 0.5 * X[order] + 1, rtol=1e-15)
    assert (progress.batches, progress.rows, progress.skipped) == (3, 7, 0)
    assert progress.loss == pytest.approx(LOSSES.mean(), rel=1e-14)


@pytest.mark.parametrize("first", [1, 2])
def test_a_pause_ends_the_steps_and_the_next_call_takes_the_rest(
    tmp_path: Path, first: int
) -> None:
    steps, progress = line(tmp_path).assembly.trainer.steps, Progress()
    assert not steps.take(progress, 0, RATE, lambda: progress.batches == first)
    order = [*batches(7, 3, 5, 0, shuffle=True)]
    assert (progress.batches, progress.rows) == (first, 3 * first)
    seen = np.concatenate(order[:first])
    np.testing.assert_array_equal(steps.order[: progress.rows], seen)
    assert progress.loss == pytest.approx(LOSSES[seen].mean(), rel=1e-14)
    rest = [rows.tolist() for rows in steps.remaining(progress, 0)]
    assert rest == [rows.tolist() for rows in order[first:]]
    assert steps.take(progress, 0, RATE, lambda: False)
    assert steps.optimizer.steps == 3
    assert progress.loss == pytest.approx(LOSSES.mean(), rel=1e-14)


def test_a_pause_at_the_last_batch_is_the_end_of_the_epoch(tmp_path: Path) -> None:
    steps, progress = line(tmp_path).assembly.trainer.steps, Progress()
    assert steps.take(progress, 0, RATE, lambda: progress.batches == 3)


def test_a_loss_that_is_not_finite_is_told_with_its_batch_and_moves_nothing(
    tmp_path: Path,
) -> None:
    steps = line(tmp_path, ROWS.replace("7 7", "1e200 7"), shuffle=False).assembly.trainer.steps
    before, progress = steps.network.parameters.copy(), Progress()
    with pytest.raises(NotFiniteError) as caught, np.errstate(over="ignore"):
        steps.take(progress, 0, RATE, lambda: False)
    assert (caught.value.batch, caught.value.what) == (1, "the loss became inf")
    assert steps.optimizer.steps == progress.batches == 1
    np.testing.assert_array_equal(steps.network.parameters, before)


def test_of_a_skipped_batch_neither_rows_nor_loss_count(tmp_path: Path) -> None:
    rows = ROWS.replace("7 7", "1e200 7")
    training = {"shuffle": False, "on_divergence": "skip_batch"}
    steps, progress = line(tmp_path, rows, **training).assembly.trainer.steps, Progress()
    with np.errstate(over="ignore"):
        assert steps.take(progress, 0, RATE, lambda: False)
    assert (progress.batches, progress.rows, progress.skipped) == (3, 4, 1)
    assert steps.order[:4].tolist() == [0, 1, 2, 6]
    np.testing.assert_allclose(steps.outputs[:4, 0], 0.5 * X[[0, 1, 2, 6]] + 1, rtol=1e-15)
    assert progress.loss == pytest.approx(LOSSES[[0, 1, 2, 6]].mean(), rel=1e-14)
    assert steps.optimizer.steps == 2


def test_an_epoch_without_weight_has_the_loss_zero() -> None:
    assert Progress(batches=2, rows=4).loss == 0.0


@pytest.mark.parametrize(("shuffle", "batch_size"), [(False, 3), (True, "full")])
def test_rows_that_lie_side_by_side_are_not_copied(
    tmp_path: Path, shuffle: bool, batch_size: int | str
) -> None:
    trainer = line(tmp_path, shuffle=shuffle, batch_size=batch_size).assembly.trainer
    for rows in trainer.steps.remaining(Progress(), 0):
        inputs, encoded, weights = trainer.steps.batches.gather(rows)
        np.testing.assert_array_equal(inputs, trainer.train.inputs[rows])
        np.testing.assert_array_equal(encoded, trainer.train.encoded[rows])
        assert np.shares_memory(inputs, trainer.train.inputs)
        assert weights is None


def test_an_epoch_of_one_batch_is_over_after_it(tmp_path: Path) -> None:
    steps = line(tmp_path, batch_size="full").assembly.trainer.steps
    assert [rows.tolist() for rows in steps.remaining(Progress(), 0)] == [[*range(7)]]
    assert [*steps.remaining(Progress(batches=1, rows=7), 0)] == []
