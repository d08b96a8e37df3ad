"""What `evaluate` tells: every measure that applies, each class's scores, the confusion."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnctl.data.dataset import rows_from_table
from nnctl.data.table import Table
from nnctl.training.confusion import per_class_table
from nnctl.training.decoding import ClassDecoder
from nnctl.training.evaluation import Evaluator, examples_of
from nnctl.training.inference import Model
from nnctl.training.metrics import CLASSIFICATION_METRICS, REGRESSION_METRICS, TWO_CLASS_METRICS


def applicable_metrics(model: Model) -> tuple[str, ...]:
    """Return the names of all metrics that this network can be measured by."""
    decoder = model.decoder
    if not isinstance(decoder, ClassDecoder):
        return tuple(REGRESSION_METRICS)
    left_out = set() if len(decoder.classes) == 2 else set(TWO_CLASS_METRICS)
    if not decoder.gives_probabilities:
        left_out.add("log_loss")
    return tuple(name for name in CLASSIFICATION_METRICS if name not in left_out)


def evaluate_table(model: Model, table: Table) -> dict[str, Any]:
    """Return loss and metrics on labelled rows, and for classes their scores and confusion.

    Sample weights weigh all of it alike; without any, supports and confusion are whole counts.
    """
    weight_column = model.config.data.sample_weight
    rows = rows_from_table(
        table,
        model.preprocessing,
        model.network.dtype,
        sample_weight=weight_column if weight_column in table.columns else None,
    )
    examples = examples_of(rows, model.decoder, model.network.n_outputs, model.class_weight)
    evaluator = Evaluator(model.network, model.loss, model.decoder, len(examples))
    result = evaluator.evaluate(examples, applicable_metrics(model))
    report: dict[str, Any] = {"rows": len(examples), **result.values}
    if result.confusion is not None:
        classes = model.preprocessing.classes
        with np.errstate(over="ignore", invalid="ignore"):  # of weights without measure
            class_scores = per_class_table(result.confusion, classes)
        report["classes"] = [scores._asdict() for scores in class_scores]
        report["confusion"] = result.confusion.tolist()
    return report
