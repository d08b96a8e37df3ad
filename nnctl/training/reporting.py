"""What `evaluate` tells: every measure that applies, beside the baselines, and the confusion."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nnctl.data.arrays import FloatArray, IntArray
from nnctl.data.dataset import Rows, weights
from nnctl.data.table import Table
from nnctl.data.targets import describe_left_out, with_targets
from nnctl.data.wishes import Wish, Wishes
from nnctl.errors import DataError
from nnctl.nn.loss import Loss
from nnctl.training.baselines import Baselines
from nnctl.training.comparison import notes_on_baselines
from nnctl.training.confusion import per_class_table
from nnctl.training.decoding import ClassDecoder
from nnctl.training.evaluation import CHUNK_ROWS, Evaluation, Evaluator, examples_of
from nnctl.training.inference import Model
from nnctl.training.metrics import CLASSIFICATION_METRICS, REGRESSION_METRICS, TWO_CLASS_METRICS
from nnctl.training.remarks import Remarks


@dataclass(frozen=True)
class Report:
    """What labelled rows say of a network."""

    measures: dict[str, Any]  # ready for JSON
    notes: tuple[str, ...]  # what a person should know, a sentence each


class Meter:
    """Measures a model on rows that come in portions; of them only the outputs are kept."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.evaluator = Evaluator(model.network, model.loss, model.decoder, CHUNK_ROWS)
        self.outputs: list[FloatArray] = []
        self.loss_sum = self.share_sum = 0.0

    def add(self, rows: Rows) -> None:
        """Measure some more rows."""
        n_outputs = self.model.network.n_outputs
        examples = examples_of(rows, self.model.decoder, n_outputs, self.model.class_weight)
        with np.errstate(over="ignore", invalid="ignore"):  # told as infinite or NaN
            outputs, loss = self.evaluator.outputs_and_loss(examples)
            share = len(outputs) if examples.weights is None else float(examples.weights.sum())
        self.loss_sum += share * loss
        self.share_sum += share
        self.outputs.append(outputs)

    def evaluation(self, metrics: tuple[str, ...], answers: Answers) -> Evaluation:
        """Return the loss and the named metrics of all rows, whose `answers` are these."""
        outputs = np.concatenate(self.outputs)
        self.outputs = [outputs]
        decoder, targets, weights = self.model.decoder, answers.targets, answers.sample_weight
        with np.errstate(over="ignore", invalid="ignore"):
            values = decoder.metrics(metrics, outputs, targets, weights)
        loss = self.loss_sum / self.share_sum if self.share_sum > 0.0 else 0.0
        return Evaluation({"loss": loss, **values}, outputs, targets, weights, decoder)


@dataclass(frozen=True, eq=False)
class Answers:
    """What rows are measured against, once for all models."""

    targets: FloatArray | IntArray  # labels (n_rows,) or scaled (n_rows, n_targets)
    sample_weight: FloatArray | None  # (n_rows,)


def joined(parts: list[Answers]) -> Answers:
    """Return the answers of all parts, which are alike in having weights."""
    weights = [part.sample_weight for part in parts if part.sample_weight is not None]
    targets = np.concatenate([part.targets for part in parts])
    return Answers(targets, np.concatenate(weights) if weights else None)


def applicable_metrics(model: Model) -> tuple[str, ...]:
    """Return the names of all metrics that this network can be measured by."""
    decoder = model.decoder
    if not isinstance(decoder, ClassDecoder):
        return tuple(REGRESSION_METRICS)
    left_out = set() if len(decoder.classes) == 2 else set(TWO_CLASS_METRICS)
    if not decoder.gives_probabilities:
        left_out.add("log_loss")
    return tuple(name for name in CLASSIFICATION_METRICS if name not in left_out)


def measure(
    model: Model, sets: Mapping[str, Rows], metrics: tuple[str, ...], loss: Loss
) -> Iterator[tuple[str, Evaluation]]:
    """Yield the name of each set with the model's named metrics there, and its loss if it is this.

    All sets go through the same buffers, and one is looked at after the other.
    """
    network, decoder = model.network, model.decoder
    largest = max(len(rows.inputs) for rows in sets.values())
    evaluator = Evaluator(network, model.loss, decoder, largest)
    for name, rows in sets.items():
        examples = examples_of(rows, decoder, network.n_outputs, model.class_weight)
        yield name, without_other_loss(model, loss, evaluator.evaluate(examples, metrics))


