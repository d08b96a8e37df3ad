"""The tables of a config: its files, each of them read alike, or what its generator makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from nnctl.data.fingerprint import fingerprint
from nnctl.data.generators import generated
from nnctl.data.roles import resolve_targets, wishes_of
from nnctl.data.sources import read_source
from nnctl.data.streams import stream
from nnctl.data.table import Table, listed
from nnctl.data.targets import describe_left_out, with_targets
from nnctl.data.wishes import Kind, Wish, Wishes
from nnctl.errors import DataError, Problem

if TYPE_CHECKING:
    from nnctl.config.schema import Config

Said = tuple[str, ...]  # what a person should know, a sentence each


@dataclass(frozen=True, eq=False)
class Tables:
    """The data as it was read: the main table, and those of sets with a file of their own."""

    main: Table
    validation: Table | None = None
    test: Table | None = None
    notices: Said = ()

    def by_key(self) -> dict[str, Table]:
        """Return the tables that there are, by the config's key for each."""
        tables = {
            "source": self.main,
            "validation_source": self.validation,
            "test_source": self.test,
        }
        return {key: table for key, table in tables.items() if table is not None}

    def fingerprints(self) -> dict[str, Any]:
        """Return the fingerprint of each table, by the config's key for it."""
        return {key: fingerprint(table) for key, table in self.by_key().items()}


def load_tables(config: Config) -> Tables:
    """Read the config's files, or make what its generator describes.

    Raises DataError for what cannot be used, and for a group of rows that two files share.
    """
    main, notices = load_main_table(config)
    validation, of_validation = load_own_table(config, "validation", main.kinds)
    test, of_test = load_own_table(config, "test", main.kinds)
    tables = Tables(main, validation, test, (*notices, *of_validation, *of_test))
    if config.data.group is not None:
        refuse_shared_groups(tables, config.data.group)
    return tables


def load_main_table(config: Config) -> tuple[Table, Said]:
    """Return the rows that are divided into sets, and what is to be said of them."""
    return kept_rows(config, load_table(config))


def load_own_table(
    config: Config, set_name: str, kinds: Mapping[str, Kind]
) -> tuple[Table | None, Said]:
    """Return the rows of the file that validation or test has of its own, if any, and what is said.

    `kinds` are the columns of the main table: they are read as what they are there, and none but
    the group may be absent. No other file is opened.
    """
    data = config.data
    path: str | None = getattr(data, f"{set_name}_source")
    if path is None:
        return None, ()
    labels: str | None = getattr(data, f"{set_name}_labels")
    table = read_source(path, data, wishes_like(kinds, wishes_of(config)), labels=labels)
    table.require(name for name in kinds if name != data.group)
    return kept_rows(config, table)


def kept_rows(config: Config, table: Table) -> tuple[Table, Said]:
    """Leave out the rows without a target where that is wished, and say how many they were."""
    if config.data.missing_target != "drop":
        return table, ()
    targets = resolve_targets(config, table)
    kept = with_targets(table, targets)
    if kept.n_rows == 0:
        raise DataError(Problem(f"no row has a value of {listed(targets)}", table.source))
    count = table.n_rows - kept.n_rows
    return kept, (describe_left_out(count, targets),) if count else ()


def load_table(config: Config) -> Table:
    """Read the whole of the config's main file, or make what its generator describes."""
    data = config.data
    if data.generator is None:
        assert data.source is not None, "the config holds a source or a generator"
        return read_source(data.source, data, wishes_of(config), labels=data.labels)
    seed = config.seed if data.generator.seed is None else data.generator.seed
    rng = stream(seed, "generator")
    return generated(data.generator.name, rng, data.generator.parameters())


def wishes_like(kinds: Mapping[str, Kind], wishes: Wishes) -> Wishes:
    """Return the wish to read columns as these kinds, for what they are wished for otherwise."""
    roles = {name: (wishes.of(name) or Wish()).role for name in kinds}
    return Wishes({name: Wish(kind, roles[name]) for name, kind in kinds.items()}, None)


def refuse_shared_groups(tables: Tables, group: str) -> None:
    """Raise DataError for groups of rows that stand in two files: each is to stay in one set.

    Of a file without the column of groups nothing can be told.
    """
    groups = [(table, groups_of(table, group)) for table in tables.by_key().values()]
    problems: list[Problem] = []
    for (table, names), (other, other_names) in combinations(groups, 2):
        if shared := sorted(names & other_names):
            problems.append(Problem(describe_shared_groups(shared, table.source), other.source))
    if problems:
        raise DataError(problems)


def describe_shared_groups(shared: Sequence[str], source: str) -> str:
    """Say which groups stand in another file too, and what to do."""
    subject = f"groups {listed(shared)} are" if len(shared) > 1 else f"group `{shared[0]}` is"
    them = "them" if len(shared) > 1 else "it"
    remedy = f"a group stays in one set: take {them} out of one of the files"
    return f"{subject} in {source} too; {remedy}"


def groups_of(table: Table, group: str) -> set[str]:
    """Return the groups that some row is of; none where the table does not have the column."""
    if group not in table.names:
        return set()
    texts, codes = table.codes(group)
    return {texts[int(code)] for code in np.unique(codes[~np.isnan(codes)])}
