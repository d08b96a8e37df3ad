"""Metrics are compared where rows weigh alike: of other weights they say something else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from nnctl.analysis.comparing import compare
from nnctl.analysis.comparing_groups import compare_groups
from nnctl.runs.directory import RunDirectory
from tests.analysis.groups import seeds
from tests.training.experiments import Settings, regression, write_csv

WEIGHTS = {"first": "w", "again": "w", "other": "v", "without": None}


def weighted(directory: Path, weight: str | None) -> Settings:
    """Rows with two columns of weights, of which one may be used."""
    lines = [f"{n / 30:.4f} {1 + n % 5} {1 + n % 3} {n / 20 + n % 7:.4f}" for n in range(60)]
    path = write_csv(directory, "\n".join(["x w v y", *lines]))
    settings = regression(path, metrics=["r2"], training={"epochs": 3})
    settings["data"] |= {
        "split": {"test": 0.3},
        "sample_weight": weight,
        "columns": {each: "ignored" for each in ("w", "v") if each != weight},
    }
    return settings


@pytest.fixture(scope="module")
def groups(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A seed series for each of the weights."""
    place = tmp_path_factory.mktemp("weights")
    return {name: seeds(place, weighted(place, each), 2, name) for name, each in WEIGHTS.items()}


def compared(document: Mapping[str, Any], key: str) -> list[bool]:
    return [bool(row[key]) for row in document["metrics"]]


def test_of_the_same_weights_all_is_compared(groups: dict[str, Path]) -> None:
    document = compare_groups([groups["first"], groups["again"]]).document
    assert document["notes"] == []
    assert all(compared(document, "differences"))
    members = [RunDirectory(groups["first"].parent / f"seed-{number}") for number in (0, 1)]
    assert all(compared(compare(members).document, "best"))


@pytest.mark.parametrize("name", ["other", "without"])
def test_of_other_weights_nothing_is(groups: dict[str, Path], name: str) -> None:
    document = compare_groups([groups["first"], groups[name]]).document
    told = f"the rows of first and {name} have other weights: no metrics can be compared"
    assert document["notes"] == [told]
    assert not any(compared(document, "differences"))
    members = [RunDirectory(groups[each].parent / "seed-0") for each in ("first", name)]
    assert not any(compared(compare(members).document, "best"))
