"""A run that ended before its time, or is to go on for longer, brought back to where it stood."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nnctl.config import Config, dump_config
from nnctl.config.loading import overridden
from nnctl.config.schema.data import PATH_KEYS
from nnctl.data.dataset import Dataset, load_dataset
from nnctl.data.fingerprint import changes
from nnctl.data.folds import Fold
from nnctl.data.loading import Tables
from nnctl.errors import Problem, RunError
from nnctl.runs.atomic import keep_copy, remove_stale_temporaries, write_atomically
from nnctl.runs.checkpoint import Checkpoint, read_checkpoint
from nnctl.runs.directory import RunDirectory
from nnctl.runs.lock import hold_run
from nnctl.training.assembly import assemble
from nnctl.training.build import build_stopping
from nnctl.training.config_changes import config_of_checkpoint, differences, edits, told
from nnctl.training.experiment import Experiment
from nnctl.training.inference import FORGED, portable_config
from nnctl.training.own_rows import run_config
from nnctl.training.records import history_columns
from nnctl.training.resumption import Resumption
from nnctl.training.snapshot import SLOT, Snapshot

# What another training of the same network may change: how long it is, and how fast it learns.
FREE = (
    "training.epochs",
    "training.early_stopping",
    "training.on_divergence",
    "optimizer.learning_rate",
    "optimizer.schedule",
    "expect",
)
# What the value depends on by which the best epoch is chosen, beside its name and the data's files.
MEASURE = ("loss", "regularization", "training.class_weight", "data.", "seed")
FILES = tuple(f"data.{key}" for key in PATH_KEYS)
# What last.npz says beside its arrays, and best.npz does not.
NEEDED_TO_GO_ON = (
    "config",
    "data",
    "epoch",
    "fold",
    "history_columns",
    "learning_rate",
    "optimizer_steps",
    "progress",
    "stopping",
    "threads",
)


def resume_experiment(
    run: RunDirectory,
    overrides: Sequence[str] = (),
    *,
    force: bool = False,
    command: Sequence[str] = (),
    tables: Tables | None = None,
    check: Callable[[Checkpoint], None] = lambda _: None,
    read: Callable[..., Dataset] = load_dataset,
) -> Experiment:
    """Return the run's experiment as it was at its last checkpoint, ready to go on.

    The run is held from now on. `overrides` may change what is in `FREE`, and `tables` are those
    of its data, where they were read before; `check` may refuse the checkpoint, and `read` takes
    what `load_dataset` takes. Raises RunError where another process trains the run, no checkpoint
    can be used, or config or data are not what they were, unless `force`.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(hold_run(run))
        for directory in (run.path, run.checkpoints, run.plots):
            remove_stale_temporaries(directory)
        checkpoint, damages = newest_checkpoint(run)
        check(checkpoint)
        config, changes = resumed_config(run, checkpoint, overrides, force=force)
        fold = checkpoint.metadata["fold"]
        dataset = read(config, None if fold is None else Fold(*fold), tables)
        other_data = check_data(run, checkpoint, dataset.fingerprints, force=force)
        if other_data or not all(key.startswith(FREE) for key in changes):
            checkpoint.metadata["progress"] = None  # the epoch begins anew: its batches are others
        compared = compared_anew(run, checkpoint, config, changes, other_data)
        experiment = restored_experiment(run, checkpoint, config, dataset)
        if damages:  # or the next save would keep the damaged one as the previous
            keep_copy(run.previous, run.last)
        trainer = experiment.assembly.trainer
        if changes and trainer.stopping.should_stop:
            trainer.stopping.waited = 0  # whoever asks for more epochs brings new patience
            trainer.take_snapshot()
        experiment.resumption = Resumption(
            stack.pop_all(),
            changes,
            checkpoint.metadata["config"],
            damages + other_data + compared,
            tuple(command),
        )
    return experiment


def newest_checkpoint(run: RunDirectory) -> tuple[Checkpoint, tuple[str, ...]]:
    """Return the last checkpoint, or the one before it where the last cannot be used."""
    try:
        return resumable_checkpoint(run.last), ()
    except RunError as error:
        if not run.previous.exists():
            raise
        try:
            checkpoint = resumable_checkpoint(run.previous)
        except RunError as another:
            raise RunError([*error.problems, *another.problems]) from another
        epoch = checkpoint.metadata["epoch"]
        return checkpoint, (f"{error}; going on from {run.previous}, of epoch {epoch}",)


