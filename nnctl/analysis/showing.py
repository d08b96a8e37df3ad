"""All that is known of one run, and whether its data is still what it was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nnctl.analysis.written_config import written_config
from nnctl.data.fingerprint import changes
from nnctl.data.loading import load_tables
from nnctl.errors import NnctlError
from nnctl.runs.catalogue import SETS, Entry, entries_at
from nnctl.runs.contents import files_of
from nnctl.runs.directory import RunDirectory
from nnctl.runs.json_file import read_json
from nnctl.training.own_rows import run_config


def show_run(run: RunDirectory) -> dict[str, Any]:
    """Return what is known of a run, ready for JSON.

    Raises RunError where its run.json is no JSON. What else cannot be read is one of its `notices`.
    """
    record, entry = read_json(run.run_json), next(entries_at(run.path))
    notices = [] if entry.problem is None else [entry.problem]
    summary = read_json(run.summary) if entry.status == "finished" else {}
    return {
        "run": str(run.path),
        "status": entry.status,
        "epochs": entry.epochs,
        "best_epoch": summary.get("best_epoch"),
        "stopped_early": summary.get("stopped_early"),
        "monitor": summary.get("monitor"),
        "parameters": summary.get("parameters"),
        "started": record.get("started"),
        "ended": record.get("ended"),
        "seconds": record.get("seconds"),
        "stacked": record.get("stacked", 1),
        "command": record.get("command", []),
        "seed": record.get("seed"),
        "training_seed": training_seed(entry),
        "ranks": record.get("ranks", 1),
        "threads": record.get("threads"),
        "metrics": by_set(summary.get("best", {})),
        "expect": summary.get("expect", []),
        "data": record.get("data", {}),
        "resumed": record.get("resumed", []),
        "environment": record.get("environment", {}),
        "files": [vars(file) for file in files_of(run.path)],
        "notices": [*notices, *look_at_data(run, record)],
    }


def training_seed(entry: Entry) -> int | None:
    """Return what weights and shuffles are derived from; None where it is not known."""
    config = written_config(entry)
    training = config.get("training") if "seed" in config else None
    if not isinstance(training, Mapping):
        return None
    own: int | None = training.get("seed")
    seed: int = config["seed"]
    return seed if own is None else own


def by_set(values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return metrics by the set that they were measured on, the test rows' first."""
    found = {
        name: {
            metric.removeprefix(f"{name}_"): value
            for metric, value in values.items()
            if metric.startswith(f"{name}_")
        }
        for name in SETS
    }
    return {name: metrics for name, metrics in found.items() if metrics}


def look_at_data(run: RunDirectory, record: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence where the run's data is gone, or not what it was trained on."""
    trained = record.get("data", {}).get("fingerprints", {})
    try:
        now = load_tables(run_config(run)).fingerprints()
        for key in {**trained, **now}:
            if key not in trained or key not in now:
                yield f"data.{key} was {'added' if key in now else 'taken away'} since the training"
            elif parts := [*changes(trained[key], now[key])]:
                yield f"data.{key} has changed since the training: {', '.join(parts)}"
    except NnctlError as error:
        yield from (f"the data cannot be read: {problem}" for problem in error.problems)
    except (KeyError, TypeError, AttributeError):
        yield f"{run.run_json} does not say what the data was"
