"""A first network for a table: what is predicted from what, and how large a network may be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import inf
from typing import Literal

from nnctl.config.schema.columns import ColumnKind
from nnctl.config.schema.data import Task
from nnctl.data.profile import ColumnFacts, Profile
from nnctl.data.suggestions import counts_rows, is_constant, suggestion_for
from nnctl.data.targets import in_order
from nnctl.training.starter_task import TaskChoice, check_target, choose_task, classes_of, refusal

FEWEST_ROWS = 5
FEW_ROWS = 50  # too few to set some apart that say when to stop
UNEQUAL = 3  # times as many rows as the smallest class has
RARE = 10  # rows with a category
MANY_GAPS = 0.05  # of a column's rows: that they are gaps may say something
SKEWED = 100  # times the median
MANY_COLUMNS = 60  # more are not listed one by one
WIDE_INPUTS = 100
UNITS_OF_WIDE = 64
DROPOUT_OF_WIDE = 0.2
MOST_UNITS_FOR_OUTPUTS = 128
LARGEST_BYTE = 255  # of a pixel


@dataclass(frozen=True)
class Size:
    """What goes with a number of rows."""

    below: float  # rows
    hidden: tuple[int, ...]
    dropout: float
    l2: float
    learning_rate: float
    batch_size: int | Literal["full"]
    epochs: int
    validation: float
    test: float


SIZES = (
    #         rows  units      drop  l2     rate   batch epochs  shares
    Size(FEW_ROWS, (8,), 0.0, 0.01, 0.01, "full", 300, 0.0, 0.2),
    Size(200, (32, 32), 0.0, 0.003, 0.01, 16, 500, 0.2, 0.2),
    Size(1_000, (32, 32), 0.0, 0.003, 0.01, 32, 500, 0.2, 0.2),
    Size(10_000, (64, 32), 0.1, 0.001, 0.003, 64, 300, 0.2, 0.2),
    Size(100_000, (64, 64), 0.0, 0.0001, 0.001, 256, 200, 0.2, 0.2),
    Size(1_000_000, (128, 64), 0.0, 0.0, 0.001, 512, 100, 0.1, 0.1),
    Size(inf, (128, 64), 0.0, 0.0, 0.001, 512, 50, 0.05, 0.05),
)  # fmt: skip


@dataclass(frozen=True)
class StarterColumn:
    """A column beside the target, and what to do with it."""

    facts: ColumnFacts
    kind: ColumnKind
    reason: str = ""  # why it is ignored, or no amount though it holds digits
    filling: str = ""  # what takes the place of a gap; nothing where there is none
    indicator: bool = False  # whether an input says where the gaps were
    logarithm: bool = False
    unknown_ignored: bool = False

    @property
    def inputs(self) -> int:
        """How many inputs of the network it becomes."""
        coded = self.facts.different if self.kind == "categorical" else 1
        return 0 if self.kind == "ignored" else coded + self.indicator

    @property
    def is_plain(self) -> bool:
        """Whether the config need not mention it for it to be taken for what it is."""
        return self.kind == "numeric" and not self.filling and not self.logarithm


@dataclass(frozen=True)
class Starter:
    """All choices for a table."""

    profile: Profile
    choice: TaskChoice
    classes: tuple[tuple[str, int], ...]  # and their rows, the largest first; or none
    columns: tuple[StarterColumn, ...]
    size: Size

    @property
    def task(self) -> Task:
        """What is learnt."""
        return self.choice.task

    @cached_property
    def features(self) -> tuple[StarterColumn, ...]:
        """The columns that are looked at."""
        return tuple(column for column in self.columns if column.kind != "ignored")

    @property
    def ignored(self) -> tuple[StarterColumn, ...]:
        """The columns that are not."""
        return tuple(column for column in self.columns if column.kind == "ignored")

    @property
    def inputs(self) -> int:
        """How many inputs the network has."""
        return sum(column.inputs for column in self.features)

    @property
    def is_binary(self) -> bool:
        """Whether one probability says all."""
        return len(self.classes) == 2

    @property
    def second_class(self) -> str:
        """The class that one probability is of; nothing where there are not two."""
        if not self.is_binary:
            return ""
        targets = self.profile.targets
        names = targets if len(targets) > 1 else in_order({name for name, _ in self.classes})
        return names[1]

    @property
    def is_unequal(self) -> bool:
        """Whether one class has many times the rows of another."""
        rows = [count for _, count in self.classes]
        return bool(rows) and max(rows) > UNEQUAL * min(rows)

    @property
    def has_single_rows(self) -> bool:
        """Whether a class has one row, which no split can divide."""
        return any(count == 1 for _, count in self.classes)

    @property
    def dates_in_order(self) -> tuple[str, ...]:
        """The columns of dates of which each row's is as late as the one before, or later."""
        return tuple(
            column.facts.name
            for column in self.columns
            if column.facts.dates_in_order and column.facts.different > 1
        )

    @property
    def is_of_pixels(self) -> bool:
        """Whether the columns are many and each holds bytes: one scale for all, from 0 up."""
        ranges = [column.facts.numbers for column in self.features]
        return len(ranges) > MANY_COLUMNS and all(
            numbers is not None
            and numbers.whole
            and numbers.least >= 0
            and numbers.greatest <= LARGEST_BYTE
            for numbers in ranges
        )

    @cached_property
    def fills_by_default(self) -> bool:
        """Whether so many columns of numbers have gaps that one line is for all of them."""
        return sum(column.filling == "median" for column in self.features) > MANY_COLUMNS

    def is_listed(self, column: StarterColumn) -> bool:
        """Whether the config has a line for the column, as it has for all that are not too many."""
        if len(self.columns) <= MANY_COLUMNS:
            return True
        default = self.fills_by_default and column.filling == "median"
        return not (column.is_plain or (default and not column.logarithm))

    @property
    def loss(self) -> str:
        """What training makes small."""
        if self.task == "regression":
            return "mean_squared_error"
        return "binary_cross_entropy" if self.is_binary else "categorical_cross_entropy"

    @property
    def output(self) -> str:
        """The activation of the output."""
        if self.task == "regression":
            return "identity"
        return "sigmoid" if self.is_binary else "softmax"

    @property
    def metrics(self) -> tuple[str, ...]:
        """What is measured for people."""
        if self.task == "regression":
            return ("root_mean_squared_error", "mean_absolute_error", "r2")
        return ("accuracy", "balanced_accuracy", "macro_f1") if self.is_unequal else ("accuracy",)


