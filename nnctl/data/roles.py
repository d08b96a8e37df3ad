"""Which columns are looked at, and as what: features, targets, and the classes to tell apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnctl.config.pairs import known_task
from nnctl.config.schema.columns import ColumnKind
from nnctl.config.schema.data import LABEL, Task
from nnctl.data.generators import target_of_generated
from nnctl.data.table import Table
from nnctl.data.targets import find_classes
from nnctl.data.wishes import Kind, Wish, Wishes
from nnctl.errors import DataError, Problem

if TYPE_CHECKING:
    from nnctl.config.schema import Config

# A column's kind in the config -> what is read of it.
READ_AS: dict[ColumnKind, Kind] = {
    "numeric": "number",
    "categorical": "text",
    "boolean": "text",
    "ordinal": "text",
}


@dataclass(frozen=True)
class Roles:
    """The part that each column plays."""

    task: Task
    features: tuple[str, ...]
    targets: tuple[str, ...]
    classes: tuple[str, ...]  # empty for a regression


def wishes_of(config: Config) -> Wishes:
    """Return what the data is to be read for: all that a run may look at, and no more."""
    data = config.data
    named: dict[str, Wish | None] = {}
    for name, column in data.columns.items():
        kind = None if column.said_kind is None else READ_AS.get(column.said_kind)
        named[name] = None if column.said_kind == "ignored" else Wish(kind)
    if data.features is not None:
        named = {name: named.get(name, Wish()) for name in data.features}
    if data.sample_weight is not None:
        named[data.sample_weight] = Wish("number", "sample weight")
    if data.group is not None:
        named[data.group] = Wish("text", "group")
    for name in data.targets:
        named[name] = wish_for_target(config)
    return Wishes(named, Wish() if data.features is None else None)


def wish_for_target(config: Config) -> Wish:
    """Return as what a target is read: classes are text even where they look like numbers."""
    task = known_task(config)
    if len(config.data.targets) > 1:
        return Wish("number", "one-hot target" if task == "classification" else "target")
    kinds: dict[Task | None, Kind | None] = {"classification": "text", "regression": "number"}
    return Wish(kinds.get(task), "target")


def resolve_roles(config: Config, table: Table) -> Roles:
    """Find the columns that the config names, or leaves to be found, in the table.

    Raises DataError for a column that is not there, and for a feature that is the target too.
    """
    data = config.data
    targets = resolve_targets(config, table)
    beside = (data.sample_weight, data.group)
    others = (*targets, *(name for name in beside if name is not None))
    ignored = {name for name, column in data.columns.items() if column.said_kind == "ignored"}
    features = data.features or tuple(
        name for name in table.names if name not in others and name not in ignored
    )
    require_columns(table, [*others, *(data.features or ())], [*data.columns])
    for name in features:
        if name in others:
            message = f"`{name}` cannot be a feature, since it is the target or the sample weight"
            raise DataError(Problem(f"{message}; take it out of `features`", table.source))
    if not features:
        message = "no column is left for a feature; add one beside the target"
        raise DataError(Problem(message, table.source))
    task = resolve_task(config, table, targets)
    classes = find_classes(table, targets) if task == "classification" else ()
    return Roles(task, features, targets, classes)


def require_columns(table: Table, read: list[str], configured: list[str]) -> None:
    """Raise DataError for every column that the config names and the data does not have."""
    absent = [name for name in configured if name not in table.header]
    table.require(dict.fromkeys([*read, *absent]))


def resolve_targets(config: Config, table: Table) -> tuple[str, ...]:
    """Return the targets that the config names, or else the one that its generator made."""
    targets = config.data.targets or (target_of_generated(table),)
    table.require(targets)
    return targets


def resolve_task(config: Config, table: Table, targets: tuple[str, ...]) -> Task:
    """Say what is learnt: as the config or its loss has it, else classes from text or labels.

    A column that mixes text and numbers is taken for numbers with a mistake among them.
    """
    known = known_task(config)
    if known is not None:
        return known
    labelled = config.data.generator is not None and LABEL in targets
    has_text = any(name in table.texts for name in targets)
    return "classification" if labelled or has_text else "regression"
