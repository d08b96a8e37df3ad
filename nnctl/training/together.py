"""Experiments trained together: their networks stacked, each with its own run directory.

    joint = JointTraining(experiments)
    for result in joint.epochs():
        while joint.ended:
            index, error = joint.ended.popleft()

Every run is what it is when it is trained alone, to the byte: checkpoints, history and summary.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from nnctl.errors import DivergenceError
from nnctl.training.build import build_optimizer
from nnctl.training.experiment import SAVING_INTERVAL, AddRows, Experiment
from nnctl.training.loop import EpochResult
from nnctl.training.stack import Stack
from nnctl.training.stacking import FEWEST_TOGETHER

SECONDS_AT_A_TIME = 0.25  # after which the histories are written down


@dataclass(frozen=True, eq=False)
class Place:
    """An experiment in training."""

    index: int  # among all that train together
    experiment: Experiment
    context: contextlib.ExitStack  # whose end is that of the training
    add_rows: AddRows


class JointTraining:
    """Experiments of one architecture and data, in training."""

    def __init__(self, experiments: Sequence[Experiment]) -> None:
        self.experiments = [*experiments]
        for experiment in experiments if len(experiments) >= FEWEST_TOGETHER else ():
            experiment.stacked = len(experiments)
        self.ended: deque[tuple[int, DivergenceError | None]] = deque()
        self.pause_requested = False
        self._next_save = 0.0

    def pause(self) -> None:
        """Let `epochs` end after the epoch in hand; a signal handler may call it at any time.

        One that trains alone ends after its batch.
        """
        self.pause_requested = True
        for experiment in self.experiments:
            experiment.assembly.trainer.pause()

    def epochs(self) -> Generator[EpochResult, None, None]:
        """Train; yield each epoch of one alone, and now and then one of several.

        Which experiment has ended, by its index, is put into `ended`: trained, or diverged with an
        error. Close it (`contextlib.closing`) if you leave it before its end.
        """
        with contextlib.ExitStack() as all_of_them:
            places = [
                self._placed(index, experiment, all_of_them)
                for index, experiment in enumerate(self.experiments)
            ]
            # A killed process may have left some further on than others.
            for _, alike in groupby(sorted(places, key=position), position):
                yield from self._trained([*alike])

    @staticmethod
    def _placed(index: int, experiment: Experiment, all_of_them: contextlib.ExitStack) -> Place:
        context = all_of_them.enter_context(contextlib.ExitStack())
        return Place(index, experiment, context, context.enter_context(experiment.training()))

    def _trained(self, places: list[Place]) -> Iterator[EpochResult]:
        while len(places) >= FEWEST_TOGETHER and not self.pause_requested:
            stack = stack_of([place.experiment for place in places])
            yield from self._recorded_epochs(stack, places)
            staying = []
            for place, ended, lost in zip(places, stack.ended, stack.lost, strict=True):
                if ended or lost:
                    yield from self._alone(place)
                else:
                    staying.append(place)
            places = staying
        if not self.pause_requested:
            for place in places:
                yield from self._alone(place)

    def _alone(self, place: Place) -> Iterator[EpochResult]:
        """End an experiment's training, with the epochs that it has left, if any."""
        experiment, error = place.experiment, None
        try:
            with place.context:
                yield from experiment.recorded_epochs(place.add_rows)
        except DivergenceError as diverged:
            error = diverged
        if error is not None or experiment.is_trained:
            self.ended.append((place.index, error))

    def _recorded_epochs(self, stack: Stack, places: list[Place]) -> Iterator[EpochResult]:
        """Train until someone is to leave the stack; write down what came of it now and then."""
        while not (stack.is_to_part or self.pause_requested):
            stack.train(partial(self._is_time, time.monotonic() + SECONDS_AT_A_TIME))
            gained = stack.taken_rows()
            for index, (place, rows) in enumerate(zip(places, gained, strict=True)):
                # Whatever ends this in between, a row without its epoch is taken back.
                place.add_rows(*rows)
                stack.settle(index)
            if not stack.is_to_part:  # else the end of someone's training saves it
                self._save(places)
            if gained[0]:
                values = dict(gained[0][-1])
                yield EpochResult(int(values.pop("epoch")), values, improved=False, stop=False)

    def _is_time(self, until: float) -> bool:
        return self.pause_requested or time.monotonic() >= until

    def _save(self, places: list[Place]) -> None:
        """Write all checkpoints, if the last time is long enough ago for what it took."""
        began = time.monotonic()
        if began >= self._next_save:
            for place in places:
                place.experiment.save()
            ended = time.monotonic()
            self._next_save = ended + SAVING_INTERVAL * (ended - began)


def position(place: Place) -> tuple[int, int]:
    """Return where an experiment stands: those that stand alike go on together."""
    trainer = place.experiment.assembly.trainer
    in_an_epoch = trainer.progress is not None
    return trainer.epoch, place.index + 1 if in_an_epoch else 0


def stack_of(experiments: Sequence[Experiment]) -> Stack:
    """Return their networks stacked."""
    return Stack(
        [experiment.assembly.trainer for experiment in experiments],
        partial(build_optimizer, experiments[0].config),
        [experiment.config.training.epochs for experiment in experiments],
    )
