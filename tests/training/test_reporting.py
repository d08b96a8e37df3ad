from __future__ import annotations

import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.data.loading import load_table
from nnctl.data.table import Table
from nnctl.errors import DataError
from nnctl.training.baselines import fit_baselines
from nnctl.training.inference import Model, load_model
from nnctl.training.metrics import CLASSIFICATION_METRICS, REGRESSION_METRICS
from nnctl.training.predicting import predict_table
from nnctl.training.reporting import (
    Meter,
    add_tables,
    applicable_metrics,
    evaluate_tables,
    measure,
    rows_of,
    wishes_of_labelled_rows,
)
from tests.data.tables import table_of
from tests.training.experiments import (
    FLOAT64,
    UNCHANGED,
    Settings,
    classification,
    regression,
    trained,
    write_csv,
)

MOONS: Settings = {"data": {"generator": "moons"}, "training": {"epochs": 1}}
TWO_CLASSES = {"precision", "recall", "f1"}


def measured(model: Model, text: str) -> dict[str, Any]:
    """What the rows of a CSV text say of a network."""
    return evaluate_tables(model, [table_of(text, wishes_of_labelled_rows(model))]).measures


def model_of(directory: Path, settings: Settings) -> Model:
    return load_model(trained(directory, settings).run.best)


@pytest.mark.parametrize(
    ("settings", "left_out"),
    [
        (MOONS | {"loss": "binary_cross_entropy"}, set()),
        (MOONS | {"loss": "hinge"}, {"log_loss"}),
        (
            MOONS | {"data": {"generator": "blobs"}, "loss": "categorical_cross_entropy"},
            TWO_CLASSES,
        ),
        (MOONS | {"data": {"generator": "blobs"}, "loss": "hinge"}, TWO_CLASSES | {"log_loss"}),
        (
            MOONS
            | {
                "data": {"generator": "blobs", "task": "classification"},
                "model": {"output": {"activation": "sigmoid"}},
                "loss": "mean_squared_error",
            },
            TWO_CLASSES | {"log_loss"},
        ),
    ],
)
def test_all_metrics_that_apply_are_told(
    tmp_path: Path, settings: Settings, left_out: set[str]
) -> None:
    expected = [name for name in CLASSIFICATION_METRICS if name not in left_out]
    assert [*applicable_metrics(model_of(tmp_path, settings))] == expected


def test_a_regression_is_told_by_its_own_metrics(tmp_path: Path) -> None:
    settings = MOONS | {"data": {"generator": "sine"}, "loss": "huber"}
    model = model_of(tmp_path, settings)
    assert applicable_metrics(model) == tuple(REGRESSION_METRICS)
    report = measured(model, "x,y\n1,2\n2,4\n0,1")
    assert [*report] == ["rows", "loss", *REGRESSION_METRICS]
    said = predict_table(model, table_of("x\n1\n2\n0"), probabilities=False)
    errors = np.subtract(said.columns["prediction"].tolist(), [2, 4, 1])
    assert report["mean_absolute_error"] == pytest.approx(np.abs(errors).mean(), rel=1e-6)


def test_a_classification_is_told_class_by_class(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "x kind \n 1 low \n 2 low \n 8 high \n 9 high")
    data = {"source": str(path), "target": "kind"}
    settings = classification(
        data=data, optimizer={"learning_rate": 0.3}, training={"epochs": 60}, compute=FLOAT64
    )
    report = measured(model_of(tmp_path, settings), "kind,x\nlow,1\nlow,1\nlow,9\nhigh,9")
    assert (report["rows"], report["accuracy"]) == (4, 0.75)
    assert report["confusion"] == [[1, 0], [1, 2]]  # high, then low
    assert [row["name"] for row in report["classes"]] == ["high", "low"]
    assert [row["recall"] for row in report["classes"]] == pytest.approx([1, 2 / 3])


def test_weights_count_where_the_table_has_them(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "x w kind \n 1 1 low \n 2 2 low \n 8 1 high \n 9 3 high")
    data = {"source": str(path), "target": "kind", "sample_weight": "w"}
    settings = classification(
        data=data, optimizer={"learning_rate": 0.3}, training={"epochs": 60}, compute=FLOAT64
    )
    model = model_of(tmp_path, settings)
    weighed = measured(model, "x,kind,w\n1,low,3\n9,low,1")
    plain = measured(model, "x,kind\n1,low\n9,low")
    assert (weighed["accuracy"], plain["accuracy"]) == (0.75, 0.5)
    assert weighed["loss"] < plain["loss"]
    assert (weighed["confusion"], plain["confusion"]) == ([[0, 0], [1, 3]], [[0, 0], [1, 1]])
    low, plain_low = weighed["classes"][1], plain["classes"][1]
    assert (low["name"], low["recall"], low["support"]) == ("low", 0.75, 4)
    assert (plain_low["recall"], plain_low["support"]) == (0.5, 2)
    assert [type(scores["classes"][1]["support"]) for scores in (weighed, plain)] == [float, int]
    # Their sum is infinite: no measure, and no warning either.
    without_measure = measured(model, "x,kind,w\n1,low,1e308\n2,low,1e308")
    assert without_measure["classes"][1]["support"] == float("inf")


