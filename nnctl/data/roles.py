"""Which columns are looked at, and as what: features, targets, and the classes to tell apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnctl.config.pairs import known_task
from nnctl.data.generators import LABEL, target_of_generated
from nnctl.data.table import Table
from nnctl.data.targets import Task, find_classes
from nnctl.errors import DataError, Problem

if TYPE_CHECKING:
    from nnctl.config.schema import Config


@dataclass(frozen=True)
class Roles:
    """The part that each column plays."""

    task: Task
    features: tuple[str, ...]
    targets: tuple[str, ...]
    classes: tuple[str, ...]  # empty for a regression


def resolve_roles(config: Config, table: Table) -> Roles:
    """Find the columns that the config names, or leaves to be found, in the table.

    Raises DataError for a column that is not there, and for a feature that is the target too.
    """
    data = config.data
    targets = resolve_targets(config, table)
    others = targets if data.sample_weight is None else (*targets, data.sample_weight)
    features = data.features or tuple(name for name in table.columns if name not in others)
    table.require(dict.fromkeys([*others, *features]))
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


def resolve_targets(config: Config, table: Table) -> tuple[str, ...]:
    """Return the targets that the config names, or else the one that its generator made."""
    target = config.data.target
    if target is None:
        return (target_of_generated(table),)
    targets = (target,) if isinstance(target, str) else target
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
    has_text = any(table.first_text(name) is not None for name in targets)
    return "classification" if labelled or has_text else "regression"
