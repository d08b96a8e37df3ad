from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.analysis.importance import (
    draw_importance,
    input_columns,
    permutation_importance,
)
from nnctl.analysis.labelled import LabelledRows, gathered
from nnctl.analysis.pictures import Picture
from nnctl.data.loading import load_main_table
from nnctl.data.streams import stream
from nnctl.data.table import Table
from nnctl.errors import UsageError
from nnctl.training.inference import Model
from nnctl.training.own_rows import run_config
from tests.analysis.test_pictures import generated, run_of
from tests.training.experiments import FLOAT64, UNCHANGED, Settings, values, write_csv

LINEAR = "\n".join(f"{n % 5} {n % 7} {n} {3 * (n % 5)}" for n in range(35))


def linear(directory: Path) -> tuple[Model, Table]:
    """y = 3 u, whatever v and w are."""
    path = write_csv(directory, f"u v w y\n{LINEAR}")
    data = {"source": str(path), "target": "y", "scaling": "none", "target_scaling": "none"}
    sections: Settings = {
        "model": {"output": {"initializer": values([[3], [0], [0]], [0])}},
        "optimizer": UNCHANGED,
        "compute": FLOAT64,
    }
    run, model = run_of(directory, data, "mean_squared_error", **sections)
    return model, load_main_table(run_config(run))[0]


def importances(picture: Picture) -> dict[str, float]:
    return {each["name"]: each["importance"] for each in picture.numbers["features"]}


def test_a_feature_that_the_network_does_not_look_at_is_worth_nothing(tmp_path: Path) -> None:
    model, table = linear(tmp_path)
    found = importances(draw_importance(model, [table], "t", "r2", 5))
    assert found["v"] == found["w"] == 0.0
    assert found["u"] > 1.0


def test_the_drops_are_those_of_rows_permuted_by_hand(tmp_path: Path) -> None:
    model, table = linear(tmp_path)
    picture = draw_importance(model, [table], "t", "mean_absolute_error", 3, seed=11)
    assert (picture.numbers["value"], picture.numbers["better"]) == (0.0, "lower")
    u = np.arange(35) % 5
    orders = [stream(11, "importance", 0, repeat).permutation(35) for repeat in range(3)]
    expected = [np.abs(3.0 * u - 3.0 * u[order]).mean() for order in orders]
    (first, *_) = picture.numbers["features"]
    np.testing.assert_allclose(first["drops"], expected, rtol=1e-12)
    assert first["importance"] == pytest.approx(np.mean(expected), rel=1e-12)
    assert first["standard_deviation"] == pytest.approx(np.std(expected, ddof=1), rel=1e-12)


def mixed(directory: Path, **sections: Any) -> tuple[Model, Table]:
    rows = "\n".join(f"{'abc'[n % 3]} {n % 4 or ''} {n % 5} {n % 3 > 1}" for n in range(60))
    path = write_csv(directory, "kind gap z label")
    path.write_text("kind,gap,z,label\n" + rows.replace(" ", ",") + "\n")
    data = {
        "source": str(path),
        "target": "label",
        "missing": {"name": "mean", "indicator": True},
    }
    training = {"epochs": 40, "batch_size": 10}
    run, model = run_of(directory, data, "binary_cross_entropy", training=training, **sections)
    return model, load_main_table(run_config(run))[0]


def test_all_inputs_of_a_feature_are_permuted_together(tmp_path: Path) -> None:
    model, table = mixed(tmp_path)
    assert model.preprocessing.input_names == (
        "kind=a", "kind=b", "kind=c", "kind (missing)", "gap", "gap (missing)", "z", "z (missing)",
    )  # fmt: skip
    assert input_columns(model.preprocessing) == [slice(0, 4), slice(4, 6), slice(6, 8)]
    rows = gathered(model, [table], 1000)
    value, drops = permutation_importance(model, rows, "log_loss", 2, seed=5)
    codes = model.preprocessing.raw_features(table)
    for feature in range(3):
        permuted = codes.copy()
        permuted[:, feature] = codes[stream(5, "importance", feature, 1).permutation(60), feature]
        outputs = model.outputs(model.preprocessing.encode(permuted, np.float32))
        targets = rows.examples.targets
        by_hand = model.decoder.metrics(("log_loss",), outputs, targets, None)["log_loss"]
        assert drops[feature, 1] == pytest.approx(by_hand - value, rel=1e-4, abs=1e-6)
    assert drops[0].mean() > 10 * abs(drops[2].mean())


def test_the_rows_are_as_they_were_afterwards(tmp_path: Path) -> None:
    model, table = mixed(tmp_path)
    rows = gathered(model, [table], 1000)
    before = rows.examples.inputs.copy()
    permutation_importance(model, LabelledRows(rows.examples, ()), "loss", 2, seed=5)
    np.testing.assert_array_equal(rows.examples.inputs, before)


def test_a_seed_gives_the_same_numbers_again_and_another_others(tmp_path: Path) -> None:
    model, table = mixed(tmp_path)
    first, again, other = (
        draw_importance(model, [table], "t", "log_loss", 2, seed).numbers["features"]
        for seed in (3, 3, 4)
    )
    assert first == again != other


def test_the_metric_is_the_first_of_the_config_unless_another_is_named(tmp_path: Path) -> None:
    model, table = mixed(tmp_path, metrics=["f1", "accuracy"])
    assert draw_importance(model, [table], "t").numbers["metric"] == "f1"
    picture = draw_importance(model, [table], "t", "loss")
    assert picture.numbers["metric"] == "loss"
    axes = picture.figure.axes[0]
    assert axes.get_xlabel().startswith("how much worse loss becomes (it is ")


def test_a_metric_that_does_not_apply_is_refused(tmp_path: Path) -> None:
    run, model = run_of(tmp_path, generated("sine", samples=20), "mean_squared_error")
    table, _ = load_main_table(run_config(run))
    with pytest.raises(UsageError) as caught:
        draw_importance(model, [table], "t", "accuracy")
    assert str(caught.value) == (
        "--metric takes one of loss, mean_squared_error, root_mean_squared_error, "
        "mean_absolute_error, r2 (received accuracy)"
    )


def test_a_single_row_has_nothing_to_permute(tmp_path: Path) -> None:
    model, table = linear(tmp_path)
    with pytest.raises(UsageError, match="there is nothing to permute in a single row"):
        draw_importance(model, [table.take(np.array([3]))], "t")


def test_a_metric_without_a_value_is_refused(tmp_path: Path) -> None:
    model, table = mixed(tmp_path)
    of_one_class = table.take(np.arange(0, 60, 3))
    with pytest.raises(UsageError, match="the roc_auc of these rows is undefined"):
        draw_importance(model, [of_one_class], "t", "roc_auc")
