from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure

from nnctl.analysis import fits, landscapes
from nnctl.analysis.drawn_rows import MOST_POINTS, outputs_at
from nnctl.analysis.pictures import (
    Picture,
    draw_all,
    draw_boundary,
    draw_confusion,
    draw_fit,
    draw_history,
)
from nnctl.analysis.planes import MARGIN
from nnctl.errors import DataError, UsageError
from nnctl.runs.directory import RunDirectory
from nnctl.training.inference import Model, load_model
from tests.training.experiments import Settings, trained, write_csv

PNG = b"\x89PNG\r\n"
THREE_FEATURES = {"name": "gaussian_quantiles", "features": 3, "samples": 30, "classes": 2}


@pytest.fixture(autouse=True)
def _coarse_grids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landscapes, "GRID_POINTS", 12)
    monkeypatch.setattr(fits, "CURVE_POINTS", 15)


def run_of(
    directory: Path, data: Settings, loss: str, **sections: Any
) -> tuple[RunDirectory, Model]:
    settings = {"data": data, "loss": loss, "training": {"epochs": 2}, **sections}
    run = trained(directory, settings).run
    return run, load_model(run.best)


def generated(name: str, **parameters: Any) -> Settings:
    return {"generator": {"name": name, **parameters}}


def points_of(figure: Figure) -> int:
    """How many points are drawn in the first axes."""
    scatters = [c for c in figure.axes[0].collections if isinstance(c, PathCollection)]
    return sum(len(np.asarray(scatter.get_offsets())) for scatter in scatters)


@pytest.mark.parametrize(
    ("data", "loss", "names"),
    [
        (generated("not", samples=8), "binary_cross_entropy", "confusion fit history"),
        (generated("moons", samples=30), "hinge", "boundary confusion history"),
        (generated("blobs", samples=30), "categorical_cross_entropy", "boundary confusion history"),
        ({"generator": THREE_FEATURES}, "binary_cross_entropy", "confusion history"),
        (generated("sine", samples=30), "mean_squared_error", "fit history"),
        (
            {**generated("moons", samples=30), "task": "regression"},
            "mean_squared_error",
            "boundary history",
        ),
        ({"generator": THREE_FEATURES, "task": "regression"}, "huber", "history"),
    ],
)
def test_the_figures_that_fit_a_run_are_written(
    tmp_path: Path, data: Settings, loss: str, names: str
) -> None:
    run, _ = run_of(tmp_path, data, loss)
    paths = draw_all(run)
    assert sorted(path.stem for path in paths) == names.split()
    assert sorted(paths) == sorted(run.plots.iterdir())
    for path in paths:
        assert path.read_bytes().startswith(PNG)


def test_the_same_run_gives_the_same_figures_again(tmp_path: Path) -> None:
    run, _ = run_of(tmp_path, generated("not", samples=8), "binary_cross_entropy")
    first, second = ([path.read_bytes() for path in draw_all(run)] for _ in range(2))
    assert len(first) == 3
    assert first == second


