"""From tables of rows to predictions under the names that a user knows, a portion at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from nnctl.data.arrays import FloatArray, IntArray
from nnctl.data.table import Table, listed
from nnctl.errors import UsageError
from nnctl.training.decoding import ClassDecoder
from nnctl.training.inference import Model
from nnctl.training.remarks import Remarks

# What is in memory at once: more is no faster, and wide rows are to stay few.
MOST_INPUTS, MOST_OUTPUTS = 2**20, 2**17


@dataclass(frozen=True, eq=False)
class ClassColumn:
    """A column of classes, by their positions among the names of all."""

    labels: IntArray  # (n_rows,)
    names: tuple[str, ...]

    def tolist(self) -> list[str]:
        """Return the names (n_rows,)."""
        return [self.names[label] for label in self.labels.tolist()]


Column = ClassColumn | FloatArray  # (n_rows,), numbers in the run's dtype


@dataclass(frozen=True, eq=False)
class Predictions:
    """Columns of predictions by name, and the rows that they are for."""

    columns: dict[str, Column]
    table: Table

    @property
    def n_rows(self) -> int:
        """The number of rows."""
        return self.table.n_rows


def predict_stream(
    model: Model,
    tables: Iterable[Table],
    note: Callable[[Iterable[str]], None],
    *,
    probabilities: bool,
) -> Iterator[Predictions]:
    """Predict tables one after another, with nothing kept of those before.

    `note` is given a sentence for the first value of each column that lies far outside of what the
    training rows held and, at the end, for each column with categories that they did not have.
    Otherwise as `predict_table`.
    """
    remarks = Remarks(model.preprocessing)
    for table in tables:
        if not table.n_rows:
            continue
        codes = model.preprocessing.raw_features(table)
        note(remarks.look(table, codes))
        yield _predict_codes(model, table, codes, probabilities)
    note(remarks.of_categories())


def predict_table(model: Model, table: Table, *, probabilities: bool) -> Predictions:
    """Predict every row of a table, each by products of its own.

    Columns are `prediction` (or `prediction_TARGET` for several targets) and, where asked for,
    `probability_CLASS`. Raises UsageError where the outputs are no probabilities, DataError for
    rows that cannot be used.
    """
    codes = model.preprocessing.raw_features(table)
    return _predict_codes(model, table, codes, probabilities)


def _predict_codes(
    model: Model, table: Table, codes: FloatArray, probabilities: bool
) -> Predictions:
    inputs = model.preprocessing.encode(codes, model.network.dtype, table)
    outputs = model.outputs_row_by_row(inputs)
    return Predictions(name_outputs(model, outputs, probabilities=probabilities), table)


def name_outputs(model: Model, outputs: FloatArray, *, probabilities: bool) -> dict[str, Column]:
    """Turn outputs (n_rows, n_outputs) into named columns."""
    decoder = model.decoder
    if probabilities:
        require_probabilities(model)
    if not isinstance(decoder, ClassDecoder):
        values = model.preprocessing.inverse_targets(outputs)
        targets = model.preprocessing.targets
        names = [f"prediction_{name}" for name in targets] if len(targets) > 1 else ["prediction"]
        with np.errstate(over="ignore"):
            return dict(zip(names, values.T.astype(model.network.dtype), strict=True))
    classes = model.preprocessing.classes
    columns: dict[str, Column] = {"prediction": ClassColumn(decoder.predicted(outputs), classes)}
    if probabilities:
        scores = decoder.scores(outputs).T.astype(model.network.dtype)
        columns |= {f"probability_{name}": scores[i] for i, name in enumerate(classes)}
    return columns


def rows_at_once(model: Model) -> int:
    """Return how many rows to read and predict at once, so that memory stays the same."""
    network = model.network
    return max(1, min(MOST_INPUTS // network.n_inputs, MOST_OUTPUTS // network.n_outputs))


def describe_ignored_columns(model: Model, table: Table) -> tuple[str, ...]:
    """Return one sentence that lists the columns that the run never knew, if there are any."""
    data, preprocessing = model.config.data, model.preprocessing
    known = {*preprocessing.feature_names, *preprocessing.targets, data.sample_weight, data.group}
    known |= {name for name, column in data.columns.items() if column.kind == "ignored"}
    others = [name for name in table.header if name not in known]
    if not others:
        return ()
    plural = "s" if len(others) > 1 else ""
    return (f"not among the run's features, so ignored: column{plural} {listed(others)}",)


def describe_lacking_weight(model: Model, table: Table) -> tuple[str, ...]:
    """Return a sentence where the table has no weights and the run's own rows have."""
    weight = model.config.data.sample_weight
    if weight is None or weight in table.names:
        return ()
    return (f"{table.source} has no sample weights (`{weight}`), so that all rows count alike",)


def require_probabilities(model: Model) -> None:
    """Raise UsageError where the network's outputs are no probabilities."""
    decoder = model.decoder
    if not isinstance(decoder, ClassDecoder):
        raise UsageError("--proba is for classes; this run estimates numbers")
    if not decoder.gives_probabilities:
        raise UsageError(f"--proba needs probabilities; {_why_none(decoder)}")


def _why_none(decoder: ClassDecoder) -> str:
    """Say why the outputs are no probabilities, and what to train instead."""
    if decoder.output == "sigmoid":
        return (
            f"the {decoder.n_outputs} sigmoid outputs of this run are independent and do not sum "
            "to 1 (train with a softmax output)"
        )
    return (
        f"the outputs of this run are those of {decoder.output} "
        "(train with a sigmoid or softmax output)"
    )
