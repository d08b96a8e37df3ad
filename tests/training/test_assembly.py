from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.config import load_config
from nnctl.data.dataset import load_dataset
from nnctl.errors import ConfigError
from nnctl.nn.arrays import FloatArray
from nnctl.training.assembly import assemble, class_weights
from nnctl.training.experiment import start_experiment
from tests.training.experiments import (
    FLOAT64,
    Settings,
    classification,
    column,
    config_of,
    parameters,
    started,
    trained,
    write_csv,
)

MONITOR = "train_mean_absolute_error"
UNEVEN = "x kind \n 1 a \n 2 a \n 3 a \n 4 a \n 0 b \n 5 b \n 9 c \n 7 c"


def of_file(path: Path, **sections: Any) -> Settings:
    return {
        "data": {"source": str(path), "target": "kind"},
        "loss": "categorical_cross_entropy",
        "training": {"epochs": 5, "batch_size": "full"},
        "compute": FLOAT64,
        **sections,
    }


def error_of(directory: Path, settings: Settings) -> str:
    config = config_of(directory, settings)
    with pytest.raises(ConfigError) as caught:
        assemble(config, load_dataset(config))
    return str(caught.value)


@pytest.mark.parametrize(
    ("settings", "metrics"),
    [
        ({"data": {"generator": "moons"}, "loss": "mean_squared_error"}, ("accuracy",)),
        (
            {"data": {"generator": "sine"}, "loss": "mean_squared_error"},
            ("root_mean_squared_error", "r2"),
        ),
        ({"data": {"generator": "sine"}, "loss": "huber", "metrics": []}, ()),
    ],
)
def test_metrics_follow_from_the_task_that_the_data_shows(
    tmp_path: Path, settings: Settings, metrics: tuple[str, ...]
) -> None:
    config = config_of(tmp_path, settings)
    _, completed = assemble(config, load_dataset(config))
    assert completed.metrics == metrics


NEEDS_PROBABILITIES = "log_loss needs probabilities that sum to one (received"
INSTEAD = "leave it out, or write a softmax output"


@pytest.mark.parametrize(
    ("settings", "messages"),
    [
        (
            {
                "data": {"generator": "sine"},
                "loss": "mean_squared_error",
                "metrics": ["accuracy"],
                "model": {"output": {"units": 3}},
                "training": {"class_weight": "balanced"},
            },
            [
                "training.class_weight needs classes, and a regression has none; leave it out",
                "metrics.0: accuracy is no metric for regression; those are mean_squared_error, "
                "root_mean_squared_error, mean_absolute_error, r2",
                "model.output.units must be 1 for this target (received 3)",
            ],
        ),
        (
            {
                "data": {"generator": "blobs"},
                "loss": "categorical_cross_entropy",
                "metrics": ["f1", "accuracy", "precision", "log_loss"],
                "expect": {"train_recall": {"min": 0.5}},
            },
            [
                "metrics.0: f1 is for two classes (the target has 3); write macro_f1",
                "metrics.2: precision is for two classes (the target has 3); write macro_precision",
                "expect.train_recall: recall is for two classes (the target has 3); "
                "write macro_recall",
            ],
        ),
        (
            {
                "data": {"generator": "moons"},
                "loss": "mean_squared_error",
                "metrics": ["log_loss"],
                "expect": {"train_log_loss": {"max": 1}},
            },
            [
                f"metrics.0: {NEEDS_PROBABILITIES} 1 output(s) of identity); {INSTEAD}",
                f"expect.train_log_loss: {NEEDS_PROBABILITIES} 1 output(s) of identity); {INSTEAD}",
            ],
        ),
        (
            {
                "data": {"generator": "blobs"},
                "loss": "mean_squared_error",
                "model": {"output": {"activation": "sigmoid"}},
                "metrics": ["log_loss"],
            },
            [f"metrics.0: {NEEDS_PROBABILITIES} 3 output(s) of sigmoid); {INSTEAD}"],
        ),
    ],
)
def test_all_that_does_not_fit_the_data_is_refused_at_once(
    tmp_path: Path, settings: Settings, messages: list[str]
) -> None:
    assert error_of(tmp_path, settings).splitlines() == messages


