from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.data.dataset import load_dataset
from nnctl.errors import ConfigError
from nnctl.training.assembly import assemble, class_weights
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


SQUARED: Settings = {"data": {"generator": "moons"}, "loss": "mean_squared_error"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            SQUARED | {"metrics": ["r2"]},
            "metrics: r2 does not measure a classification; take accuracy, balanced_accuracy, "
            "precision, recall, f1, macro_precision, macro_recall, macro_f1, roc_auc, log_loss",
        ),
        (
            SQUARED | {"data": {"generator": "sine"}, "expect": {"train_f1": {"min": 1}}},
            "metrics: f1 does not measure a regression; take mean_squared_error, "
            "root_mean_squared_error, mean_absolute_error, r2",
        ),
        (
            SQUARED | {"metrics": ["log_loss"]},
            "metrics: log_loss needs probabilities (received outputs of identity); leave it out, "
            "or write a sigmoid or softmax output",
        ),
        (
            classification("blobs", loss="categorical_cross_entropy", metrics=["f1"]),
            "metrics: f1 is for two classes (received 3); write macro_f1",
        ),
    ],
)
def test_metrics_that_cannot_be_measured_are_refused(
    tmp_path: Path, settings: Settings, message: str
) -> None:
    assert error_of(tmp_path, settings) == message


@pytest.mark.parametrize(
    ("place", "section"),
    [
        ("training.early_stopping.monitor", {"training": {"early_stopping": {"monitor": MONITOR}}}),
        (
            "optimizer.schedule.monitor",
            {"optimizer": {"schedule": {"name": "reduce_on_plateau", "monitor": MONITOR}}},
        ),
    ],
)
@pytest.mark.parametrize("generator", ["sine", "moons"])
def test_a_monitor_that_turns_out_not_to_be_measured_is_refused(
    tmp_path: Path, place: str, section: Settings, generator: str
) -> None:
    settings = {"data": {"generator": generator}, "loss": "mean_squared_error", **section}
    measured = "accuracy" if generator == "moons" else "root_mean_squared_error, r2"
    assert error_of(tmp_path, settings) == (
        f"{place}: {MONITOR} is not measured in this training, which measures loss, {measured}; "
        "add it to `metrics`"
    )


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


def test_a_batch_that_is_too_large_trains_as_a_full_one(tmp_path: Path) -> None:
    path = write_csv(tmp_path, UNEVEN)
    large, full = (
        trained(tmp_path, of_file(path, training={"epochs": 3, "batch_size": size}))
        for size in (1000, "full")
    )
    assert large.history == full.history
    np.testing.assert_array_equal(parameters(large)["weights"], parameters(full)["weights"])


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


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"loss": "categorical_cross_entropy", "training": {"class_weight": {"z": 2}}},
            "training.class_weight: the target has no class `z`; it has 0, 1",
        ),
        *(
            (
                {
                    "data": {"generator": "sine"},
                    "loss": "mean_squared_error",
                    "training": {"class_weight": wanted},
                },
                "training.class_weight needs classes, and a regression has none; leave it out",
            )
            for wanted in ("balanced", {"z": 2})
        ),
    ],
)
def test_weights_of_classes_that_are_not_there_are_refused(
    tmp_path: Path, settings: Settings, message: str
) -> None:
    assert error_of(tmp_path, {"data": {"generator": "moons"}, **settings}) == message


def test_threads_are_those_that_the_config_asks_for(tmp_path: Path) -> None:
    assert started(tmp_path, classification(compute={"threads": 2})).assembly.threads == 2
    assert started(tmp_path, classification()).assembly.threads == 1
