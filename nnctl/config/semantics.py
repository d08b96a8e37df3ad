"""What does not fit together although each value alone would do; no data is needed to tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nnctl.config import column_checks, data_checks, model_checks, training_checks
from nnctl.config.document import Path
from nnctl.config.findings import Finding
from nnctl.config.schema.data import PATH_KEYS
from nnctl.config.schema.root import Config

Check = Callable[[Config], Iterator[Finding]]

FILES = tuple(f"data.{key}" for key in PATH_KEYS)
# Check -> the parts of a config that it reads. Where one of them is wrong already, it stays silent.
CHECKS: dict[Check, tuple[str, ...]] = {
    data_checks.check_origin: ("data.source", "data.generator", "data.target", "data.labels"),
    data_checks.check_files: (*FILES, "data.generator"),
    data_checks.check_sets: ("data.split", "data.validation_source", "data.test_source"),
    data_checks.check_columns: (
        "data.target",
        "data.features",
        "data.sample_weight",
        "data.group",
    ),
    data_checks.check_encoding: ("data.encoding",),
    data_checks.check_signs: ("data.delimiter", "data.decimal", "data.quote"),
    data_checks.check_generator: ("data.generator",),
    data_checks.check_generated_size: ("data.generator",),
    data_checks.check_shares: ("data.split",),
    data_checks.check_group: ("data.group", "data.split"),
    data_checks.check_task: ("data.task", "data.split.stratify", "loss"),
    column_checks.check_parts: (
        "data.columns",
        "data.target",
        "data.features",
        "data.sample_weight",
        "data.group",
    ),
    column_checks.check_settings: ("data.columns",),
    column_checks.check_order: ("data.columns",),
    column_checks.check_indicators: ("data.columns", "data.missing"),
    column_checks.check_fillings: ("data.columns",),
    model_checks.check_output_pair: ("model.output.activation", "loss"),
    model_checks.check_output_units: ("model.output", "data.task", "loss"),
    model_checks.check_hidden_activations: ("model.hidden",),
    model_checks.check_width: ("model.hidden", "training.batch_size", "compute.dtype"),
    model_checks.check_batch_normalization: ("model.hidden", "training.batch_size"),
    model_checks.check_biases: ("model",),
    model_checks.check_values: ("model",),
    training_checks.check_nesterov: ("optimizer",),
    training_checks.check_clipping: ("training.gradient_clipping",),
    training_checks.check_class_weight: ("training.class_weight", "data.task", "loss"),
    training_checks.check_metrics: ("metrics", "data.task", "loss"),
    training_checks.check_monitors: (
        "training.early_stopping",
        "optimizer.schedule",
        "metrics",
        "data.split",
        "data.validation_source",
        "data.task",
        "loss",
    ),
    training_checks.check_expectations: (
        "expect",
        "data.split",
        "data.validation_source",
        "data.test_source",
        "data.task",
        "loss",
    ),
}


def semantic_findings(config: Config, doubtful: tuple[Path, ...] = ()) -> list[Finding]:
    """Return what does not fit together, leaving aside whatever reads a `doubtful` path."""
    return [
        finding
        for check, reads in CHECKS.items()
        if not any(_touches(tuple(part.split(".")), path) for part in reads for path in doubtful)
        for finding in check(config)
    ]


def _touches(read: Path, path: Path) -> bool:
    """Whether one of the paths holds the other."""
    shared = min(len(read), len(path))
    return read[:shared] == path[:shared]