def test_the_loss_counts_classes_as_training_did(tmp_path: Path) -> None:
    settings = classification(training={"epochs": 1, "class_weight": {"1": 9.0}}, compute=FLOAT64)
    model = model_of(tmp_path, settings)
    rows = {label: f"0.5,0.5,{label}" for label in (0, 1)}
    losses = [measured(model, f"x1,x2,label\n{row}")["loss"] for row in rows.values()]
    both = measured(model, "\n".join(["x1,x2,label", *rows.values()]))
    assert both["loss"] == pytest.approx(np.average(losses, weights=[1, 9]), rel=1e-12)
    assert both["accuracy"] == 0.5


def portions_of(table: Table, rows: int) -> list[Table]:
    return [
        table.take(np.arange(start, min(start + rows, table.n_rows)))
        for start in range(0, table.n_rows, rows)
    ]


@pytest.mark.parametrize("weighed", [True, False])
def test_rows_in_portions_are_measured_like_all_at_once(tmp_path: Path, weighed: bool) -> None:
    rng = np.random.default_rng(0)
    text = "x,w,kind\n" + "".join(
        f"{x:.3f},{w:.3f},{'ab'[int(x > 0.2)]}\n" for x, w in rng.standard_normal((90, 2)) ** 2
    )
    data: Settings = {"source": "rows.csv", "target": "kind"}
    data |= {"sample_weight": "w"} if weighed else {"features": ["x"]}
    (tmp_path / "rows.csv").write_text(text)
    settings = classification(
        data=data, training={"epochs": 1, "class_weight": "balanced"}, compute=FLOAT64
    )
    experiment = trained(tmp_path, settings)
    model, rows = load_model(experiment.run.best), experiment.dataset.train
    fit = fit_baselines(model, rows)
    table = table_of(text, wishes_of_labelled_rows(model))
    whole = evaluate_tables(model, [table], fit)
    parts = evaluate_tables(model, portions_of(table, 7), fit)
    assert parts.notes == whole.notes
    assert parts.measures["confusion"] == whole.measures["confusion"]
    for said, expected in (
        (parts.measures, whole.measures),
        *((parts.measures["baselines"][n], whole.measures["baselines"][n]) for n in fit.models),
    ):
        for name in ("loss", *applicable_metrics(model)):
            assert said[name] == pytest.approx(expected[name], rel=1e-12)
    _, directly = next(measure(fit.models["linear"], {"train": rows}, ("log_loss",), model.loss))
    expected = pytest.approx(directly.values["log_loss"])
    assert parts.measures["baselines"]["linear"]["log_loss"] == expected


def test_no_rows_at_all_are_refused(tmp_path: Path) -> None:
    model = model_of(tmp_path, MOONS | {"loss": "hinge"})
    for tables in ([], [table_of("x1,x2,label\n0,0,1").take(np.arange(0))]):
        with pytest.raises(DataError, match="there are no rows to measure on"):
            evaluate_tables(model, tables)


def test_the_first_value_of_a_column_far_from_the_training_rows_is_noted(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "a b y \n 1 10 1 \n 2 20 2 \n 3 30 3")
    model = model_of(tmp_path, {**regression(path), "training": {"epochs": 1}})
    wishes = wishes_of_labelled_rows(model)
    tables = [table_of(f"a,b,y\n1,20,0\n{a},20,0", wishes) for a in (5, 6, 7)]
    assert evaluate_tables(model, tables).notes == (
        "`a` is 6 in line 3, far outside the 1 to 3 of the training rows",
    )


def test_a_baseline_with_another_loss_has_none(tmp_path: Path) -> None:
    for loss, told in (("hinge", True), ("perceptron", False)):
        experiment = trained(tmp_path, classification(model={}, loss=loss, training={"epochs": 1}))
        model = load_model(experiment.run.best)
        fit = fit_baselines(model, experiment.dataset.train)
        report = evaluate_tables(model, [table_of("x1,x2,label\n0,0,1\n1,1,0")], fit).measures
        assert [*report["baselines"]] == ["linear", "constant"]
        for values in report["baselines"].values():
            assert ("loss" in values) is told
            assert [name for name in values if name != "loss"] == [*applicable_metrics(model)]


NO_GAIN = "the hidden layers earn nothing here"
UNLEARNT = "the network has learnt nothing that helps here"


