"""The whole way from a config to the arrays that a network is trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike

from nnctl.data.arrays import FloatArray, IntArray
from nnctl.data.fitting import fit_preprocessing
from nnctl.data.folds import Fold, fold_rows
from nnctl.data.loading import Tables, load_tables
from nnctl.data.preprocessing import Preprocessing
from nnctl.data.roles import Roles, resolve_roles
from nnctl.data.shards import Shard
from nnctl.data.splitting import Split, split_rows
from nnctl.data.table import Table, listed
from nnctl.data.targets import find_labels, notice_spellings
from nnctl.errors import DataError, Problem

if TYPE_CHECKING:
    from nnctl.config.schema import Config

Targets = FloatArray | IntArray


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows as the network takes them."""

    inputs: FloatArray  # (n_rows, n_inputs), scaled
    targets: Targets  # labels (n_rows,) or scaled (n_rows, n_targets)
    sample_weight: FloatArray | None  # (n_rows,)


@dataclass(frozen=True, eq=False)
class Dataset:
    """All that a run knows of its data."""

    train: Rows
    validation: Rows | None
    test: Rows | None
    preprocessing: Preprocessing
    notices: tuple[str, ...]  # what a person should know, a sentence each
    split: Split
    fingerprints: Mapping[str, Any]
    fold: Fold | None = None  # of a cross-validation, if it is one


def load_dataset(
    config: Config,
    fold: Fold | None = None,
    tables: Tables | None = None,
    shard: Shard | None = None,
) -> Dataset:
    """Read or make the data, divide it, fit the preprocessing on the training rows, and apply it.

    With a `fold`, its rows are the test set. `tables` are the config's, where they were read
    before. With a `shard`, `train.inputs` are those of its rows alone; targets and weights, which
    take little room, are of all. Raises DataError for anything in the data that cannot be used,
    StorageError where it may not be read.
    """
    tables = tables or load_tables(config)
    table = tables.main
    roles = resolve_roles(config, table)
    split = split_table(config, table, roles, fold)
    preprocessing, notices = fit_preprocessing(table, split.train, roles, config.data)
    dtype, weight = config.compute.dtype, config.data.sample_weight
    sets = (split.train, split.validation, split.test)
    kept = None if shard is None else (split.train[shard.rows], *map(shard.evaluated, sets[1:]))
    train, *others = rows_of_sets(table, preprocessing, dtype, sets, weight, kept)
    validation, test = (rows if len(rows.inputs) else None for rows in others)
    if train.sample_weight is not None and not train.sample_weight.any():
        message = f"every training row has weight 0 in `{weight}`; raise some"
        raise DataError(Problem(message, table.source))
    if tables.validation is not None:
        validation = rows_from_table(tables.validation, preprocessing, dtype, sample_weight=weight)
    if tables.test is not None:
        test = rows_from_table(tables.test, preprocessing, dtype, sample_weight=weight)
    of_classes: tuple[str, ...] = ()
    if roles.task == "classification":
        untrained = notice_absent_classes(
            "training row, so never predicted", train.targets, preprocessing.classes
        )
        of_classes = (*untrained, *notice_spellings(table, roles.targets))
    return Dataset(
        train=train,
        validation=validation,
        test=test,
        preprocessing=preprocessing,
        notices=(*tables.notices, *notices, *of_classes),
        split=with_own_files(split, tables),
        fingerprints=tables.fingerprints(),
        fold=fold,
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
    return rows_of_sets(table, preprocessing, dtype, (np.arange(table.n_rows),), sample_weight)[0]


def rows_of_sets(
    table: Table,
    preprocessing: Preprocessing,
    dtype: DTypeLike,
    sets: Sequence[IntArray],
    sample_weight: str | None,
    kept: Sequence[IntArray] | None = None,
) -> list[Rows]:
    """Return the rows of each set; `sets` holds their positions in the table, which ascend.

    `kept` holds those of which the inputs are wanted, unless all are. A portion of the table is
    coded at a time, into the arrays that training uses: at no time are all rows in memory twice.
    """
    kept = sets if kept is None else kept
    inputs: list[FloatArray] = [
        np.empty((len(rows), preprocessing.n_inputs), dtype) for rows in kept
    ]
    first = 0
    for portion in table.portions():
        coded = preprocessing.transform_features(portion, dtype)
        for rows, array in zip(kept, inputs, strict=True):
            begin, end = np.searchsorted(rows, (first, first + len(coded)))
            array[begin:end] = coded[rows[begin:end] - first]
        first += len(coded)
    targets = preprocessing.transform_targets(table, dtype)
    weight = None if sample_weight is None else weights(table, sample_weight, dtype)
    return [
        Rows(array, targets[rows], None if weight is None else weight[rows])
        for rows, array in zip(sets, inputs, strict=True)
    ]


def split_table(config: Config, table: Table, roles: Roles, fold: Fold | None = None) -> Split:
    """Divide the rows as the config says.

    Classes are divided alike unless it says otherwise, wants the rows in their order, or wants
    groups of them kept together.
    """
    split, group = config.data.split, config.data.group
    by_default = roles.task == "classification" and split.shuffle and group is None
    stratify = by_default if split.stratify is None else split.stratify
    if stratify and roles.task == "regression":
        message = "a regression has no classes to divide alike; write `stratify: false` in `split`"
        raise DataError(Problem(message, table.source))
    rules: dict[str, Any] = {
        "validation": split.validation,
        "shuffle": split.shuffle,
        "labels": find_labels(table, roles.targets, roles.classes) if stratify else None,
        "classes": roles.classes,
        "groups": None if group is None else group_codes(table, group),
        "source": table.source,
    }
    if fold is not None:
        return fold_rows(table.n_rows, config.seed, fold, **rules)
    return split_rows(table.n_rows, config.seed, test=split.test, **rules)


def group_codes(table: Table, name: str) -> IntArray:
    """Return a number for each row's group (n_rows,)."""
    _, codes = table.codes(name)
    table.refuse_gaps(name, codes, "group")
    return codes.astype(np.int64)


def with_own_files(split: Split, tables: Tables) -> Split:
    """Return the split; the rows of a set with a file of its own are all of that file's."""
    own = {
        name: np.arange(table.n_rows)
        for name, table in (("validation", tables.validation), ("test", tables.test))
        if table is not None
    }
    return Split(split.train, own.get("validation", split.validation), own.get("test", split.test))


def notice_absent_classes(row: str, labels: Targets, classes: Sequence[str]) -> tuple[str, ...]:
    """Return one sentence that lists the classes of which no row is; `row` says of which rows."""
    absent = np.setdiff1d(np.arange(len(classes)), labels)
    if not len(absent):
        return ()
    return (f"without a {row}: class {listed(classes[label] for label in absent)}",)


def weights(table: Table, name: str, dtype: DTypeLike) -> FloatArray:
    """Return the sample weights of shape (n_rows,); refuse a negative one."""
    table.require([name])
    values = table.numbers(name, "sample weight")
    if (values < 0).any():
        row = int(np.argmax(values < 0))
        message = f"sample weight `{name}` must not be negative (received {values[row]:g})"
        raise DataError(table.problem(message, name, row))
    with np.errstate(over="ignore"):
        in_dtype: FloatArray = values.astype(dtype)
    if not np.isfinite(in_dtype).all():
        row = int(np.argmin(np.isfinite(in_dtype)))
        message = f"sample weight `{name}` is too large (received {values[row]:g}); rescale it"
        raise DataError(table.problem(message, name, row))
    return in_dtype
