"""What a sweep writes down of all its trials: sweep.json, results.csv and best.yaml."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nnctl.config.sweep_schema import SweepConfig
from nnctl.errors import printable
from nnctl.runs.atomic import storage_error, write_atomically
from nnctl.runs.sweep import SweepDirectory
from nnctl.scale.results import TrialResult, ranked
from nnctl.training.metrics import direction


def header(
    sweep: SweepConfig, metric: str, trials: int, data: Mapping[str, Any], status: str
) -> dict[str, Any]:
    """Return what sweep.json says before anything is trained."""
    return {
        "sweep": sweep.name,
        "seed": sweep.seed,
        "search": sweep.search,
        "metric": metric,
        "direction": direction(metric.partition("_")[2]),
        "trials": trials,
        "status": status,
        "data": dict(data),  # the fingerprints of the first trial's
    }


def best_entry(results: Iterable[TrialResult], metric: str) -> dict[str, Any] | None:
    """Return what sweep.json says of the best trial; None while there is none."""
    best = ranked(results, metric)[:1]
    return (
        {
            "trial": best[0].number,
            "run": best[0].run,
            "value": best[0].value(metric),
            "parameters": best[0].parameters,
        }
        if best
        else None
    )


def results_csv(results: Sequence[TrialResult], parameters: Sequence[str], metric: str) -> str:
    """Return a row a trial; a parameter that is no number stands there as YAML on one line."""
    metrics = sorted({name for result in results for name in result.metrics} | {metric})
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["trial", "status", *parameters, "epochs", "best_epoch", *metrics, "error"])
    for result in results:
        values = [cell(result.parameters[key]) for key in parameters]
        measured = [result.metrics.get(name) for name in metrics]
        ended = [result.epochs, result.best_epoch, *measured, result.error]
        writer.writerow([result.number, result.status, *values, *ended])
    return file.getvalue()


def cell(value: Any) -> Any:
    """Return a parameter's value as a cell of a table."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def brief(value: Any) -> str:
    """Return a parameter's value as a person reads it: `elu alpha 0.5` for a mapping."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict) and value:
        names = {key: "" if key == "name" else f"{key} " for key in value}
        return " ".join(f"{names[key]}{brief(part)}" for key, part in value.items())
    return str(cell(value))


def write_best(directory: SweepDirectory, results: Sequence[TrialResult], metric: str) -> None:
    """Write the config of the best trial, ready to train, and say above it what it reached."""
    best = ranked(results, metric)[:1]
    if not best:
        return
    result = best[0]
    lines = [
        f"# Trial {result.number} of a sweep, the best of {len(results)}: "
        f"{metric} {result.value(metric):.6g}, with",
        *(printable(f"#   {key}: {cell(value)}") for key, value in result.parameters.items()),
    ]
    source = directory.trial(result.number).config
    try:
        config = source.read_text(encoding="utf-8")
    except OSError as error:
        raise storage_error(error, source, "read") from error
    write_atomically(directory.best, ("\n".join(lines) + "\n" + config).encode())