def test_one_sigmoid_unit_gives_probabilities(tmp_path: Path) -> None:
    config = config_of(tmp_path, classification(metrics=["log_loss"]))
    assert assemble(config, load_dataset(config))[1].metrics == ("log_loss",)


def test_what_does_not_fit_into_memory_is_told_with_the_rest(tmp_path: Path) -> None:
    hidden = [{"units": 1_000_000}] * 9
    settings = classification(model={"hidden": hidden}, training={"class_weight": {"z": 1}})
    weight, memory = error_of(tmp_path, settings).splitlines()
    assert weight == "training.class_weight: the target has no class `z`; it has 0, 1"
    assert memory.startswith("model: training would take about ")


@pytest.mark.parametrize(
    ("batch_size", "rows", "notices"),
    [
        (3, 3, 0),
        (8, 8, 0),
        ("full", 8, 0),
        (9, 8, 1),
    ],
)
def test_a_batch_is_never_larger_than_the_data(
    tmp_path: Path, batch_size: Any, rows: int, notices: int
) -> None:
    training = {"epochs": 1, "batch_size": batch_size}
    experiment = started(tmp_path, of_file(write_csv(tmp_path, UNEVEN), training=training))
    assert experiment.assembly.trainer.batch_rows == rows
    assert experiment.assembly.trainer.settings.batch_size == rows
    sentence = (
        "training.batch_size is 9, more than the 8 training rows: "
        "every epoch is one batch of them all"
    )
    assert experiment.notices == (sentence,) * notices


ALONE = "the last batch of an epoch has one row, from which batch normalization learns nothing"


@pytest.mark.parametrize(
    ("normalization", "batch_size", "notices"),
    [
        ("batch", 7, (ALONE + "; another training.batch_size avoids it",)),
        ("batch", 6, ()),
        ("batch", 8, ()),
        ("batch", "full", ()),
        ("layer", 7, ()),
        (None, 7, ()),
    ],
)
def test_a_batch_of_one_row_is_told_where_it_teaches_nothing(
    tmp_path: Path, normalization: str | None, batch_size: Any, notices: tuple[str, ...]
) -> None:
    settings = of_file(
        write_csv(tmp_path, UNEVEN),
        model={"hidden": [{"units": 2}, {"units": 2, "normalization": normalization}]},
        training={"epochs": 1, "batch_size": batch_size},
    )
    assert started(tmp_path, settings).notices == notices


def test_no_batch_size_helps_against_a_single_training_row(tmp_path: Path) -> None:
    settings = {
        "data": {"source": str(write_csv(tmp_path, "x y \n 1 2")), "target": "y"},
        "model": {"hidden": [{"units": 2, "normalization": "batch"}]},
        "loss": "mean_squared_error",
        "training": {"batch_size": "full"},
    }
    assert started(tmp_path, settings).notices[-1:] == (ALONE,)


def test_a_batch_that_is_too_large_trains_as_a_full_one(tmp_path: Path) -> None:
    path = write_csv(tmp_path, UNEVEN)
    large, full = (
        trained(tmp_path, of_file(path, training={"epochs": 3, "batch_size": size}))
        for size in (1000, "full")
    )
    assert large.history == full.history
    np.testing.assert_array_equal(parameters(large)["weights"], parameters(full)["weights"])


def test_a_monitor_that_the_file_names_needs_no_notice(tmp_path: Path) -> None:
    path = tmp_path / "named.yaml"
    path.write_text(
        "data: {generator: moons}\nloss: binary_cross_entropy\n"
        "training: {early_stopping: {monitor: train_loss}}\n"
    )
    assert start_experiment(load_config(path), tmp_path / "runs").notices == ()


def test_early_stopping_says_that_it_has_only_training_rows_to_watch(tmp_path: Path) -> None:
    settings = classification(training={"early_stopping": {}})
    assert started(tmp_path, settings).notices == (
        "early stopping watches train_loss, since there is no validation set "
        "(data.split.validation makes one)",
    )
    settings["data"] |= {"split": {"validation": 0.2}}
    assert started(tmp_path, settings).notices == ()


def test_whoever_chose_to_watch_the_training_rows_is_told_nothing(tmp_path: Path) -> None:
    training = {"early_stopping": {"monitor": "train_accuracy"}}
    assert started(tmp_path, classification(training=training)).notices == ()