@pytest.mark.parametrize(
    ("generator", "settings", "notes"),
    [
        # A line tells blobs apart, and two units have learnt to.
        (
            {"name": "blobs", "samples": 200, "classes": 2, "noise": 0.3},
            {"training": {"epochs": 60}},
            ["as far as 200 rows can tell, the linear model does as well (accuracy 1, the network "
             f"1): {NO_GAIN}"],
        ),
        # Nor has anything else, but here there is no hidden layer to blame.
        (
            {"name": "blobs", "samples": 200, "classes": 2, "noise": 0.3},
            {"training": {"epochs": 60}, "model": {}},
            [],
        ),
        ({"name": "circles", "samples": 200}, {"training": {"epochs": 150}}, []),
        # Never trained: a constant answer is as good.
        (
            {"name": "circles", "samples": 200},
            {"optimizer": UNCHANGED, "model": {"output": {"initializer": "zeros"}}},
            ["as far as 200 rows can tell, always saying `0` does as well (accuracy 0.5, the "
             f"network 0.5): {UNLEARNT}"],
        ),
    ],
)  # fmt: skip
def test_a_network_that_does_not_beat_a_simpler_model_is_told(
    tmp_path: Path, generator: Settings, settings: Settings, notes: list[str]
) -> None:
    chosen: Settings = {
        "model": {"hidden": [{"units": 8, "activation": "tanh"}]},
        "optimizer": {"name": "adam", "learning_rate": 0.05},
        "training": {"epochs": 1},
        **settings,
    }
    experiment = trained(tmp_path, classification(generator, **chosen))
    model = load_model(experiment.run.best)
    fit = fit_baselines(model, experiment.dataset.train)
    assert [*evaluate_tables(model, [load_table(experiment.config)], fit).notes] == notes


def test_a_regression_no_better_than_the_mean_is_told(tmp_path: Path) -> None:
    rows = "".join(f"{x},{x % 2}\n" for x in range(40))
    (tmp_path / "rows.csv").write_text("x,y\n" + rows)
    settings = regression(tmp_path / "rows.csv") | {
        "optimizer": UNCHANGED, "training": {"epochs": 1}, "metrics": ["r2"],
        "model": {"output": {"initializer": "zeros"}},
    }  # fmt: skip
    experiment = trained(tmp_path, settings)
    model = load_model(experiment.run.best)
    fit = fit_baselines(model, experiment.dataset.train)
    assert evaluate_tables(model, [load_table(experiment.config)], fit).notes == (
        "as far as 40 rows can tell, always saying the mean does as well (r2 0, the network -1): "
        + UNLEARNT,
    )


def test_what_was_left_out_of_the_linear_model_is_said(tmp_path: Path) -> None:
    experiment = trained(tmp_path, classification("circles", training={"epochs": 1}))
    model = load_model(experiment.run.best)
    fit = fit_baselines(model, experiment.dataset.train)
    table = load_table(experiment.config)
    few = evaluate_tables(model, [table], replace(fit, rows=50_000, train_rows=1_000_000)).notes
    assert few[0] == "the linear model was fitted on 50,000 of the 1,000,000 training rows"
    none = evaluate_tables(model, [table], replace(fit, linear=None))
    assert none.notes[0] == (
        "there is no linear model to compare with: it would be too large, or not finite"
    )
    assert [*none.measures["baselines"]] == ["constant"]


def test_of_all_rows_little_more_is_kept_than_the_outputs(tmp_path: Path) -> None:
    n_classes, n_rows, portions = 50, 400, 50
    rows = "".join(f"{n % 7},c{n % n_classes}\n" for n in range(n_rows))
    path = tmp_path / "rows.csv"
    path.write_text("x,kind\n" + rows)
    settings = classification(
        data={"source": str(path), "target": "kind"},
        loss="categorical_cross_entropy",
        training={"epochs": 1},
    )
    experiment = trained(tmp_path, settings)
    model = load_model(experiment.run.best)
    fit = fit_baselines(model, experiment.dataset.train)
    table = load_table(experiment.config)
    meters = [Meter(each) for each in (model, *fit.models.values())]
    for meter in meters:
        meter.add(rows_of(model, table, model.preprocessing.raw_features(table)))
    tracemalloc.start()
    try:
        answers, _ = add_tables(model, (table for _ in range(portions)), meters)
        kept = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    outputs = len(meters) * portions * n_rows * n_classes * np.dtype("float32").itemsize
    assert answers.targets.shape == (portions * n_rows,)
    assert outputs < kept < 1.1 * outputs


def test_rows_without_a_target_are_left_out_as_in_the_run(tmp_path: Path) -> None:
    settings = regression(write_csv(tmp_path, "x y \n 1 2 \n 2 3 \n 3 5"))
    settings["data"]["missing_target"] = "drop"
    model = model_of(tmp_path, settings)
    report = evaluate_tables(model, [table_of("x,y\n1,2\n2,NA\n9,NA\n3,4\n")])
    assert report.measures["rows"] == 2
    assert "2 rows have no value of `y` and are left out" in report.notes
