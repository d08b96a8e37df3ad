"""The metrics of stacked networks are those of each network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.training.decoding import Decoder
from nnctl.training.metrics import CLASSIFICATION_METRICS, REGRESSION_METRICS, TWO_CLASS_METRICS
from nnctl.training.stacked_metrics import AT_ONCE, stacked_metrics
from tests.training.experiments import Settings, started

N = 3
CLASS_ROWS = "x,y\n" + "".join(f"{n % 7},{'abc'[n % 3]}\n" for n in range(12))
NUMBER_ROWS = "x,y,z\n" + "".join(f"{n % 7},{n * n},{n % 5}\n" for n in range(12))


def decoder_of(directory: Path, rows: str, settings: Settings) -> Decoder:
    (directory / "rows.csv").write_text(rows)
    data = {"source": "rows.csv", **settings.pop("data")}
    return started(directory, {"data": data, **settings}).assembly.trainer.decoder


def classes(directory: Path) -> Decoder:
    settings = {"data": {"target": "y"}, "loss": "categorical_cross_entropy"}
    return decoder_of(directory, CLASS_ROWS, settings)


def numbers(directory: Path) -> Decoder:
    settings = {"data": {"target": ["y", "z"]}, "loss": "mean_squared_error"}
    return decoder_of(directory, NUMBER_ROWS, settings)


CLASS_METRICS = tuple(name for name in CLASSIFICATION_METRICS if name not in TWO_CLASS_METRICS)
TASKS = {"classes": (classes, CLASS_METRICS), "numbers": (numbers, (*REGRESSION_METRICS,))}


def drawn(task: str, n_rows: int, dtype: Any) -> tuple[Any, Any, Any]:
    """Return outputs, targets and weights (N, n_rows, ...)."""
    rng = np.random.default_rng(n_rows)
    if task == "numbers":
        shape = (N, n_rows, 2)
        return rng.normal(size=shape).astype(dtype), rng.normal(size=shape), rng.random(shape[:2])
    outputs = rng.random((N, n_rows, 3))
    outputs /= outputs.sum(axis=-1, keepdims=True)
    labels = rng.integers(3, size=(N, n_rows))
    return outputs.astype(dtype), labels, rng.random((N, n_rows))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("weighed", [False, True])
@pytest.mark.parametrize("n_rows", [1, 2, 3, 10, 333])
@pytest.mark.parametrize("task", TASKS)
def test_each_network_has_the_numbers_that_it_has_alone(
    tmp_path: Path, task: str, n_rows: int, weighed: bool, dtype: Any
) -> None:
    make, names = TASKS[task]
    decoder = make(tmp_path)
    outputs, targets, weights = drawn(task, n_rows, dtype)
    together = stacked_metrics(decoder, names, outputs, targets, weights if weighed else None)
    assert [*together] == [*names]
    for index in range(N):
        own = weights[index] if weighed else None
        expected = decoder.metrics(names, outputs[index], targets[index], own)
        for name in names:
            np.testing.assert_array_equal(together[name][index], expected[name], err_msg=name)


def test_constant_targets_are_met_or_not(tmp_path: Path) -> None:
    decoder = numbers(tmp_path)
    targets = np.full((N, 5, 2), 0.7)
    outputs = targets.copy()
    outputs[1:] += 0.1
    outputs[2, :, 0] = 0.7
    together = stacked_metrics(decoder, ("r2",), outputs, targets, None)["r2"]
    alone = [
        decoder.metrics(("r2",), *each, None)["r2"] for each in zip(outputs, targets, strict=True)
    ]
    assert together.tolist() == alone == [1.0, 0.0, 0.5]


def test_what_is_usual_is_taken_at_once(tmp_path: Path) -> None:
    for task, usual in (("classes", {"accuracy"}), ("numbers", {*REGRESSION_METRICS})):
        make, names = TASKS[task]
        (tmp_path / task).mkdir()
        decoder = make(tmp_path / task)
        outputs, targets, _ = drawn(task, 10, np.float32)
        assert {*AT_ONCE[type(decoder)](decoder, names, outputs, targets)} == usual
