"""A group of runs that ended before its time, brought back to where it stood.

The members that are finished count as they stand. The others are trained from their last
checkpoints, or from the beginning, by `results`, as if nothing had been interrupted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from nnctl.config import Config, load_config
from nnctl.data.loading import load_tables
from nnctl.errors import Problem, RunError
from nnctl.runs.group import CrossValidationDirectory, GroupDirectory, SeedsDirectory
from nnctl.runs.json_file import read_json
from nnctl.runs.status import run_status
from nnctl.training.cross_validation import CrossValidation
from nnctl.training.members import Member, MemberResult, check_member
from nnctl.training.resuming import check_data, newest_checkpoint
from nnctl.training.run_group import RunGroup
from nnctl.training.seeds import FEWEST_SEEDS, SeedSeries, seeds_of

Group = TypeVar("Group", bound=RunGroup)


def resume_cross_validation(
    directory: CrossValidationDirectory, command: Sequence[str] = ()
) -> CrossValidation:
    """Return the cross-validation with the folds that are finished, ready to train the others.

    Raises RunError where its files are damaged, or where a fold, finished or not, was trained with
    another config or on other data than the others will be.
    """
    count = read_json(directory.record).get("folds")
    if not isinstance(count, int) or count < 2:
        message = "is damaged: it does not say how many folds there are; cross-validate again"
        raise RunError(Problem(message, file=str(directory.record)))
    config = shared_config(directory, "cross-validate")
    tables = load_tables(config)
    return taken_up(CrossValidation(config, count, tables, directory, command, ()))


def resume_seeds(directory: SeedsDirectory, command: Sequence[str] = ()) -> SeedSeries:
    """Return the seed series with the seeds that are finished, ready to train the others.

    Raises what `resume_cross_validation` does.
    """
    seeds = read_json(directory.record).get("seeds")
    if not isinstance(seeds, list) or len(seeds) < FEWEST_SEEDS:
        message = "is damaged: it does not say which seeds there are; train again"
        raise RunError(Problem(message, file=str(directory.record)))
    config = shared_config(directory, "train")
    if seeds != [*seeds_of(config, len(seeds))]:
        first = config.training_seed
        message = f"was changed: the first of {len(seeds)} seeds was {seeds[0]}, and is {first} now"
        raise RunError(Problem(f"{message}; restore it", str(directory.config)))
    tables = load_tables(config)
    return taken_up(SeedSeries(config, len(seeds), tables, directory, command, ()))


def shared_config(directory: GroupDirectory, verb: str) -> Config:
    """Return the config of all members."""
    if not directory.config.exists():
        message = "is missing, and nothing else says what is trained; restore it, or"
        raise RunError(Problem(f"{message} {verb} again", file=str(directory.config)))
    return load_config(directory.config)


def taken_up(group: Group) -> Group:
    """Return the group with the members that are finished, once all that stand are looked at."""
    fingerprints = group.tables.fingerprints()
    for member in group.members:
        if not member.run.run_json.exists():
            continue
        checkpoint, _ = newest_checkpoint(member.run)
        check_member(member, checkpoint, group.directory.part())
        check_data(member.run, checkpoint, fingerprints, force=False)
        if run_status(member.run) == "finished":
            group.ended += finished_member(member)
    return group


def finished_member(member: Member) -> list[MemberResult]:
    """Return how a finished member ended, from its summary.

    JSON has no number that is not finite: where it has a null, or cannot be read, the member is
    measured again, as part of going on with it.
    """
    try:
        summary: Mapping[str, Any] = read_json(member.run.summary)
        best = {name: float(value) for name, value in summary["best"].items()}
        epochs, best_epoch = int(summary["epochs"]), summary["best_epoch"]
    except (RunError, AttributeError, KeyError, TypeError, ValueError):
        return []
    if not all(math.isfinite(value) for value in best.values()):
        return []
    return [MemberResult(member.number, member.run.name, "finished", epochs, best_epoch, best)]
