"""One training run from config to summary: what `nnctl train` does, without a screen.

    experiment = start_experiment(config, Path("runs"))
    for result in experiment.epochs():
        ...
    summary = experiment.finish()

`nnctl.cli.train` puts a screen around it, `nnctl.api.train` a function.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from nnctl.config import Config, dump_config
from nnctl.data.dataset import Dataset, Rows, load_dataset
from nnctl.errors import DivergenceError, NnctlError
from nnctl.runs.atomic import keep_copy, require_room, write_atomically
from nnctl.runs.checkpoint import save_checkpoint
from nnctl.runs.directory import RunDirectory, create_run
from nnctl.runs.history import HistoryWriter, history_csv
from nnctl.runs.json_file import read_json, write_json
from nnctl.runs.lock import hold_run
from nnctl.training.assembly import Assembly, assemble
from nnctl.training.baselines import baselines_checkpoint, fit_baselines
from nnctl.training.inference import Model, model_from_checkpoint
from nnctl.training.loop import EpochResult, named
from nnctl.training.records import (
    Bar,
    best_checkpoint,
    history_columns,
    last_checkpoint,
    measure_bars,
    run_record,
)
from nnctl.training.reporting import measure
from nnctl.training.resumption import Resumption
from nnctl.training.threads import blas_threads

# A checkpoint is written no sooner than this many times the last one's own cost after it, so that
# saving takes at most 5 % of the time whatever the size of the network.
SAVING_INTERVAL = 20

AddRows = Callable[..., None]  # adds any number of rows to a history


@dataclass
class Experiment:
    """A run in the making. `epochs` trains, `finish` evaluates the best weights and sums up."""

    config: Config
    dataset: Dataset
    assembly: Assembly
    run: RunDirectory
    history: list[dict[str, float]] = field(default_factory=list)
    status: str = "running"  # as run.json has it
    stacked: int = 1  # how many networks its own trains together with
    resumption: Resumption | None = None
    config_before: Mapping[str, Any] | None = None  # what config.yaml says until it is replaced

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person should know before training, a sentence each."""
        of_resuming = self.resumption.notices if self.resumption else ()
        return (*of_resuming, *self.dataset.notices, *self.assembly.notices)

    @property
    def is_trained(self) -> bool:
        """Whether the last epoch has ended, or the patience is used up."""
        return self.assembly.trainer.is_done(self.config.training.epochs)

    def epochs(self) -> Generator[EpochResult, None, None]:
        """Train; each epoch's row stands in metrics.csv before it is yielded.

        Close it (`contextlib.closing`) if you leave it before its end.

        However this ends, run.json says so: trained, interrupted, diverged or failed. Where the
        trainer is asked to pause, it ends after the batch in hand, and all of it is saved. A run
        that another process is training is left to it.
        """
        with self.training() as add_rows:
            yield from self.recorded_epochs(add_rows)

    @contextlib.contextmanager
    def training(self) -> Iterator[AddRows]:
        """Hold the run while it is trained, and write down how that ended.

        Gives what adds epochs to its history. The trainer's snapshot is to follow them at once: of
        a training that ends in between, rows are taken back whose epochs no snapshot has seen.
        """
        held = hold_run(self.run) if self.resumption is None else self.resumption.held
        with held, blas_threads(self.assembly.threads):
            status = "interrupted"
            try:
                if self.resumption is not None:
                    self._put_in_order(self.resumption)
                columns = history_columns(self.config, self.dataset)
                with HistoryWriter(self.run.metrics, columns) as writer:
                    yield partial(self._add_rows, writer)
                self.assembly.trainer.take_snapshot()  # of a pause in the middle of an epoch
                self.save()
                status = "trained" if self.is_trained else "paused"
            except DivergenceError:
                status = "diverged"
                raise
            except Exception:
                status = "failed"
                raise
            finally:
                self._close(status)

    def recorded_epochs(self, add_rows: AddRows) -> Iterator[EpochResult]:
        """Train alone, in `training`, and yield the epochs as they are written down."""
        trainer, next_save = self.assembly.trainer, 0.0
        for result in trainer.epochs(self.config.training.epochs):
            add_rows({"epoch": result.epoch, **result.values})
            trainer.take_snapshot()
            if time.monotonic() >= next_save:
                next_save = self.save()
            yield result

    def _add_rows(self, writer: HistoryWriter, *rows: dict[str, float]) -> None:
        self.history += rows
        writer.write(*rows)

    def _close(self, status: str) -> None:
        """Write down how training ended, and what it had reached if it ended before its time.

        A disk that fails now must not hide why training ended.
        """
        if status in ("trained", "paused"):
            self.set_status("trained" if status == "trained" else "interrupted")
            return
        with contextlib.suppress(NnctlError):
            self.set_status(status)
            # A row may have been written whose epoch the snapshot did not live to see.
            del self.history[self.assembly.trainer.snapshot.epoch :]
            self._write_history()
            self.save()

    def _put_in_order(self, resumption: Resumption) -> None:
        """Make what stands in the run agree with its checkpoint, whatever moment it died at."""
        if resumption.changes:
            self.config_before = resumption.config_before
        # The status first: from now on the run is not finished, and another resume goes on.
        record = read_json(self.run.run_json)
        entry = resumption.record(self.assembly.trainer)
        record |= {"status": "running", "resumed": [*record.get("resumed", []), entry]}
        write_json(self.run.run_json, record)
        if self.config_before is not None:
            # The checkpoint next: it knows both configs, should the next line never be reached.
            self.save()
            write_atomically(self.run.config, dump_config(self.config).encode())
            self.config_before = None
        self._write_history()

    def _write_history(self) -> None:
        columns = history_columns(self.config, self.dataset)
        write_atomically(self.run.metrics, history_csv(columns, self.history).encode())

    def save(self) -> float:
        """Write both checkpoints; return the moment before which no other is to be written."""
        began = time.monotonic()
        last = last_checkpoint(self.config, self.dataset, self.assembly, self.history)
        if self.config_before is not None:
            last.metadata["config_before"] = self.config_before
        # The best first: a kill between the two must not leave it behind last.npz's own copy.
        save_checkpoint(self.run.best, best_checkpoint(last))
        keep_copy(self.run.last, self.run.previous)
        save_checkpoint(self.run.last, last)
        ended = time.monotonic()
        return ended + SAVING_INTERVAL * (ended - began)

    def finish(self) -> dict[str, Any]:
        """Evaluate the best weights on every set and write summary.json; return what it says.

        The baselines are fitted now, and measured alike. Raises RunError where another process
        has gone on with the run.
        """
        with hold_run(self.run):
            return self._finished()

    def _finished(self) -> dict[str, Any]:
        last = last_checkpoint(self.config, self.dataset, self.assembly, self.history)
        model = model_from_checkpoint(best_checkpoint(last))
        with blas_threads(self.assembly.threads):
            values, confusion = self._evaluate(model)
            baselines = fit_baselines(model, self.dataset.train)
            beside = {name: self._evaluate(each)[0] for name, each in baselines.models.items()}
        save_checkpoint(self.run.baselines, baselines_checkpoint(baselines))
        trainer = self.assembly.trainer
        summary = {
            "name": self.run.name,
            "epochs": trainer.epoch,
            "stopped_early": trainer.stopping.should_stop,
            "monitor": trainer.stopping.rule.monitor,
            "best_epoch": trainer.stopping.best_epoch,
            "parameters": len(trainer.network.parameters),
            "best": values,
            "final": self.history[-1] if self.history else {},
            "confusion": confusion,
            "baselines": beside,
            "expect": [bar.to_dict() for bar in measure_bars(self.config, values)],
        }
        write_json(self.run.summary, summary)
        self.set_status("finished")
        return summary

    def bars(self, summary: dict[str, Any]) -> list[Bar]:
        """Return every `expect:` entry beside the value reached."""
        return measure_bars(self.config, summary["best"])

    def sets(self) -> dict[str, Rows]:
        """Return the sets that there are, by name; the test set comes last."""
        data = self.dataset
        sets = {"train": data.train, "validation": data.validation, "test": data.test}
        return {name: rows for name, rows in sets.items() if rows is not None}

    def _evaluate(self, model: Model) -> tuple[dict[str, float], dict[str, Any] | None]:
        """Return every set's loss and metrics, and the confusion on the rows seen least."""
        values: dict[str, float] = {}
        confusion = None
        metrics, loss = self._measured(), self.assembly.trainer.loss
        for name, result in measure(model, self.sets(), metrics, loss):
            values |= named(name, result.values)
            if result.confusion is not None:
                classes = list(self.dataset.preprocessing.classes)
                confusion = {"set": name, "classes": classes, "matrix": result.confusion.tolist()}
        return values, confusion

    def _measured(self) -> tuple[str, ...]:
        """Return the config's metrics, and those that only `expect:` names."""
        expected = (metric.split("_", 1)[1] for metric in self.config.expect)
        names = dict.fromkeys((*(self.config.metrics or ()), *expected))
        return tuple(name for name in names if name != "loss")

    def set_status(self, status: str) -> None:
        """Let run.json say what became of the run, and when."""
        self.status = status
        record = read_json(self.run.run_json)
        ended = datetime.now(UTC)
        started = datetime.fromisoformat(record["started"])
        record |= {
            "status": status,
            "ended": ended.isoformat(timespec="milliseconds"),
            "seconds": round((ended - started).total_seconds(), 3),
            **({"stacked": self.stacked} if self.stacked > 1 else {}),
        }
        write_json(self.run.run_json, record)


