"""Who says which parameters a trial has, and whether it goes on: a plan, or a study by Optuna."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from nnctl.scale.results import TrialResult
from nnctl.scale.space import Parameters


class Chooser(Protocol):
    """What a sweep asks about its trials, which are counted from 1."""

    @property
    def prunes(self) -> bool:
        """Whether it wants to hear of every epoch."""

    def parameters(self, number: int) -> Parameters:
        """Return the parameters of a trial that is about to be trained."""

    def is_pruned(self, number: int, epoch: int, value: float) -> bool:
        """Take in what a trial reached after an epoch; tell whether it is to end."""

    def tell(self, result: TrialResult) -> None:
        """Take in how a trial ended."""


@dataclass(frozen=True)
class Plan:
    """Parameters that follow from the trial's number; no trial learns from another."""

    trials: Mapping[int, Parameters]
    prunes: bool = False

    def parameters(self, number: int) -> Parameters:
        """Return the parameters of a trial."""
        return self.trials[number]

    def is_pruned(self, number: int, epoch: int, value: float) -> bool:
        """Every trial is trained to its end."""
        return False

    def tell(self, result: TrialResult) -> None:
        """Nothing is learnt from it."""