def test_balanced_classes_weigh_the_same_in_sum(tmp_path: Path) -> None:
    path = write_csv(tmp_path, UNEVEN)
    settings = of_file(path, training={"class_weight": "balanced", "batch_size": "full"})
    config = config_of(tmp_path, settings)
    weights = class_weights(config, load_dataset(config))
    assert weights is not None
    np.testing.assert_allclose(weights, [8 / (3 * 4), 8 / (3 * 2), 8 / (3 * 2)], rtol=1e-15)
    written = dict(zip("abc", weights.tolist(), strict=True))
    training = {"epochs": 5, "batch_size": "full"}
    balanced, mapped = (
        trained(tmp_path, of_file(path, training={**training, "class_weight": wanted}))
        for wanted in ("balanced", written)
    )
    assert balanced.history == mapped.history


def balanced_weights(directory: Path, text: str, **data: Any) -> FloatArray:
    path = write_csv(directory, text)
    data = {"source": str(path), "target": "kind", **data}
    settings = of_file(path, data=data, training={"class_weight": "balanced"})
    config = config_of(directory, settings)
    weights = class_weights(config, load_dataset(config))
    assert weights is not None
    return weights


def test_balanced_classes_weigh_the_same_with_sample_weights_too(tmp_path: Path) -> None:
    text = "x w kind \n 1 2 a \n 2 3 a \n 3 0.5 b \n 4 0.5 b \n 5 0 a"
    weights = balanced_weights(tmp_path, text, sample_weight="w")
    assert weights == pytest.approx([6 / (2 * 5), 6 / (2 * 1)], rel=1e-15)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        # The last quarter is the test set: c has no row to train on.
        (
            "x kind \n 1 a \n 2 a \n 3 b \n 4 a \n 5 a \n 6 b \n 7 c \n 8 c",
            {"split": {"test": 0.25, "shuffle": False}},
        ),
        (
            "x w kind \n 1 2 a \n 2 2 a \n 3 2 b \n 4 0 c",
            {"sample_weight": "w"},
        ),
    ],
)
def test_a_class_without_training_rows_takes_no_share(
    tmp_path: Path, text: str, options: Settings
) -> None:
    weights = balanced_weights(tmp_path, text, **options)
    assert weights == pytest.approx([3 / (2 * 2), 3 / (2 * 1), 1], rel=1e-15)


def test_a_class_weight_stands_for_rows_written_so_often(tmp_path: Path) -> None:
    once = write_csv(tmp_path, "x kind \n 1 a \n 2 b \n 3 a \n 4 c", "once.csv")
    often = write_csv(
        tmp_path, "x kind \n 1 a \n 2 b \n 2 b \n 2 b \n 3 a \n 4 c \n 4 c", "often.csv"
    )
    training = {"epochs": 10, "batch_size": "full"}
    unscaled = {"target": "kind", "scaling": "none"}
    weighed = of_file(
        once,
        data={"source": str(once), **unscaled},
        training={**training, "class_weight": {"b": 3, "c": 2}},
    )
    repeated = of_file(often, data={"source": str(often), **unscaled}, training=training)
    first, second = trained(tmp_path, weighed), trained(tmp_path, repeated)
    assert column(first, "train_loss") == pytest.approx(column(second, "train_loss"), rel=1e-12)
    np.testing.assert_allclose(
        parameters(first)["weights"], parameters(second)["weights"], rtol=1e-9
    )
    assert column(first, "train_accuracy")[0] * 4 % 1 == 0  # metrics count a row as one


def test_class_weight_and_sample_weight_multiply(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "x w kind \n 1 2 a \n 2 3 b \n 3 0.5 a")
    data = {"source": str(path), "target": "kind", "sample_weight": "w"}
    training = {"class_weight": {"a": 10}}
    train = started(tmp_path, of_file(path, data=data, training=training)).assembly.trainer.train
    assert train.weights is not None
    assert train.sample_weight is not None
    np.testing.assert_array_equal(train.weights, [20, 3, 5])
    np.testing.assert_array_equal(train.sample_weight, [2, 3, 0.5])


def test_threads_are_those_that_the_config_asks_for(tmp_path: Path) -> None:
    assert started(tmp_path, classification(compute={"threads": 2})).assembly.threads == 2
    assert started(tmp_path, classification()).assembly.threads == 1