def starter_for(profile: Profile, task: Task | None = None) -> Starter:
    """Choose for the table, and the `task` that is wanted, if one is said.

    Raises DataError where nothing can be learnt: too few rows, no feature, a target that is not of
    the task or always the same.
    """
    if profile.rows < FEWEST_ROWS:
        raise refusal(
            profile,
            f"a network needs more rows to learn from (received {profile.rows}); "
            f"{FEWEST_ROWS} at the very least, some hundred to be of use",
        )
    choice = choose_task(profile, task)
    classes = classes_of(profile) if choice.task == "classification" else ()
    check_target(profile, choice.task, classes)
    columns = choose_columns(profile)
    inputs = sum(column.inputs for column in columns)
    size = choose_size(profile.rows, inputs, len(classes))
    return Starter(profile, choice, classes, columns, size)


def choose_columns(profile: Profile) -> tuple[StarterColumn, ...]:
    """Return what to do with each column beside the targets; DataError if none is of use."""
    columns = tuple(
        choose_column(facts) for facts in profile.columns if facts.name not in profile.targets
    )
    if all(column.kind == "ignored" for column in columns):
        # What counts the rows may be a time, if nothing else is known of them.
        columns = tuple(
            replace(column, kind="numeric", reason="") if counts_rows(column.facts) else column
            for column in columns
        )
    if len(columns) > MANY_COLUMNS:
        # A constant column does no harm, and a line for each of hundreds would.
        columns = tuple(
            replace(column, kind="numeric", reason="") if _is_constant_number(column) else column
            for column in columns
        )
    if all(column.kind == "ignored" for column in columns):
        reasons = "; ".join(f"`{column.facts.name}`: {column.reason}" for column in columns[:3])
        found = f" (received {reasons})" if reasons else ""
        message = f"no column beside the target is of use{found}; add one that says more"
        raise refusal(profile, message)
    return columns


def choose_column(facts: ColumnFacts) -> StarterColumn:
    """Return what to do with one column of features."""
    suggestion = suggestion_for(facts)
    if suggestion.kind == "ignored":
        return StarterColumn(facts, "ignored", suggestion.reason)
    is_numeric = suggestion.kind == "numeric"
    filling = "" if not facts.gaps else "median" if is_numeric else "most_frequent"
    many_gaps = facts.gaps > MANY_GAPS * facts.rows
    counts = [count for _, count in facts.counts or ()]
    return StarterColumn(
        facts,
        suggestion.kind,
        suggestion.reason,
        filling=filling,
        indicator=bool(filling) and (is_numeric or many_gaps),
        logarithm=is_numeric and is_skewed(facts),
        unknown_ignored=suggestion.kind == "categorical" and min(counts) < RARE,
    )


def is_skewed(facts: ColumnFacts) -> bool:
    """Whether none is negative and the greatest is very many times the median."""
    numbers = facts.numbers
    if numbers is None or numbers.least < 0 or numbers.median <= 0:
        return False
    return numbers.greatest > SKEWED * numbers.median


def _is_constant_number(column: StarterColumn) -> bool:
    return column.facts.numbers is not None and is_constant(column.facts)


def choose_size(rows: int, inputs: int, outputs: int) -> Size:
    """Return the size that goes with the rows, widened for many inputs or outputs."""
    size = next(size for size in SIZES if rows < size.below)
    *others, last = size.hidden
    units = (*others, max(last, min(outputs, MOST_UNITS_FOR_OUTPUTS)))
    if inputs <= WIDE_INPUTS:
        return replace(size, hidden=units)
    return replace(
        size,
        hidden=(max(units[0], UNITS_OF_WIDE), *units[1:]),
        dropout=max(size.dropout, DROPOUT_OF_WIDE),
    )
