"""One trial of a sweep: a run like any other, begun or gone on with."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from nnctl.config import Config
from nnctl.config.pairs import known_task
from nnctl.data.dataset import Dataset, load_dataset
from nnctl.data.loading import Tables, load_tables
from nnctl.errors import Problem, RunError
from nnctl.runs.checkpoint import Checkpoint
from nnctl.runs.directory import RunDirectory
from nnctl.runs.history import read_history
from nnctl.runs.json_file import read_json
from nnctl.runs.status import run_status
from nnctl.scale.results import PRUNED, TrialResult, finite
from nnctl.scale.space import Parameters
from nnctl.training.config_changes import departures, told
from nnctl.training.experiment import Experiment, create_experiment
from nnctl.training.resuming import newest_checkpoint, reading, resume_experiment


class TableStore:
    """The tables that were read last: most trials of a sweep are trained on the same."""

    def __init__(self) -> None:
        self._key: Any = None
        self._tables: Tables | None = None

    def tables(self, config: Config) -> Tables:
        """Return the config's tables, read only if those of the last config were others."""
        of_generator = config.seed if config.data.generator is not None else None
        key = (config.data.model_dump_json(), of_generator, known_task(config))
        if self._tables is None or key != self._key:
            self._tables = None  # one set of tables in memory, and not two
            self._tables, self._key = load_tables(config), key
        return self._tables


def begin_trial(
    config: Config, run: RunDirectory, store: TableStore, dataset: Dataset | None = None
) -> Experiment:
    """Return the experiment of a trial, as far as it has come; its data may be there already.

    Raises RunError where something else stands in its place, or a run of another config.
    """
    tables = store.tables(config)
    if run.run_json.exists():
        return resume_experiment(
            run,
            tables=tables,
            check=lambda checkpoint: check_trial(run, checkpoint, config),
            read=reading(dataset),
        )
    in_the_way = RunError(Problem("is no run, and stands where a trial is to be", str(run.path)))
    if run.path.exists():
        try:
            run.path.rmdir()  # a killed process left it: we hold the sweep
        except OSError as error:
            raise in_the_way from error
    dataset = dataset or load_dataset(config, None, tables)
    experiment = create_experiment(config, dataset, run.path.parent, run.name)
    if experiment.run.name != run.name:
        raise in_the_way
    return experiment


def check_trial(run: RunDirectory, checkpoint: Checkpoint, config: Config) -> None:
    """Refuse a run that was trained with another config, as by `nnctl resume --set`."""
    found = departures(config, checkpoint.metadata["config"])
    if found:
        message = f"was not trained as the sweep would: {told(found)}; remove it"
        raise RunError(Problem(f"{message}, and it is trained anew", str(run.path)))


def is_pruned(run: RunDirectory) -> bool:
    """Whether a trial was ended early."""
    return run.run_json.exists() and run_status(run) == PRUNED


def pruned_result(run: RunDirectory, number: int, parameters: Parameters) -> TrialResult | None:
    """Return how a trial ended that was ended early, with what it reached; None if it was not."""
    if not is_pruned(run):
        return None
    columns = read_history(run.metrics)
    last = {name: float(values[-1]) for name, values in columns.items() if len(values)}
    epoch = int(last.pop("epoch", 0))
    last.pop("learning_rate", None)
    return TrialResult(number, run.name, parameters, PRUNED, None, epoch, None, finite(last))


def finished_summary(run: RunDirectory, config: Callable[[], Config]) -> dict[str, Any] | None:
    """Return the summary of a trial that had ended before anyone heard of it.

    Raises RunError where it was trained with another config.
    """
    summary = None
    with contextlib.suppress(RunError):
        if run.run_json.exists() and run_status(run) == "finished":
            summary = read_json(run.summary)
    if summary is not None:
        check_trial(run, newest_checkpoint(run)[0], config())
    return summary