def resumable_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint that says all that is needed to go on."""
    checkpoint = read_checkpoint(path)
    missing = [key for key in NEEDED_TO_GO_ON if key not in checkpoint.metadata]
    if missing:
        message = f"is no checkpoint to go on from: it says nothing of {', '.join(missing)}"
        raise RunError(Problem(message, str(path)))
    return checkpoint


def resumed_config(
    run: RunDirectory, checkpoint: Checkpoint, overrides: Sequence[str], *, force: bool
) -> tuple[Config, dict[str, Any]]:
    """Return the config to go on with, and what the overrides changed in it.

    The checkpoint knows the config that it was trained with: a config.yaml that says something
    else was edited, or was being replaced when the process that changed it died: it is replaced
    now, for the next checkpoint will not know what stood there before.
    """
    trained = checkpoint.metadata["config"]
    written = run_config(run)
    edited = edits(trained, written)
    if edited and portable_config(written) == checkpoint.metadata.get("config_before"):
        written, edited = config_of_checkpoint(trained, written), {}
        write_atomically(run.config, dump_config(written).encode())
    if edited and not force:
        message = f"was changed since the run was trained: {told(edited)}"
        raise RunError(Problem(f"{message}; restore it, or resume with --force", str(run.config)))
    config = overridden(written, overrides) if overrides else written
    changed = differences(portable_config(written), portable_config(config))
    refused = {key: value for key, value in changed.items() if not key.startswith(FREE)}
    refused |= other_monitors(written, config)
    if refused and not force:
        message = (
            f"resuming may not change {told(refused)}: that is another training, for `nnctl train`"
        )
        raise RunError(Problem(f"{message} (--force goes on all the same)", str(run.path)))
    return config, {**edited, **changed}


def other_monitors(before: Config, now: Config) -> dict[str, tuple[Any, Any]]:
    """Return what is watched for another value: the best of one metric is not that of another."""
    pairs = {
        "training.early_stopping.monitor": tuple(
            build_stopping(config).rule.monitor for config in (before, now)
        ),
        "optimizer.schedule.monitor": tuple(
            config.optimizer.schedule.parameters().get("monitor") for config in (before, now)
        ),
    }
    return {
        key: (watched, other)
        for key, (watched, other) in pairs.items()
        if watched is not None and other is not None and watched != other
    }


def compared_anew(
    run: RunDirectory,
    checkpoint: Checkpoint,
    config: Config,
    changes: Mapping[str, Any],
    other_data: Sequence[str],
) -> tuple[str, ...]:
    """Forget the best epoch where the next ones have another value; return what is to be said.

    A loss is no better than an accuracy. The best is chosen among the epochs to come, as if the
    present weights had just been drawn. Raises RunError where none is to come.
    """
    metadata, arrays = checkpoint.metadata, checkpoint.arrays
    trained = config_of_checkpoint(metadata["config"], config)
    measured = [key for key in changes if key.startswith(MEASURE) and key not in FILES]
    if not (other_monitors(trained, config) or measured or other_data):
        return ()
    monitor = build_stopping(config).rule.monitor
    if metadata["epoch"] >= config.training.epochs:
        message = f"has no epoch left by whose {monitor} the best could be chosen; set more"
        raise RunError(Problem(f"{message} training.epochs", str(run.path)))
    metadata["stopping"] = {"best_value": None, "best_epoch": None, "waited": 0}
    if "best" in metadata["learning_rate"]:
        metadata["learning_rate"] |= {"best": None, "waited": 0}
    for name in ("parameters", "state"):
        arrays[f"best_{name}"] = arrays[name]
    said = f"the best epoch by {monitor} is chosen among those to come: what it was before"
    return (f"{run.path}: {said} cannot be compared with it",)


def check_data(
    run: RunDirectory, checkpoint: Checkpoint, now: Mapping[str, Any], *, force: bool
) -> tuple[str, ...]:
    """Refuse data that is not what the run was trained on; with `force` say so only.

    `now` are the fingerprints of the data as it is.
    """
    trained = checkpoint.metadata["data"]
    found = []
    for key in {**trained, **now}:
        if key not in trained or key not in now:
            found.append(f"data.{key}: {'added' if key not in trained else 'gone'}")
        else:
            parts = changes(trained[key], now[key])
            found += [f"data.{key} is {part}" for part in parts]
    if not found:
        return ()
    message = f"its data is not what it was trained on: {'; '.join(found)}"
    if not force:
        raise RunError(Problem(f"{message}; restore it, or resume with --force", str(run.path)))
    return (f"{run.path}: {message}",)


def restored_experiment(
    run: RunDirectory, checkpoint: Checkpoint, config: Config, dataset: Dataset
) -> Experiment:
    """Build everything anew and put the checkpoint's state into it; RunError where it misfits."""
    metadata, arrays = checkpoint.metadata, checkpoint.arrays
    assembly, config = assemble(config, dataset, threads=metadata["threads"])
    try:
        snapshot = Snapshot(
            epoch=metadata["epoch"],
            optimizer_steps=metadata["optimizer_steps"],
            learning_rate=metadata["learning_rate"],
            stopping=metadata["stopping"],
            progress=metadata["progress"],
            setbacks=tuple(map(str, metadata.get("setbacks", ()))),
            arrays={
                name: array
                for name, array in arrays.items()
                if name.startswith((SLOT, "epoch_", "best_", "observ", "trajectory_"))
                or name in ("parameters", "state")
            },
        )
        assembly.trainer.restore(snapshot)
        columns = metadata["history_columns"]
        if (*columns,) != history_columns(config, dataset):
            raise ValueError("its history has other metrics")
        history = [
            {c: int(v) if c == "epoch" else v for c, v in zip(columns, row, strict=True)}
            for row in arrays["history"].tolist()
        ]
    except FORGED as error:
        message = f"its checkpoint does not fit its config and data ({error}); train again"
        raise RunError(Problem(message, str(run.path))) from error
    return Experiment(config, dataset, assembly, run, history)


def reading(dataset: Dataset | None) -> Callable[..., Dataset]:
    """Return what reads a run's data, or gives that which has been read."""
    if dataset is None:
        return load_dataset
    there = dataset
    return lambda *_: there
