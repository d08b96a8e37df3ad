from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nnctl.training.inference import Model, load_model
from nnctl.training.metrics import CLASSIFICATION_METRICS, REGRESSION_METRICS
from nnctl.training.predicting import predict_table
from nnctl.training.reporting import applicable_metrics, evaluate_table
from tests.data.tables import table_of
from tests.training.experiments import FLOAT64, Settings, classification, trained, write_csv

MOONS: Settings = {"data": {"generator": "moons"}, "training": {"epochs": 1}}
TWO_CLASSES = {"precision", "recall", "f1"}


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
    report = evaluate_table(model, table_of("x,y\n1,2\n2,4\n0,1"))
    assert [*report] == ["rows", "loss", *REGRESSION_METRICS]
    said = predict_table(model, table_of("x\n1\n2\n0"), probabilities=False)
    errors = np.subtract(said.columns["prediction"], [2, 4, 1])
    assert report["mean_absolute_error"] == pytest.approx(np.abs(errors).mean(), rel=1e-6)


def test_a_classification_is_told_class_by_class(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "x kind \n 1 low \n 2 low \n 8 high \n 9 high")
    data = {"source": str(path), "target": "kind"}
    settings = classification(
        data=data, optimizer={"learning_rate": 0.3}, training={"epochs": 60}, compute=FLOAT64
    )
    report = evaluate_table(
        model_of(tmp_path, settings), table_of("kind,x\nlow,1\nlow,1\nlow,9\nhigh,9")
    )
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
    weighed = evaluate_table(model, table_of("x,kind,w\n1,low,3\n9,low,1"))
    plain = evaluate_table(model, table_of("x,kind\n1,low\n9,low"))
    assert (weighed["accuracy"], plain["accuracy"]) == (0.75, 0.5)
    assert weighed["loss"] < plain["loss"]
    assert (weighed["confusion"], plain["confusion"]) == ([[0, 0], [1, 3]], [[0, 0], [1, 1]])
    low, plain_low = weighed["classes"][1], plain["classes"][1]
    assert (low["name"], low["recall"], low["support"]) == ("low", 0.75, 4)
    assert (plain_low["recall"], plain_low["support"]) == (0.5, 2)
    assert [type(scores["classes"][1]["support"]) for scores in (weighed, plain)] == [float, int]
    # Their sum is infinite: no measure, and no warning either.
    without_measure = evaluate_table(model, table_of("x,kind,w\n1,low,1e308\n2,low,1e308"))
    assert without_measure["classes"][1]["support"] == float("inf")


def test_the_loss_counts_classes_as_training_did(tmp_path: Path) -> None:
    settings = classification(training={"epochs": 1, "class_weight": {"1": 9.0}}, compute=FLOAT64)
    model = model_of(tmp_path, settings)
    rows = {label: f"0.5,0.5,{label}" for label in (0, 1)}
    losses = [
        evaluate_table(model, table_of(f"x1,x2,label\n{row}"))["loss"] for row in rows.values()
    ]
    both = evaluate_table(model, table_of("\n".join(["x1,x2,label", *rows.values()])))
    assert both["loss"] == pytest.approx(np.average(losses, weights=[1, 9]), rel=1e-12)
    assert both["accuracy"] == 0.5
