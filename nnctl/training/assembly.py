"""Config and data put together: everything that a training needs, checked against each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnctl.config import Config
from nnctl.config.completion import DEFAULT_METRICS, default_monitor
from nnctl.config.pairs import output_activation
from nnctl.data.arrays import FloatArray
from nnctl.data.dataset import Dataset
from nnctl.errors import ConfigError
from nnctl.nn.network import Network
from nnctl.runs.machine import usable_processors
from nnctl.training.build import (
    build_learning_rate,
    build_loss,
    build_network,
    build_optimizer,
    build_stopping,
    count_outputs,
    layer_specs,
)
from nnctl.training.decoding import PROBABILITIES, decoder_for
from nnctl.training.evaluation import examples_of
from nnctl.training.loop import EpochSettings, Trainer
from nnctl.training.memory import require_memory, training_bytes
from nnctl.training.metrics import CLASSIFICATION_METRICS, REGRESSION_METRICS, require_two_classes
from nnctl.training.threads import choose_threads


@dataclass(frozen=True, eq=False)
class Assembly:
    """A trainer at epoch 0 and what was decided on the way to it."""

    trainer: Trainer
    class_weight: FloatArray | None  # (n_classes,)
    threads: int
    notices: tuple[str, ...]


def assemble(config: Config, dataset: Dataset) -> tuple[Assembly, Config]:
    """Build the trainer; return it with the config, whose metrics now follow from the data too.

    Raises ConfigError where the config asks for what the data does not have, or for more memory
    than there is.
    """
    config = with_metrics(config, dataset)
    require_monitors(config)
    batch_rows, batch_notices = batch_size(config, dataset)
    network = sized_network(config, dataset, batch_rows)
    loss, weights = build_loss(config), class_weights(config, dataset)
    decoder = decoder_for(dataset.preprocessing, loss, network.layers[-1].activation)
    stopping = build_stopping(config)
    train, validation = (
        None if rows is None else examples_of(rows, decoder, network.n_outputs, weights)
        for rows in (dataset.train, dataset.validation)
    )
    assert train is not None
    trainer = Trainer(
        network,
        loss,
        decoder,
        build_optimizer(config, network),
        build_learning_rate(config),
        stopping,
        train,
        validation,
        epoch_settings(config, batch_rows),
    )
    wanted = config.compute.threads
    threads = choose_threads(wanted, network.n_weights, batch_rows, usable_processors())
    notices = (*batch_notices, *monitor_notices(config, dataset))
    return Assembly(trainer, weights, threads, notices), config


def with_metrics(config: Config, dataset: Dataset) -> Config:
    """Fill in the task's metrics where none are given; refuse those that cannot be measured."""
    task = dataset.preprocessing.task
    metrics = config.metrics if config.metrics is not None else DEFAULT_METRICS[task]
    table = CLASSIFICATION_METRICS if task == "classification" else REGRESSION_METRICS
    expected = [metric.split("_", 1)[1] for metric in config.expect]
    for name in (*metrics, *expected):
        if name != "loss" and name not in table:
            raise ConfigError(f"metrics: {name} does not measure a {task}; take {', '.join(table)}")
        if task == "classification":
            require_two_classes(name, len(dataset.preprocessing.classes))
        if name == "log_loss" and output_activation(config) not in PROBABILITIES:
            raise ConfigError(
                "metrics: log_loss needs probabilities (received outputs of "
                f"{output_activation(config)}); leave it out, or write a sigmoid or softmax output"
            )
    return config.model_copy(update={"metrics": tuple(metrics)})


def require_monitors(config: Config) -> None:
    """Raise ConfigError where a value is to be watched that no epoch measures.

    The config's own check has done so already, except where the task follows from the data.
    """
    stopping, schedule = config.training.early_stopping, config.optimizer.schedule
    monitors = {
        "training.early_stopping.monitor": stopping and stopping.monitor,
        "optimizer.schedule.monitor": schedule.parameters().get("monitor"),
    }
    measured = ("loss", *(config.metrics or ()))
    for key, monitor in monitors.items():
        if monitor and monitor.split("_", 1)[1] not in measured:
            raise ConfigError(
                f"{key}: {monitor} is not measured in this training, which measures "
                f"{', '.join(measured)}; add it to `metrics`"
            )


def batch_size(config: Config, dataset: Dataset) -> tuple[int, tuple[str, ...]]:
    """Return the rows of a batch, and a notice where fewer rows are there than it should have."""
    wanted, rows = config.training.batch_size, len(dataset.train.inputs)
    if not isinstance(wanted, int):
        return rows, ()
    if wanted <= rows:
        return wanted, ()
    notice = (
        f"training.batch_size is {wanted}, more than the {rows} training rows: "
        "every epoch is one batch of them all"
    )
    return rows, (notice,)


def sized_network(config: Config, dataset: Dataset, batch_rows: int) -> Network:
    """Build the network after its memory has been found to be there."""
    n_inputs, n_outputs = (
        dataset.train.inputs.shape[1],
        count_outputs(config, dataset.preprocessing),
    )
    specs = layer_specs(config, n_outputs)
    dtype = np.dtype(config.compute.dtype)
    require_memory(training_bytes(n_inputs, specs, batch_rows, count_rows(dataset), dtype))
    return build_network(config, n_inputs, n_outputs)


def count_rows(dataset: Dataset) -> int:
    """Return the rows of all sets together."""
    sets = (dataset.train, dataset.validation, dataset.test)
    return sum(len(rows.inputs) for rows in sets if rows is not None)


def epoch_settings(config: Config, batch_rows: int) -> EpochSettings:
    """Return how an epoch goes through the rows."""
    clipping = config.training.gradient_clipping
    return EpochSettings(
        seed=config.seed,
        batch_size=batch_rows,
        shuffle=config.training.shuffle,
        metrics=config.metrics or (),
        l1=config.regularization.l1,
        l2=config.regularization.l2,
        clip_norm=clipping.norm if clipping else None,
        clip_value=clipping.value if clipping else None,
        plateau_monitor=config.optimizer.schedule.parameters().get("monitor"),
    )


def monitor_notices(config: Config, dataset: Dataset) -> tuple[str, ...]:
    """Say when early stopping has no other rows to watch than those it trains on."""
    stopping = config.training.early_stopping
    if stopping is None or dataset.validation is not None:
        return ()
    if stopping.monitor != default_monitor(config):
        return ()
    return (
        f"early stopping watches {stopping.monitor}, since there is no validation set "
        "(data.split.validation makes one)",
    )


def class_weights(config: Config, dataset: Dataset) -> FloatArray | None:
    """Return each class's weight (n_classes,), or None where the config wants none.

    `balanced` gives a class n_rows / (n_classes * its rows), so that all weigh the same in sum;
    King & Zeng (2001). Raises ConfigError for a class that the target does not have.
    """
    wanted, classes = config.training.class_weight, dataset.preprocessing.classes
    if wanted is None:
        return None
    assert dataset.train.targets is not None
    if dataset.preprocessing.task == "regression":
        raise ConfigError(
            "training.class_weight needs classes, and a regression has none; leave it out"
        )
    if wanted == "balanced":
        counts = np.bincount(dataset.train.targets.astype(np.int64), minlength=len(classes))
        return len(dataset.train.targets) / (len(classes) * np.maximum(counts, 1.0))
    assert isinstance(wanted, dict)
    unknown = [name for name in wanted if name not in classes]
    if unknown:
        raise ConfigError(
            f"training.class_weight: the target has no class `{unknown[0]}`; "
            f"it has {', '.join(classes)}"
        )
    return np.array([wanted.get(name, 1.0) for name in classes])
