from __future__ import annotations

import json
from pathlib import Path

import pytest

from nnctl.errors import (
    ConfigError,
    DataError,
    DivergenceError,
    NnctlError,
    Problem,
    RunError,
    StorageError,
)
from nnctl.runs.directory import RunDirectory
from nnctl.scale.results import (
    FINAL,
    TrialResult,
    described,
    epochs_of,
    finite,
    ranked,
    result_from_dict,
    status_of,
)


def result(number: int, status: str = "finished", **metrics: float | None) -> TrialResult:
    return TrialResult(number, f"trial-{number:03}", {"a": number}, status, metrics=metrics)


def test_the_best_comes_first_and_of_equal_ones_the_earlier() -> None:
    results = [
        result(4, validation_accuracy=0.9),
        result(1, validation_accuracy=0.5),
        result(3, validation_accuracy=0.9),
        result(2, validation_accuracy=None),
        result(5, "pruned", validation_accuracy=1.0),
        result(6, "diverged"),
    ]
    assert [each.number for each in ranked(results, "validation_accuracy")] == [3, 4, 1]


def test_of_losses_the_smallest_is_the_best() -> None:
    results = [result(1, validation_loss=2.0), result(2, validation_loss=1.0)]
    assert [each.number for each in ranked(results, "validation_loss")] == [2, 1]


def test_a_result_survives_json() -> None:
    full = TrialResult(
        3, "trial-003", {"a": [1, {"b": None}]}, "finished", None, 9, 7, {"train_loss": 0.1}
    )
    for each in (full, result(1, "diverged"), TrialResult(2, "t", {}, "failed", "why")):
        assert result_from_dict(json.loads(json.dumps(each.to_dict()))) == each


def test_what_is_not_finite_becomes_nothing() -> None:
    values = {"a": 1.0, "b": float("nan"), "c": float("inf"), "d": None}
    assert finite(values) == {"a": 1.0, "b": None, "c": None, "d": None}


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (ConfigError, "invalid"),
        (DataError, "invalid"),
        (DivergenceError, "diverged"),
        (RunError, "failed"),
        (StorageError, "failed"),
    ],
)
def test_what_may_be_otherwise_another_time_is_tried_again(
    kind: type[NnctlError], status: str
) -> None:
    assert status_of(kind("why")) == status
    assert (status in FINAL) == (status != "failed")


@pytest.mark.parametrize(
    ("status", "lines", "epochs"),
    [("diverged", 3, 3), ("diverged", 0, 0), ("diverged", None, 0), ("failed", 3, 0)],
)
def test_epochs_are_those_before_a_divergence(
    status: str, lines: int | None, epochs: int, tmp_path: Path
) -> None:
    run = RunDirectory(tmp_path)
    if lines is not None:
        rows = "".join(f"{epoch},0.5\n" for epoch in range(1, lines + 1))
        run.metrics.write_text("epoch,train_loss\n" + rows)
    assert epochs_of(run, status) == epochs


def test_an_error_is_told_without_its_place() -> None:
    error = ConfigError([Problem("first", "a.yaml", 1, 2), Problem("second", "b.yaml")])
    assert described(error) == "first; second"
