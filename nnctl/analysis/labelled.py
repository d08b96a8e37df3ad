"""What a network says of labelled rows, which come in portions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from nnctl.data.arrays import IntArray
from nnctl.data.dataset import Rows
from nnctl.data.table import Table
from nnctl.errors import DataError, UsageError
from nnctl.training.decoding import ClassDecoder
from nnctl.training.evaluation import Evaluation, Examples, examples_of
from nnctl.training.inference import Model
from nnctl.training.reporting import Meter, add_tables


def evaluated(
    model: Model, tables: Iterable[Table], metrics: tuple[str, ...]
) -> tuple[Evaluation, tuple[str, ...]]:
    """Return outputs, targets and the named metrics of all rows, and what should be said of them.

    Raises DataError for rows that cannot be used, or none at all, and where the outputs are beyond
    all numbers.
    """
    meter = Meter(model)
    answers, remarks = add_tables(model, tables, [meter])
    result = meter.evaluation(metrics, answers)
    lost = np.count_nonzero(~np.isfinite(result.outputs).all(axis=1))
    if lost:
        raise DataError(
            f"the network's outputs are not finite for {lost:,} of {len(result.outputs):,} rows; "
            "its inputs or weights are too large, see `nnctl diagnose`"
        )
    return result, remarks


def class_decoder(model: Model, what: str) -> ClassDecoder:
    """Return what reads classes off the outputs; UsageError for a regression."""
    decoder = model.decoder
    if not isinstance(decoder, ClassDecoder):
        raise UsageError(f"{what} drawn for classes; this run estimates numbers")
    return decoder


@dataclass(frozen=True, eq=False)
class LabelledRows:
    """Rows as the network and its loss take them."""

    examples: Examples
    notices: tuple[str, ...]


def gathered(model: Model, tables: Iterable[Table], most: int) -> LabelledRows:
    """Return at most `most` of the rows, evenly spaced, and what should be said of them.

    Raises DataError for rows that cannot be used, or none at all.
    """
    collector = Collector(model, most)
    answers, remarks = add_tables(model, tables, [collector])
    n_rows = len(answers.targets)
    if n_rows > most:
        remarks = (*remarks, f"looked at are {most:,} of {n_rows:,} rows, evenly spaced")
    return LabelledRows(collector.examples(), remarks)


class Collector(Meter):
    """Keeps rows that pass; where they become too many, every second, fourth, eighth of them."""

    def __init__(self, model: Model, most: int) -> None:
        super().__init__(model)
        self.most, self.stride, self.seen = most, 1, 0
        self.kept: list[Rows] = []

    def add(self, rows: Rows) -> None:
        """Keep some more rows."""
        n_rows = len(rows.inputs)
        self.kept.append(some(rows, np.arange(-self.seen % self.stride, n_rows, self.stride)))
        self.seen += n_rows
        while sum(len(part.inputs) for part in self.kept) >= 2 * self.most:
            joined = together(self.kept)
            self.stride *= 2
            self.kept = [some(joined, np.arange(0, len(joined.inputs), 2))]

    def examples(self) -> Examples:
        """Return the rows that are kept, at most `most` of them."""
        rows, model = together(self.kept), self.model
        n_rows = len(rows.inputs)
        chosen = np.linspace(0, n_rows - 1, min(n_rows, self.most)).astype(np.int64)
        n_outputs = model.network.n_outputs
        return examples_of(some(rows, chosen), model.decoder, n_outputs, model.class_weight)


def some(rows: Rows, chosen: IntArray) -> Rows:
    """Return some of the rows, by their positions (n,)."""
    weights = None if rows.sample_weight is None else rows.sample_weight[chosen]
    return Rows(rows.inputs[chosen], rows.targets[chosen], weights)


def together(parts: list[Rows]) -> Rows:
    """Return the rows of all parts, which are alike in having weights."""
    weights = [part.sample_weight for part in parts if part.sample_weight is not None]
    return Rows(
        np.concatenate([part.inputs for part in parts]),
        np.concatenate([part.targets for part in parts]),
        np.concatenate(weights) if weights else None,
    )