def without_other_loss(model: Model, loss: Loss, result: Evaluation) -> Evaluation:
    """Return the result; a loss that is not this one could not be compared, and is left out."""
    if model.loss == loss:
        return result
    values = {name: value for name, value in result.values.items() if name != "loss"}
    return replace(result, values=values)


def evaluate_tables(
    model: Model, tables: Iterable[Table], baselines: Baselines | None = None
) -> Report:
    """Return loss and metrics on labelled rows, and for classes their scores and confusion.

    The rows come in portions, of which one is in memory at a time; of all rows the targets and
    each model's outputs are kept. Sample weights weigh all of it alike; without any, supports and
    confusion are whole counts. The baselines are measured on the same rows by the same metrics.
    Raises DataError for rows that cannot be used, or none at all.
    """
    network, results, remarks = evaluations(model, tables, baselines)
    measures = measures_of(model, network)
    if baselines is None:
        return Report(measures, remarks)
    measures["baselines"] = {name: result.values for name, result in results.items()}
    return Report(measures, (*remarks, *notes_on_baselines(model, network, baselines, results)))


def evaluations(
    model: Model, tables: Iterable[Table], baselines: Baselines | None
) -> tuple[Evaluation, dict[str, Evaluation], tuple[str, ...]]:
    """Measure a network and its baselines on the same rows; return what should be said of those.

    Raises DataError for rows that cannot be used, or none at all.
    """
    models = {} if baselines is None else baselines.models
    own, others = Meter(model), {name: Meter(each) for name, each in models.items()}
    answers, remarks = add_tables(model, tables, [own, *others.values()])
    metrics = applicable_metrics(model)
    network = own.evaluation(metrics, answers)
    results = {
        name: without_other_loss(models[name], model.loss, meter.evaluation(metrics, answers))
        for name, meter in others.items()
    }
    return network, results, remarks


def wishes_of_labelled_rows(model: Model) -> Wishes:
    """Return which columns of a file to measure on: features, targets, weights if any."""
    named = dict(model.preprocessing.wishes(with_targets=True).named)
    weight = model.config.data.sample_weight
    if weight is not None:
        named[weight] = Wish("number", "sample weight")
    return Wishes(named, None)


def add_tables(
    model: Model, tables: Iterable[Table], meters: list[Meter]
) -> tuple[Answers, tuple[str, ...]]:
    """Measure all rows; return what they are measured against, and what should be said of them.

    That is a sentence for each column that is unlike the training rows'. Raises DataError.
    """
    remarks = Remarks(model.preprocessing)
    said: list[str] = []
    answers: list[Answers] = []
    drop, left_out = model.config.data.missing_target == "drop", 0
    targets = model.preprocessing.targets
    for table in tables:
        if drop:
            left_out += table.n_rows
            table = with_targets(table, targets)
            left_out -= table.n_rows
        codes = model.preprocessing.raw_features(table)
        said += remarks.look(table, codes)
        rows = rows_of(model, table, codes)
        if table.n_rows:
            answers.append(Answers(rows.targets, rows.sample_weight))
            for meter in meters:
                meter.add(rows)
    if not answers:
        raise DataError("there are no rows to measure on; give some")
    if left_out:
        said.append(describe_left_out(left_out, targets))
    return joined(answers), (*said, *remarks.of_categories())


def rows_of(model: Model, table: Table, codes: FloatArray) -> Rows:
    """Return labelled rows as the network takes them; `codes` (n_rows, n_features) are theirs."""
    dtype, weight = model.network.dtype, model.config.data.sample_weight
    return Rows(
        model.preprocessing.encode(codes, dtype, table),
        model.preprocessing.transform_targets(table, dtype),
        weights(table, weight, dtype) if weight is not None and weight in table.names else None,
    )


def measures_of(model: Model, result: Evaluation) -> dict[str, Any]:
    """Return what was measured, for classes with each one's scores and the confusion."""
    measures: dict[str, Any] = {"rows": len(result.outputs), **result.values}
    confusion = result.confusion
    if confusion is not None:
        with np.errstate(over="ignore", invalid="ignore"):  # of weights without measure
            class_scores = per_class_table(confusion, model.preprocessing.classes)
        measures["classes"] = [scores._asdict() for scores in class_scores]
        measures["confusion"] = confusion.tolist()
    return measures
