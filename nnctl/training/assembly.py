"""Config and data put together: everything that a training needs, checked against each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nnctl.config import Config
from nnctl.config.completion import DEFAULT_METRICS, default_monitor
from nnctl.config.document import Path, dotted
from nnctl.config.findings import Finding
from nnctl.config.pairs import output_activation
from nnctl.config.problems import refuse
from nnctl.config.target_checks import data_findings, output_units
from nnctl.data.arrays import FloatArray
from nnctl.data.dataset import Dataset
from nnctl.runs.machine import usable_processors
from nnctl.training.build import (
    build_learning_rate,
    build_loss,
    build_network,
    build_optimizer,
    build_stopping,
    layer_specs,
)
from nnctl.training.decoding import decoder_for, gives_probabilities
from nnctl.training.evaluation import examples_of
from nnctl.training.loop import Trainer
from nnctl.training.memory import memory_shortage, training_bytes
from nnctl.training.metrics import TWO_CLASS_METRICS
from nnctl.training.steps import EpochSettings
from nnctl.training.threads import choose_threads, operations_of_a_step


@dataclass(frozen=True, eq=False)
class Assembly:
    """A trainer at epoch 0 and what was decided on the way to it."""

    trainer: Trainer
    class_weight: FloatArray | None  # (n_classes,)
    threads: int
    notices: tuple[str, ...]


def assemble(
    config: Config, dataset: Dataset, threads: int | None = None
) -> tuple[Assembly, Config]:
    """Build the trainer; return it with the config, whose metrics now follow from the data too.

    Raises ConfigError with everything that the config asks for and the data does not have, and
    where it asks for more memory than there is.
    """
    config = with_metrics(config, dataset)
    batch_rows, batch_notices = batch_size(config, dataset)
    refuse(config, misfits(config, dataset, batch_rows))
    n_outputs = output_units(config, dataset.preprocessing)
    network = build_network(config, dataset.train.inputs.shape[1], n_outputs)
    loss, weights = build_loss(config), class_weights(config, dataset)
    decoder = decoder_for(
        dataset.preprocessing, loss, network.layers[-1].activation, network.n_outputs
    )
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
    operations = operations_of_a_step(network, trainer.batch_rows)
    threads = threads or choose_threads(wanted, operations, usable_processors())
    notices = (
        *batch_notices,
        *remainder_notices(config, dataset, batch_rows),
        *monitor_notices(config, dataset),
    )
    return Assembly(trainer, weights, threads, notices), config


def with_metrics(config: Config, dataset: Dataset) -> Config:
    """Fill in the task's metrics where none are given."""
    if config.metrics is not None:
        return config
    return config.model_copy(update={"metrics": DEFAULT_METRICS[dataset.preprocessing.task]})


def misfits(config: Config, dataset: Dataset, batch_rows: int) -> Iterator[Finding]:
    """Find everything that the config asks for and that this data does not have."""
    yield from data_findings(config, dataset.preprocessing)
    if dataset.preprocessing.task == "classification":
        yield from check_class_metrics(config, dataset)
    yield from check_memory(config, dataset, batch_rows)


def check_class_metrics(config: Config, dataset: Dataset) -> Iterator[Finding]:
    """Some metrics speak of one class of two, and one of probabilities."""
    n_classes = len(dataset.preprocessing.classes)
    n_outputs, output = output_units(config, dataset.preprocessing), output_activation(config)
    measured: list[tuple[Path, str]] = [
        *((("metrics", index), metric) for index, metric in enumerate(config.metrics or ())),
        *((("expect", name), name.partition("_")[2]) for name in config.expect),
    ]
    for path, metric in measured:
        at_key = path[0] == "expect"
        if metric in TWO_CLASS_METRICS and n_classes != 2:
            message = f"{dotted(path)}: {metric} is for two classes (the target has {n_classes})"
            yield Finding(path, f"{message}; write {TWO_CLASS_METRICS[metric]}", at_key)
        if metric == "log_loss" and not gives_probabilities(output, n_outputs):
            message = f"{dotted(path)}: log_loss needs probabilities that sum to one"
            received = f"(received {n_outputs} output(s) of {output})"
            advice = "leave it out, or write a softmax output"
            yield Finding(path, f"{message} {received}; {advice}", at_key)


def check_memory(config: Config, dataset: Dataset, batch_rows: int) -> Iterator[Finding]:
    """The network must fit into memory, which is told before any of it is allocated."""
    specs = layer_specs(config, output_units(config, dataset.preprocessing))
    n_inputs, dtype = dataset.train.inputs.shape[1], np.dtype(config.compute.dtype)
    needed = training_bytes(n_inputs, specs, batch_rows, count_rows(dataset), dtype)
    shortage = memory_shortage(needed)
    if shortage is not None:
        yield Finding(("model",), shortage)


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


def count_rows(dataset: Dataset) -> int:
    """Return the rows of all sets together."""
    sets = (dataset.train, dataset.validation, dataset.test)
    return sum(len(rows.inputs) for rows in sets if rows is not None)


def epoch_settings(config: Config, batch_rows: int) -> EpochSettings:
    """Return how an epoch goes through the rows."""
    clipping = config.training.gradient_clipping
    return EpochSettings(
        seed=config.training_seed,
        batch_size=batch_rows,
        shuffle=config.training.shuffle,
        metrics=config.metrics or (),
        l1=config.regularization.l1,
        l2=config.regularization.l2,
        clip_norm=clipping.norm if clipping else None,
        clip_value=clipping.value if clipping else None,
        plateau_monitor=config.optimizer.schedule.parameters().get("monitor"),
        on_divergence=config.training.on_divergence,
    )


def monitor_notices(config: Config, dataset: Dataset) -> tuple[str, ...]:
    """Say what early stopping watches for want of a validation set, unless the config says it."""
    stopping = config.training.early_stopping
    if stopping is None or dataset.validation is not None:
        return ()
    written = ("training", "early_stopping", "monitor") in config.marks.values
    if written or stopping.monitor != default_monitor(config):
        return ()
    return (
        f"early stopping watches {stopping.monitor}, since there is no validation set "
        "(data.split.validation makes one)",
    )


def remainder_notices(config: Config, dataset: Dataset, batch_rows: int) -> tuple[str, ...]:
    """Say when batch normalization is to learn from a batch of one row, which is its own mean."""
    rows = len(dataset.train.inputs)
    names = [layer.normalization.name for layer in config.model.hidden if layer.normalization]
    if "batch" not in names or (rows > 1 and rows % batch_rows != 1):
        return ()
    advice = "; another training.batch_size avoids it" if rows > 1 else ""
    return (
        "the last batch of an epoch has one row, from which batch normalization learns nothing"
        + advice,
    )


def class_weights(config: Config, dataset: Dataset) -> FloatArray | None:
    """Return each class's weight (n_classes,), or None where the config wants none.

    `balanced` gives a class total / (k * its own), both sums of the training rows' sample weights
    and k the number of classes among these rows, so that all k weigh the same; King & Zeng (2001).
    A class without such rows, or whose rows all weigh 0, has weight 1.
    """
    wanted, train = config.training.class_weight, dataset.train
    classes = dataset.preprocessing.classes
    if wanted is None:
        return None
    if isinstance(wanted, dict):
        return np.array([wanted.get(name, 1.0) for name in classes])
    sums = np.bincount(train.targets.astype(np.int64), train.sample_weight, len(classes))
    present = sums > 0
    weights = np.ones(len(classes))
    weights[present] = sums.sum() / (present.sum() * sums[present])
    return weights
