"""Pictures of runs whose features have categories and gaps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.collections import PathCollection

from nnctl.analysis import fits, landscapes
from nnctl.analysis.drawn_rows import outputs_at
from nnctl.analysis.pictures import draw_all, draw_boundary, draw_confusion, draw_fit
from nnctl.errors import UsageError
from nnctl.runs.directory import RunDirectory
from nnctl.training.inference import Model, load_model
from tests.training.experiments import Settings, trained, write_csv

ROWS = "\n".join(
    f"{n} {'NA' if n == 4 else n * n} {'abb'[n % 3]} {'sml'[n % 3]} {('no', 'yes')[n % 2]}"
    for n in range(12)
)


@pytest.fixture(autouse=True)
def _coarse_grids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landscapes, "GRID_POINTS", 12)
    monkeypatch.setattr(fits, "CURVE_POINTS", 15)


def run_of(directory: Path, **data: Any) -> tuple[RunDirectory, Model]:
    path = write_csv(directory, f"u v island size wild\n{ROWS}")
    settings: Settings = {
        "data": {
            "source": str(path),
            "target": "wild",
            "missing": {"name": "mean", "indicator": True},
            "columns": {"size": {"order": ["s", "m", "l"]}},
            **data,
        },
        "loss": "binary_cross_entropy",
        "training": {"epochs": 2},
    }
    run = trained(directory, settings).run
    return run, load_model(run.best)


def test_hidden_categories_are_the_most_frequent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, model = run_of(tmp_path)
    assert model.preprocessing.feature_names == ("u", "v", "island", "size")
    seen: list[Any] = []

    def watched(models: Sequence[Model], values: Any) -> Any:
        seen.append(values)
        return outputs_at(models, values)

    monkeypatch.setattr(landscapes, "outputs_at", watched)
    figure = draw_boundary(run, model, ["v", "u"]).figure
    (grid,) = seen
    assert set(grid[:, 2]) == {1.0}  # most rows are of island b
    assert set(grid[:, 3]) == {0.0}  # as many of each size: the first
    (points, *_) = [c for c in figure.axes[0].collections if isinstance(c, PathCollection)]
    assert np.asarray(points.get_offsets()).shape[1] == 2


def test_a_gap_is_no_point_of_a_picture(tmp_path: Path) -> None:
    run, model = run_of(tmp_path, features=["v"])
    assert draw_fit(run, model).figure.axes[0].get_xlabel() == "v"
    run, model = run_of(tmp_path, features=["u", "v"])
    assert draw_boundary(run, model).figure.axes[0].get_ylabel() == "v"


@pytest.mark.parametrize(
    ("features", "names"),
    [
        (["u", "v"], "boundary confusion history"),
        (["v"], "confusion fit history"),
        (["u", "island"], "confusion history"),
        (["size"], "confusion history"),
        (["u", "v", "island", "size"], "confusion history"),
    ],
)
def test_the_figures_that_fit_a_run_are_written(
    tmp_path: Path, features: list[str], names: str
) -> None:
    run, _ = run_of(tmp_path, features=features)
    assert sorted(path.stem for path in draw_all(run)) == names.split()


def test_a_category_has_no_axis(tmp_path: Path) -> None:
    run, model = run_of(tmp_path)
    for wanted, name, kind in (
        (["u", "island"], "island", "categorical"),
        (["size", "u"], "size", "ordinal"),
    ):
        with pytest.raises(UsageError) as caught:
            draw_boundary(run, model, wanted)
        assert str(caught.value) == (
            f"the axes are features of numbers, and `{name}` is {kind}; numeric are u, v"
        )
    run, model = run_of(tmp_path, features=["island"])
    with pytest.raises(UsageError) as caught:
        draw_fit(run, model)
    assert str(caught.value) == (
        "the axes are features of numbers, and `island` is categorical; numeric are none"
    )


def test_a_confusion_counts_every_row(tmp_path: Path) -> None:
    run, model = run_of(tmp_path)
    texts = [text.get_text().split()[0] for text in draw_confusion(run, model).figure.axes[0].texts]
    assert sum(map(int, texts)) == 12


@pytest.mark.parametrize("least", [-0.9, 0.0, 3.0])
def test_axes_of_a_logarithm_stay_where_there_is_one(tmp_path: Path, least: float) -> None:
    """A margin below the least of 0 to 100 would reach -8."""
    rows = "\n".join(f"{least + 9 * n} {n % 4} {('no', 'yes')[n % 2]}" for n in range(12))
    path = write_csv(tmp_path, f"u v wild\n{rows}")
    columns = {"u": {"scaling": "log"}}
    data = {"source": str(path), "target": "wild", "columns": columns}
    settings: Settings = {"data": data, "training": {"epochs": 2}}
    settings["loss"] = "binary_cross_entropy"
    run = trained(tmp_path, settings).run
    axes = draw_boundary(run, load_model(run.best)).figure.axes[0]
    assert -1.0 < axes.get_xlim()[0] < least
