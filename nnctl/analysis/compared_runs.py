"""What is known of runs that are held beside one another, as far as each of them has come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnctl.analysis.plain_text import text_of
from nnctl.config import config_to_dict
from nnctl.data.arrays import IntArray
from nnctl.errors import NnctlError, Problem, RunError, StorageError
from nnctl.runs.directory import RunDirectory
from nnctl.runs.history import read_history
from nnctl.runs.json_file import read_json
from nnctl.runs.status import run_status
from nnctl.training.inference import Model, load_model
from nnctl.training.own_rows import SET_NAMES, checkpoint_with_split, run_config

# What must stand in a file, where anything does: dotted keys, and `*` for each key there is.
RECORD = (
    "data", "data.fingerprints", "data.fingerprints.*", "data.fingerprints.*.columns",
    "environment",
)  # fmt: skip
SUMMARY = ("best",)


@dataclass(frozen=True, eq=False)
class ComparedRun:
    """A run as its files describe it; what they do not tell is None or empty."""

    run: RunDirectory
    label: str
    status: str
    record: Mapping[str, Any]  # run.json
    summary: Mapping[str, Any] | None  # of a training that has come to its end
    history: Mapping[str, Sequence[float]]
    config: Mapping[str, Any]
    model: Model | None  # of the best epoch
    split: Mapping[str, IntArray]  # set -> places of its rows (n_rows,)

    @property
    def best_epoch(self) -> int | None:
        """The epoch whose weights count."""
        if self.summary is not None:
            best = self.summary.get("best_epoch")
            return best if isinstance(best, int) else None
        return None if self.model is None else self.model.epoch or None

    @property
    def epochs(self) -> int:
        """How many epochs the history has."""
        return len(self.history.get("epoch", ()))

    def values(self) -> dict[str, float | None]:
        """Return the metrics of the best weights by their names.

        Before the end only those of the validation rows are known: what metrics.csv has of the
        training rows is a running value over the epoch.
        """
        if self.summary is not None:
            best_values = self.summary.get("best", {})
            return {name: v for name, v in best_values.items() if v is None or is_number(v)}
        best, epochs = self.best_epoch, list(self.history.get("epoch", ()))
        if best not in epochs:
            return {}
        place = epochs.index(best)
        validation = [name for name in self.history if name.startswith("validation_")]
        return {name: self.history[name][place] for name in validation}


def open_runs(runs: Sequence[RunDirectory]) -> tuple[list[ComparedRun], list[str]]:
    """Return what is known of each run, and a sentence for all that is not.

    Raises RunError for a run whose run.json is damaged: nothing else says what it was.
    """
    notes: list[str] = []
    return [
        open_one(run, label, notes) for run, label in zip(runs, labels_of(runs), strict=True)
    ], notes


def labels_of(runs: Sequence[RunDirectory]) -> list[str]:
    """Return the runs' names, and the paths of those that share one."""
    counts = Counter(run.name for run in runs)
    return [run.name if counts[run.name] == 1 else str(run.path) for run in runs]


def open_one(run: RunDirectory, label: str, notes: list[str]) -> ComparedRun:
    """Return what is known of a run; what cannot be read is noted."""

    def noted(error: NnctlError) -> None:
        notes.extend(str(problem) for problem in error.problems)

    record = checked(read_json(run.run_json), RECORD, run.run_json)
    status = run_status(run)
    summary, history, config, model = None, {}, {}, None
    split: dict[str, IntArray] = {}
    try:
        if status == "finished":
            summary = checked(read_json(run.summary), SUMMARY, run.summary)
        history = read_history(run.metrics)
    except (RunError, StorageError) as error:
        noted(error)
    try:
        config = config_to_dict(run_config(run))
    except NnctlError as error:
        noted(error)
    try:
        model = load_model(run.best)
        last, said = checkpoint_with_split(run)
        notes += said
        places = {name: last.arrays.get(f"split_{name}") for name in SET_NAMES}
        split = {name: array for name, array in places.items() if array is not None}
    except (RunError, StorageError) as error:
        noted(error)
    return ComparedRun(run, label, status, record, summary, history, config, model, split)


def losses_of(runs: Sequence[ComparedRun]) -> list[str]:
    """Return what each run's loss is called, with its settings where they alone tell two apart."""
    losses = [run.config.get("loss", {}) for run in runs]
    names, whole = [str(loss.get("name", "loss")) for loss in losses], [*map(text_of, losses)]
    return names if len(set(names)) == len(set(whole)) else whole


def is_number(value: object) -> bool:
    """Whether a value of JSON is a number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def checked(document: dict[str, Any], mappings: Sequence[str], path: Path) -> dict[str, Any]:
    """Return a document in which these keys hold mappings, if anything; RunError for another."""
    for key in mappings:
        values: list[Any] = [document]
        for part in key.split("."):
            values = [
                item
                for value in values
                for item in (value.values() if part == "*" else [value.get(part, {})])
            ]
        if not all(isinstance(value, Mapping) for value in values):
            message = f"is damaged: `{key}` holds no keys; restore it, or train again"
            raise RunError(Problem(message, file=str(path)))
    return document