def test_a_boundary_holds_the_other_features_at_their_median(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "\n".join(f"{n} {n * n} {10 - n} {'ab'[n % 2]}" for n in range(9))
    path = write_csv(tmp_path, f"u v w kind\n{rows}")
    data = {"source": str(path), "target": "kind", "scaling": "none"}
    run, model = run_of(tmp_path, data, "binary_cross_entropy")
    seen: list[Any] = []

    def watched(models: Sequence[Model], values: Any) -> Any:
        seen.append(values)
        return outputs_at(models, values)

    monkeypatch.setattr(landscapes, "outputs_at", watched)
    figure = draw_boundary(run, model, ["w", "u"]).figure
    grid = seen[0]
    assert grid.shape == (12 * 12, 3)
    assert set(grid[:, 1]) == {16.0}  # the median of v
    margin = MARGIN * 8
    assert (grid[:, 2].min(), grid[:, 2].max()) == (2 - margin, 10 + margin)  # w, across
    assert (grid[:, 0].min(), grid[:, 0].max()) == (-margin, 8 + margin)  # u, upwards
    assert len(set(grid[:12, 2])) == 12
    assert len(set(grid[:12, 0])) == 1
    note = "plane: the other feature at its median; points: judged by all 3"
    assert figure.axes[0].get_xlabel() == f"w\n{note}"
    assert figure.axes[0].get_ylabel() == "u"


@pytest.mark.parametrize(
    ("data", "loss", "features", "message"),
    [
        (
            {"generator": THREE_FEATURES},
            "binary_cross_entropy",
            None,
            "a boundary is drawn over two features; this run has 3: x1, x2, x3; name two with "
            "--features a,b (the others stay at their median)",
        ),
        (
            generated("sine"),
            "mean_squared_error",
            None,
            "a boundary is drawn over two features; this run has one, `x`; "
            "`nnctl plot-fit` draws it",
        ),
        *(
            (
                {"generator": THREE_FEATURES},
                "binary_cross_entropy",
                wanted,
                "--features takes two of the run's features (received "
                f"{','.join(wanted)}); it has x1, x2, x3",
            )
            for wanted in (["x1"], ["x1", "x1"], ["x1", "x9"], ["x1", "x2", "x3"], [""])
        ),
    ],
)
def test_a_boundary_needs_two_features(
    tmp_path: Path, data: Settings, loss: str, features: list[str] | None, message: str
) -> None:
    run, model = run_of(tmp_path, data, loss)
    with pytest.raises(UsageError) as caught:
        draw_boundary(run, model, features)
    assert str(caught.value) == message


def misled(directory: Path, columns: str) -> RunDirectory:
    """Train four epochs towards the opposite of what the validation rows say."""
    count = len(columns.split())
    for sign, name in ((1, "rows.csv"), (-1, "opposite.csv")):
        rows = "\n".join(f"{' '.join([str(n)] * count)} {sign * n}" for n in range(9))
        write_csv(directory, f"{columns} y\n{rows}", name)
    data = {
        "source": str(directory / "rows.csv"),
        "validation_source": str(directory / "opposite.csv"),
        "target": "y",
        "split": {"test": 0.0},
    }
    optimizer, training = {"name": "sgd", "learning_rate": 0.01}, {"epochs": 4}
    sections: Settings = {"optimizer": optimizer, "training": training, "model": {"hidden": []}}
    return run_of(directory, data, "mean_squared_error", **sections)[0]


@pytest.mark.parametrize(("draw", "columns"), [(draw_boundary, "u v"), (draw_fit, "u")])
def test_another_epoch_than_the_last_is_told(
    tmp_path: Path, draw: Callable[[RunDirectory, Model], Picture], columns: str
) -> None:
    run = misled(tmp_path, columns)
    best, last = load_model(run.best), load_model(run.last)
    assert title_of(draw(run, best).figure).strip() == f"{run.name}: epoch 1 of 4 (best)"
    assert title_of(draw(run, last).figure).strip() == run.name
    run.metrics.unlink()
    assert title_of(draw(run, best).figure).strip() == run.name


def test_a_fit_needs_one_feature(tmp_path: Path) -> None:
    run, model = run_of(tmp_path, generated("moons", samples=20), "hinge")
    with pytest.raises(UsageError) as caught:
        draw_fit(run, model)
    assert str(caught.value) == (
        "a fit is drawn over one feature; this run has 2; `nnctl plot-boundary` draws two of them"
    )


def test_a_confusion_needs_classes(tmp_path: Path) -> None:
    run, model = run_of(tmp_path, generated("sine"), "mean_squared_error")
    with pytest.raises(UsageError) as caught:
        draw_confusion(run, model)
    assert str(caught.value) == (
        "a confusion matrix is drawn for classes; this run estimates numbers"
    )


def test_a_confusion_is_of_the_set_that_was_asked_for(tmp_path: Path) -> None:
    data = {**generated("moons", samples=50), "split": {"validation": 0.2, "test": 0.2}}
    run, model = run_of(tmp_path, data, "binary_cross_entropy")
    for wanted, title, count in ((None, "test", 10), ("train", "train", 30)):
        figure = draw_confusion(run, model, wanted).figure
        assert f"{run.name}: {title} rows" in title_of(figure)
        assert sum(numbers_of(figure)) == count


def title_of(figure: Figure) -> str:
    return " ".join([figure.get_suptitle(), *(axes.get_title() for axes in figure.axes)])


def numbers_of(figure: Figure) -> list[int]:
    """The counts that are written into the cells."""
    texts = [text.get_text().split()[0] for text in figure.axes[0].texts if text.get_text()]
    return [int(text) for text in texts if text.isdecimal()]


def test_a_history_marks_the_best_epoch(tmp_path: Path) -> None:
    run, model = run_of(tmp_path, generated("moons", samples=20), "hinge")
    figure = draw_history(run, model).figure
    assert run.name in title_of(figure)
    assert len(figure.axes) == 2  # loss and accuracy


def test_a_curve_is_drawn_in_the_units_of_the_data(tmp_path: Path) -> None:
    rows = "\n".join(f"{x} {1000 + 50 * x}" for x in range(20))
    path = write_csv(tmp_path, f"x y\n{rows}")
    run, model = run_of(
        tmp_path,
        {"source": str(path), "target": "y"},
        "mean_squared_error",
        optimizer={"name": "sgd", "learning_rate": 0.4},
        training={"epochs": 60, "batch_size": "full"},
    )
    figure = draw_fit(run, model).figure
    lines = [np.asarray(line.get_xydata()) for line in figure.axes[0].lines]
    curve = next(points for points in lines if len(points) == 15)
    np.testing.assert_allclose(curve[:, 1], 1000 + 50 * curve[:, 0], atol=0.05)
    assert points_of(figure) == 20


def test_no_more_points_are_drawn_than_can_be_seen(tmp_path: Path) -> None:
    rows = MOST_POINTS + 500
    run, model = run_of(tmp_path, generated("sine", samples=rows), "mean_squared_error")
    assert points_of(draw_fit(run, model).figure) == MOST_POINTS


def test_a_feature_that_never_changes_has_a_range_all_the_same(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "u v kind \n 1 5 a \n 2 5 b \n 3 5 a")
    data = {"source": str(path), "target": "kind"}
    run, model = run_of(tmp_path, data, "binary_cross_entropy")
    low, high = draw_boundary(run, model).figure.axes[0].get_ylim()
    assert (low, high) == (4.0, 6.0)


def test_data_that_is_gone_is_told(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "u v kind \n 1 5 a \n 2 6 b \n 3 5 a")
    data = {"source": str(path), "target": "kind"}
    run, model = run_of(tmp_path, data, "binary_cross_entropy")
    path.unlink()
    with pytest.raises(DataError, match=r"rows\.csv"):
        draw_boundary(run, model)


def two_targets(directory: Path) -> tuple[RunDirectory, Model]:
    rows = "\n".join(f"{n} {n * n} {n + 1} {100 - n}" for n in range(9))
    path = write_csv(directory, f"u v low high\n{rows}")
    data = {"source": str(path), "target": ["low", "high"]}
    return run_of(directory, data, "mean_squared_error")


@pytest.mark.parametrize(
    ("target", "drawn", "values", "notices"),
    [
        (None, "low", range(1, 10), ("drawn is `low`; --target chooses among low, high",)),
        ("low", "low", range(1, 10), ()),
        ("high", "high", range(100, 91, -1), ()),
    ],
)
def test_a_boundary_is_of_the_target_that_was_asked_for(
    tmp_path: Path, target: str | None, drawn: str, values: range, notices: tuple[str, ...]
) -> None:
    run, model = two_targets(tmp_path)
    picture = draw_boundary(run, model, target=target)
    assert picture.notices == notices
    assert picture.figure.axes[1].get_ylabel() == drawn
    points, surface = picture.figure.axes[0].collections
    assert np.asarray(points.get_array()).tolist() == [*values]
    assert isinstance(surface, ContourSet)
    predicted = np.array([surface.zmin, surface.zmax])  # type: ignore[attr-defined]
    # In the units of this target, not of the other.
    np.testing.assert_allclose(predicted, np.mean(values), atol=30)


def test_an_unknown_target_is_refused(tmp_path: Path) -> None:
    run, model = two_targets(tmp_path)
    with pytest.raises(UsageError) as caught:
        draw_boundary(run, model, target="v")
    assert str(caught.value) == "--target takes one of low, high (received v)"


def test_a_classification_has_no_target_to_choose(tmp_path: Path) -> None:
    run, model = run_of(tmp_path, generated("moons", samples=20), "hinge")
    with pytest.raises(UsageError) as caught:
        draw_boundary(run, model, target="label")
    assert str(caught.value) == (
        "--target chooses among the numbers that a regression estimates (received label); "
        "this run tells apart the classes of label"
    )


@pytest.mark.parametrize(
    ("draw", "columns"),
    [(draw_boundary, "u v"), (draw_fit, "u"), (draw_confusion, "u v"), (draw_confusion, "u")],
)
def test_data_that_changed_since_training_is_told(
    tmp_path: Path, draw: Callable[[RunDirectory, Model], Picture], columns: str
) -> None:
    count = len(columns.split())
    text = f"{columns} kind\n" + "\n".join(f"{'1 2'[: 2 * count - 1]} {kind}" for kind in "abab")
    path = write_csv(tmp_path, text)
    data = {"source": str(path), "target": "kind"}
    run, model = run_of(tmp_path, data, "binary_cross_entropy")
    assert draw(run, model).notices == ()
    write_csv(tmp_path, text.replace("1", "1.5"))
    changed = f"{path} has changed since the run was trained: other values"
    assert draw(run, model).notices == (changed,)


def test_rows_that_were_added_since_training_are_told_and_drawn(tmp_path: Path) -> None:
    text = "x y\n 0 1\n 1 3\n 2 5"
    path = write_csv(tmp_path, text)
    run, model = run_of(tmp_path, {"source": str(path), "target": "y"}, "mean_squared_error")
    write_csv(tmp_path, f"{text}\n 3 7")
    picture = draw_fit(run, model)
    assert picture.notices == (f"{path} has changed since the run was trained: 4 rows (it had 3)",)
    assert points_of(picture.figure) == 4


@pytest.mark.parametrize(("draw", "columns"), [(draw_boundary, "u v"), (draw_fit, "u")])
def test_a_feature_too_large_for_the_network_is_told(
    tmp_path: Path, draw: Callable[[RunDirectory, Model], Picture], columns: str
) -> None:
    header = f"{columns} y\n"
    cells = " ".join("1" for _ in columns.split())
    path = write_csv(tmp_path, f"{header}{cells} 1\n{cells.replace('1', '2')} 2")
    data = {"source": str(path), "target": "y", "task": "regression"}
    run, model = run_of(tmp_path, data, "mean_squared_error")
    write_csv(tmp_path, f"{header}{cells} 1\n{cells.replace('1', '1e39')} 2")
    with pytest.raises(DataError, match=r"`u` is too large for float32 once scaled"):
        draw(run, model)