def start_experiment(
    config: Config,
    runs_dir: Path,
    name: str | None = None,
    command: Sequence[str] = (),
    read: Callable[..., Dataset] = load_dataset,
) -> Experiment:
    """Read the data, build the network and create the run directory, which appears whole.

    `read` takes what `load_dataset` takes: several processes may read together. Raises
    ConfigError, DataError or StorageError before anything stands on the disk.
    """
    return create_experiment(config, read(config), runs_dir, name, command)


def create_experiment(
    config: Config,
    dataset: Dataset,
    runs_dir: Path,
    name: str | None = None,
    command: Sequence[str] = (),
) -> Experiment:
    """Build the network for data that has been read, and create the run directory.

    Raises ConfigError or StorageError before anything stands on the disk.
    """
    assembly, config = assemble(config, dataset)

    def fill(run: RunDirectory) -> None:
        write_atomically(run.config, dump_config(config).encode())
        write_json(run.run_json, run_record(config, dataset, assembly, command))
        columns = history_columns(config, dataset)
        write_atomically(run.metrics, history_csv(columns, []).encode())
        last = last_checkpoint(config, dataset, assembly, [])
        save_checkpoint(run.last, last)
        save_checkpoint(run.best, best_checkpoint(last))
        # What is still to come: a new last beside the old one, and the one before.
        require_room(run.last, 2 * run.last.stat().st_size)

    run = create_run(runs_dir, name or config.name, fill)
    return Experiment(config, dataset, assembly, run)
