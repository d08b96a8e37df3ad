"""The whole way from a config to the arrays that a network is trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import DTypeLike

from nnctl.data.arrays import FloatArray, IntArray
from nnctl.data.fingerprint import fingerprint
from nnctl.data.generators import GENERATORS
from nnctl.data.preprocessing import Preprocessing, fit_preprocessing
from nnctl.data.readers import read_table
from nnctl.data.roles import Roles, resolve_roles
from nnctl.data.splitting import Split, split_rows
from nnctl.data.streams import stream
from nnctl.data.table import Table, listed
from nnctl.data.targets import find_labels, notice_spellings
from nnctl.errors import DataError, Problem

if TYPE_CHECKING:
    from nnctl.config.schema import Config

Targets = FloatArray | IntArray


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows as the network takes them."""

    inputs: FloatArray  # (n_rows, n_features), scaled
    targets: Targets  # labels (n_rows,) or scaled (n_rows, n_targets)
    sample_weight: FloatArray | None  # (n_rows,)

    def take(self, rows: IntArray) -> Rows:
        """Return some of the rows, by their positions among these."""
        return Rows(
            self.inputs[rows],
            self.targets[rows],
            None if self.sample_weight is None else self.sample_weight[rows],
        )


@dataclass(frozen=True, eq=False)
class Dataset:
    """All that a run knows of its data."""

    train: Rows
    validation: Rows | None
    test: Rows | None
    preprocessing: Preprocessing
    notices: tuple[str, ...]  # what a person should know, a sentence each
    split: Split
    fingerprint: str


def load_dataset(config: Config) -> Dataset:
    """Read or make the data, divide it, fit the preprocessing on the training rows, and apply it.

    Raises DataError for anything in the data that cannot be used, StorageError where it may not
    be read.
    """
    table = load_table(config)
    roles = resolve_roles(config, table)
    split = split_table(config, table, roles)
    preprocessing, notices = fit_preprocessing(
        table, split.train, roles, config.data.scaling, config.data.target_scaling
    )
    rows = rows_from_table(
        table, preprocessing, config.compute.dtype, sample_weight=config.data.sample_weight
    )
    train = rows.take(split.train)
    if train.sample_weight is not None and not train.sample_weight.any():
        message = f"every training row has weight 0 in `{config.data.sample_weight}`; raise some"
        raise DataError(Problem(message, table.source))
    of_classes: tuple[str, ...] = ()
    if roles.task == "classification":
        untrained = notice_untrained_classes(train.targets, preprocessing.classes)
        of_classes = (*untrained, *notice_spellings(table, roles.targets))
    return Dataset(
        train=train,
        validation=rows.take(split.validation) if len(split.validation) else None,
        test=rows.take(split.test) if len(split.test) else None,
        preprocessing=preprocessing,
        notices=(*notices, *of_classes),
        split=split,
        fingerprint=fingerprint(table),
    )


def rows_from_table(
    table: Table,
    preprocessing: Preprocessing,
    dtype: DTypeLike,
    *,
    sample_weight: str | None = None,
) -> Rows:
    """Turn any table with the right columns into rows, for training or evaluation.

    `sample_weight` names the column of weights, if there is one.
    """
    return Rows(
        inputs=preprocessing.transform_features(table, dtype),
        targets=preprocessing.transform_targets(table, dtype),
        sample_weight=None if sample_weight is None else weights(table, sample_weight, dtype),
    )


def load_table(config: Config) -> Table:
    """Read the config's file, or make what its generator describes."""
    data = config.data
    if data.generator is None:
        assert data.source is not None, "the config holds a source or a generator"
        return read_table(data.source, data.delimiter, data.encoding)
    seed = config.seed if data.generator.seed is None else data.generator.seed
    generate = GENERATORS[data.generator.name]
    return generate(stream(seed, "generator"), **data.generator.parameters())


def split_table(config: Config, table: Table, roles: Roles) -> Split:
    """Divide the rows as the config says.

    Classes are divided alike unless it says otherwise, or wants the rows in their order.
    """
    split = config.data.split
    by_default = roles.task == "classification" and split.shuffle
    stratify = by_default if split.stratify is None else split.stratify
    if stratify and roles.task == "regression":
        message = "a regression has no classes to divide alike; write `stratify: false` in `split`"
        raise DataError(Problem(message, table.source))
    labels = find_labels(table, roles.targets, roles.classes) if stratify else None
    return split_rows(
        table.n_rows,
        config.seed,
        validation=split.validation,
        test=split.test,
        shuffle=split.shuffle,
        labels=labels,
        classes=roles.classes,
        source=table.source,
    )


def notice_untrained_classes(labels: Targets, classes: Sequence[str]) -> tuple[str, ...]:
    """Return one sentence that lists the classes of which no training row is."""
    untrained = np.setdiff1d(np.arange(len(classes)), labels)
    if not len(untrained):
        return ()
    names = listed(classes[label] for label in untrained)
    return (f"without a training row, so never predicted: class {names}",)


def weights(table: Table, name: str, dtype: DTypeLike) -> FloatArray:
    """Return the sample weights of shape (n_rows,); refuse a negative one."""
    table.require([name])
    values = table.numbers(name, "sample weight")
    if (values < 0).any():
        row = int(np.argmax(values < 0))
        message = f"sample weight `{name}` must not be negative (received {values[row]:g})"
        raise DataError(table.problem(message, name, row))
    return values.astype(dtype)
