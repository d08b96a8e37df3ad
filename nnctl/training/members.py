"""The members of a group of runs: what each is trained from, and how its training ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nnctl.config import Config
from nnctl.data.folds import Fold
from nnctl.errors import Problem, RunError
from nnctl.runs.checkpoint import Checkpoint
from nnctl.runs.directory import RunDirectory
from nnctl.training.config_changes import departures, told
from nnctl.training.experiment import Experiment


@dataclass(frozen=True)
class Member:
    """A run among several: where it stands, or is to stand, and what it is trained from."""

    number: int  # of the fold, from 1, or the seed
    run: RunDirectory
    config: Config
    fold: Fold | None = None


@dataclass(frozen=True)
class MemberResult:
    """How the training of one member ended."""

    number: int
    run: str  # the directory's name
    status: str  # as run.json has it; only a finished member counts
    epochs: int = 0
    best_epoch: int | None = None
    values: dict[str, float] = field(default_factory=dict)  # of every set, with the best weights
    why: str | None = None  # it diverged, in a sentence

    def to_dict(self, part: str) -> dict[str, Any]:
        """Return the result for the file about all members, each of which is called a `part`."""
        return {
            part: self.number,
            "run": self.run,
            "status": self.status,
            "epochs": self.epochs,
            "best_epoch": self.best_epoch,
            "metrics": self.values,
        }


def unfinished(member: Member, experiment: Experiment, why: str | None = None) -> MemberResult:
    """Return how a member ended that did not come to its end."""
    # That it is finished may be the very thing that could not be written.
    status = "failed" if experiment.status == "finished" else experiment.status
    epochs = len(experiment.history)
    return MemberResult(member.number, member.run.name, status, epochs, why=why)


def check_member(member: Member, checkpoint: Checkpoint, part: str) -> None:
    """Refuse a member that was trained otherwise than it should be, as by `nnctl resume` alone."""
    metadata, fold = checkpoint.metadata, member.fold
    expected = None if fold is None else [fold.index, fold.count]
    # Of a resume that was killed early the checkpoint knows what its epochs were trained with, too.
    for trained in filter(None, (metadata.get("config_before"), metadata["config"])):
        found = departures(member.config, trained)
        if metadata["fold"] != expected:
            found["fold"] = (expected, metadata["fold"])
        if found:
            message = f"was not trained as the other {part}s are: {told(found)}; remove it, and it"
            raise RunError(Problem(f"{message} is trained anew", str(member.run.path)))
