"""A run trained again from its own config, and held against what stands in its directory.

What was changed on the way is done again where it was done: a run that was resumed with more epochs
is trained for the first ones, and then resumed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from nnctl.config import Config, config_from_dict, config_to_dict, dump_config
from nnctl.config.document import Path as Keys
from nnctl.data.dataset import load_dataset
from nnctl.data.folds import Fold
from nnctl.data.loading import Tables, load_tables
from nnctl.errors import DivergenceError, Problem, RunError
from nnctl.runs.atomic import write_atomically
from nnctl.runs.checkpoint import Checkpoint
from nnctl.runs.directory import RunDirectory
from nnctl.runs.environment import environment
from nnctl.runs.json_file import read_json
from nnctl.runs.lock import hold_run
from nnctl.runs.status import KILLED
from nnctl.training.config_changes import config_of_checkpoint, edits, told
from nnctl.training.experiment import Experiment, create_experiment
from nnctl.training.inference import FORGED, portable_config
from nnctl.training.loop import EpochResult
from nnctl.training.own_rows import run_config
from nnctl.training.replaying import check_ranks, dealt_as_then
from nnctl.training.resuming import check_data, resumable_checkpoint, resume_experiment
from nnctl.training.run_group import Watch, unwatched
from nnctl.training.sameness import first_difference, same_files
from nnctl.training.verification import TOLERANCES, Verification, rounding_note

# What of the environment may move the last bits of a result.
DECISIVE = ("nnctl", "python", "numpy", "blas", "platform", "machine")


# How a training ended that went as far as it could, and does so again.
TO_THE_END = ("finished", "diverged")


@dataclass(frozen=True)
class Leg:
    """A part of the way: a config, and the epoch after which another took its place."""

    config: Config
    until: int | None  # None: as far as the config goes


@dataclass(frozen=True, eq=False)
class Original:
    """What is known of the run that is trained again."""

    run: RunDirectory
    status: str
    record: Mapping[str, Any]
    checkpoint: Checkpoint
    legs: Sequence[Leg]
    limit: int | None  # the epoch behind which nothing can be compared; None: none
    whole: bool  # whether it stands between two epochs, so that its checkpoints can be compared
    notes: Sequence[str]


def verify_run(run: RunDirectory, watch: Watch = unwatched) -> Verification:
    """Train a run again in a temporary directory, and compare.

    The run is held meanwhile. Raises RunError where another process trains it, its config or its
    data are not what they were, or its last checkpoint cannot be used.
    """
    with hold_run(run), TemporaryDirectory(prefix="nnctl-verify-") as place:
        original, tables = open_original(run)
        again, ended = train_again(original, tables, Path(place), watch)
        limit = original.limit
        rows, epochs = first_difference(run.metrics, again.metrics, limit)
        finished = original.status == "finished"
        files = same_files(run, again, summed_up=finished) if original.whole else []
        ranks, tolerance = most_ranks(original.record), tolerance_of(original)
        said = [] if tolerance is None else [rounding_note(ranks, rows, tolerance)]
        return Verification(
            str(run.path),
            original.status,
            epochs,
            files,
            rows,
            ended,
            other_environment(original.record),
            tolerance,
            [*original.notes, *said],
        )


def open_original(run: RunDirectory) -> tuple[Original, Tables]:
    """Return what is known of a run, and its data as it is now."""
    record = read_json(run.run_json)
    said = str(record.get("status"))
    status = KILLED if said == "running" else said  # for we hold it, and are not training it
    checkpoint = resumable_checkpoint(run.last)
    config = trained_config(run, checkpoint)
    tables = load_tables(config)
    require_same_data(run, record, checkpoint, tables)
    legs, turned = legs_of(run, record, config)
    epoch, progress = checkpoint.metadata["epoch"], checkpoint.metadata["progress"]
    notes = []
    limit = None if status in TO_THE_END else epoch
    if turned is not None:
        limit, legs = turned, [*legs[:-1], replace(legs[-1], until=turned)]
        notes.append(f"it was resumed with another config in the middle of epoch {turned + 1}")
    elif limit is not None:
        legs = [*legs[:-1], replace(legs[-1], until=limit)]
        notes.append(f"its training has not come to its end, and is compared up to epoch {limit}")
    whole = turned is None and (progress is None or status == "diverged")
    if not whole:
        notes.append("its checkpoints are of the middle of an epoch, and are not compared")
    return Original(run, status, record, checkpoint, legs, limit, whole, notes), tables


def trained_config(run: RunDirectory, checkpoint: Checkpoint) -> Config:
    """Return the config of the last checkpoint; RunError where config.yaml says something else."""
    trained, written = checkpoint.metadata["config"], run_config(run)
    edited = edits(trained, written)
    if edited and portable_config(written) != checkpoint.metadata.get("config_before"):
        message = f"was changed since the run was trained: {told(edited)}; restore it"
        raise RunError(Problem(message, str(run.config)))
    return config_of_checkpoint(trained, written)


def require_same_data(
    run: RunDirectory, record: Mapping[str, Any], checkpoint: Checkpoint, tables: Tables
) -> None:
    """Raise RunError unless the data is what all of the run was trained on."""
    began = record.get("data")
    known = began.get("fingerprints") if isinstance(began, Mapping) else None
    if known is None:
        message = "is damaged: it does not say what the data was; restore it, or train again"
        raise RunError(Problem(message, str(run.run_json)))
    if known != checkpoint.metadata["data"]:
        message = "was resumed on other data than it had begun with; it cannot be trained again"
        raise RunError(Problem(message, str(run.path)))
    changed = check_data(run, checkpoint, tables.fingerprints(), force=True)
    if changed:
        raise RunError(f"{'; '.join(changed)}; restore it: a run is verified on its own data")


def legs_of(
    run: RunDirectory, record: Mapping[str, Any], config: Config
) -> tuple[list[Leg], int | None]:
    """Return the configs that a run had, one after another, and where that cannot be repeated.

    That is where the config was changed in the middle of an epoch: there the epoch is given.
    """
    try:
        check_ranks(record)
        changed = [entry for entry in record.get("resumed", ()) if entry["changes"]]
        configs = [config]
        for entry in reversed(changed):
            configs.insert(0, undone(configs[0], entry["changes"]))
        legs = []
        for entry, before in zip(changed, configs, strict=False):
            legs.append(Leg(before, int(entry["epoch"])))
            if entry["batch"]:
                return legs, int(entry["epoch"])
        return [*legs, Leg(config, None)], None
    except FORGED as error:
        what = f"what it says of `ranks` and `resumed` cannot be ({error})"
        message = f"is damaged: {what}; train again"
        raise RunError(Problem(message, str(run.run_json))) from error


def undone(config: Config, changes: Mapping[str, Sequence[Any]]) -> Config:
    """Return a config as it was before some changes: dotted key -> (before, after)."""
    settings = config_to_dict(config)
    for key, (before, _) in changes.items():
        put(settings, tuple(key.split(".")), before)
    return config_from_dict(settings, Path.cwd())


def put(settings: Any, keys: Keys, value: Any) -> None:
    """Set what stands below the keys; None takes the key away: its default is what it was."""
    *way, last = keys
    for key in way:
        if isinstance(settings, list):
            settings = settings[int(key)]
        else:
            settings = settings.setdefault(key, {})
    if isinstance(settings, list):
        settings[int(last)] = value
    elif value is None:
        settings.pop(last, None)
    else:
        settings[last] = value


def train_again(
    original: Original, tables: Tables, place: Path, watch: Watch
) -> tuple[RunDirectory, str | None]:
    """Train all legs of the way; return the run, and how it ended if that is something new."""
    fold, first = original.checkpoint.metadata["fold"], original.legs[0].config
    dataset = load_dataset(first, None if fold is None else Fold(*fold), tables)
    experiment = create_experiment(first, dataset, place, name_of(original))
    threads = original.checkpoint.metadata["threads"]
    experiment.assembly = replace(experiment.assembly, threads=threads)
    del dataset
    try:
        for index, leg in enumerate(original.legs):
            if index:
                experiment = turned(experiment.run, leg.config)
            with contextlib.closing(experiment.epochs()) as epochs:
                again = dealt_as_then(experiment, original.record, epochs)
                for _ in watch(experiment, paused(experiment, again, leg.until)):
                    pass
    except DivergenceError as error:
        return experiment.run, None if original.status == "diverged" else str(error)
    if original.status == "diverged":
        return experiment.run, "it did not diverge"
    if original.status == "finished" and original.limit is None:
        experiment.finish()
    return experiment.run, None


def name_of(original: Original) -> str:
    """Return what the run was called when it was summed up, which its summary says."""
    with contextlib.suppress(RunError):
        name = read_json(original.run.summary).get("name")
        return name if isinstance(name, str) else original.run.name
    return original.run.name


def turned(run: RunDirectory, config: Config) -> Experiment:
    """Go on with a run that was trained again, with another config."""
    write_atomically(run.config, dump_config(config).encode())
    return resume_experiment(run, force=True)


def paused(
    experiment: Experiment, epochs: Iterator[EpochResult], until: int | None
) -> Iterator[EpochResult]:
    """Pass the epochs on, and pause after epoch `until`."""
    trainer = experiment.assembly.trainer
    if until is not None and trainer.epoch >= until:
        trainer.pause()
    for result in epochs:
        yield result
        if result.epoch == until:
            trainer.pause()


def other_environment(record: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return what is not as it was when the run was trained: key -> (then, now)."""
    recorded, now = record.get("environment"), environment()
    then = recorded if isinstance(recorded, Mapping) else {}
    others = {key: (then.get(key), now[key]) for key in DECISIVE if then.get(key) != now[key]}
    ranks = most_ranks(record)
    return others | ({"ranks": (ranks, 1)} if ranks > 1 else {})  # which add up in another order


def most_ranks(record: Mapping[str, Any]) -> int:
    """Return the largest number of processes that trained together."""
    most: int = max(each.get("ranks", 1) for each in (record, *record.get("resumed", ())))
    return most


def tolerance_of(original: Original) -> float | None:
    """Return how far numbers may part; None where nothing but the same is expected."""
    if most_ranks(original.record) <= 1:
        return None
    return max(TOLERANCES[leg.config.compute.dtype] for leg in original.legs)
