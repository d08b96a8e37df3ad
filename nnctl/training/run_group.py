"""Runs that belong together: a cross-validation's folds, or some seeds.

    for result in group.results():
        ...
    group.record()["metrics"]["test_accuracy"]["mean"]

A member is a run like any other, the same to the byte as if it had been trained alone.
"""

from __future__ import annotations

import contextlib
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from nnctl.config import Config
from nnctl.data.dataset import Dataset, load_dataset
from nnctl.data.loading import Tables
from nnctl.errors import DivergenceError, NnctlError, Problem, RunError
from nnctl.runs.atomic import remove_stale_temporaries, storage_error
from nnctl.runs.group import GroupDirectory
from nnctl.runs.json_file import write_json
from nnctl.runs.lock import hold_run
from nnctl.training.experiment import Experiment, create_experiment
from nnctl.training.loop import EpochResult
from nnctl.training.members import Member, MemberResult, check_member, unfinished
from nnctl.training.records import Bar, measure_bars
from nnctl.training.resuming import reading, resume_experiment
from nnctl.training.spread import SPREAD, Statistic
from nnctl.training.stacking import stacked_of
from nnctl.training.together import JointTraining

Watch = Callable[[Experiment, Iterable[EpochResult]], Iterable[EpochResult]]


def unwatched(_: Experiment, epochs: Iterable[EpochResult]) -> Iterable[EpochResult]:
    """Pass the epochs of a member on as they are."""
    return epochs


@dataclass
class RunGroup(ABC):
    """Such a group in the making; `results` trains one member after another."""

    endings: ClassVar[Sequence[str]] = ("finished",)  # of a member, after which the others go on
    spread: ClassVar[Mapping[str, Statistic]] = SPREAD  # what is said of each metric

    config: Config
    count: int  # of members
    tables: Tables
    directory: GroupDirectory
    command: Sequence[str]
    notices: tuple[str, ...]  # what a person should know before training, a sentence each
    status: str = "running"
    ended: list[MemberResult] = field(default_factory=list)
    pause_requested: bool = False
    _training: JointTraining | None = None  # of the members in hand

    @property
    @abstractmethod
    def members(self) -> Sequence[Member]:
        """All members, in the order in which they are trained."""

    @abstractmethod
    def header(self) -> dict[str, Any]:
        """Return what the record says before anything is trained."""

    def results(self, watch: Watch = unwatched) -> Generator[MemberResult, None, None]:
        """Train every member that has not ended, and yield how it ended once that is written down.

        Close it (`contextlib.closing`) if you leave it before its end. `watch` is given each
        experiment and its epochs, and passes these on.
        However this ends, the record says so: finished, interrupted, diverged or failed.
        """
        with hold_run(self.directory):
            for place in (self.directory.path, self.directory.plots):
                remove_stale_temporaries(place)
            yield from self._recorded_results(watch)

    def _recorded_results(self, watch: Watch) -> Generator[MemberResult, None, None]:
        status, done = "interrupted", {result.number for result in self.ended}
        try:
            write_json(self.directory.record, self.record())
            waiting = [member for member in self.members if member.number not in done]
            while waiting:
                results = [] if self.pause_requested else self._trained(waiting, watch)
                ended = [result for result in results if result.status in self.endings]
                yield from ended
                if not results or len(ended) < len(results):
                    return
                waiting = waiting[len(results) :]
            status = "finished" if len(self.finished) == self.count else "diverged"
        except DivergenceError:
            status = "diverged"
            raise
        except Exception:
            status = "failed"
            raise
        finally:
            self._close(status)

    def pause(self) -> None:
        """Let `results` end after the batch in hand; a signal handler may call it at any time."""
        self.pause_requested = True
        if self._training is not None:
            self._training.pause()

    def most_together(self, first: Experiment) -> int:
        """Return how many members train together best, the first of them being given."""
        return 1

    def _trained(self, waiting: Sequence[Member], watch: Watch) -> list[MemberResult]:
        """Train the next members, or go on with them; return how they ended, by number."""
        self._training = None  # the rows of the last ones leave before the next ones come
        first = self._begun(waiting[0])
        members = waiting[: stacked_of(self.most_together(first), len(waiting))]
        experiments = [first, *(self._begun(each, first.dataset) for each in members[1:])]
        self._training = training = JointTraining(experiments)
        if self.pause_requested:  # while the members were being made
            training.pause()
        before = len(self.ended)
        try:
            with contextlib.closing(training.epochs()) as epochs:
                for _ in watch(first, epochs):
                    self._take_in(training, members)
            self._take_in(training, members)
        finally:
            ended = {result.number for result in self.ended}
            left = zip(members, experiments, strict=True)
            self.ended += [unfinished(m, e) for m, e in left if m.number not in ended]
        return sorted(self.ended[before:], key=lambda result: result.number)

    def _take_in(self, training: JointTraining, members: Sequence[Member]) -> None:
        """Sum up the members whose training has ended, and write that down."""
        while training.ended:
            index, error = training.ended.popleft()
            if error is not None and "diverged" not in self.endings:
                raise error
            result = self._result(members[index], training.experiments[index], error)
            self.ended.append(result)
            write_json(self.directory.record, self.record())

    def _result(
        self, member: Member, experiment: Experiment, error: DivergenceError | None
    ) -> MemberResult:
        if error is not None:
            return unfinished(member, experiment, str(error))
        summary = experiment.finish()
        return MemberResult(
            member.number,
            member.run.name,
            experiment.status,
            summary["epochs"],
            summary["best_epoch"],
            summary["best"],
        )

    def _begun(self, member: Member, dataset: Dataset | None = None) -> Experiment:
        """Return a member's experiment, as far as it has come; its data may be there already."""
        if not member.run.run_json.exists():
            return self._created(member, dataset)
        return resume_experiment(
            member.run,
            command=self.command,
            tables=self.tables,
            read=reading(dataset),
            check=lambda checkpoint: check_member(member, checkpoint, self.directory.part()),
        )

    def _created(self, member: Member, dataset: Dataset | None) -> Experiment:
        """Create the run of a member, under the very name that it is to have."""
        run, part = member.run, self.directory.part()
        message = f"is no run, and stands where {part} {member.number} is to be; remove it"
        in_the_way = RunError(Problem(message, file=str(run.path)))
        if run.path.exists():
            try:
                run.path.rmdir()  # a killed process left it, for we hold the directory
            except OSError as error:
                if run.path.is_dir() and not [*run.path.iterdir()]:
                    raise storage_error(error, run.path, "removed") from error
                raise in_the_way from error
        dataset = dataset or load_dataset(member.config, member.fold, self.tables)
        place = self.directory.path
        experiment = create_experiment(member.config, dataset, place, run.name, self.command)
        if experiment.run.name != run.name:
            raise in_the_way
        return experiment

    def _close(self, status: str) -> None:
        """Write down how it ended; a disk that fails now must not hide why it did so early."""
        self.status = status
        if status == "finished":
            write_json(self.directory.record, self.record())
            return
        with contextlib.suppress(NnctlError):
            write_json(self.directory.record, self.record())

    @property
    def finished(self) -> list[MemberResult]:
        """The members whose training came to its end, and which alone count."""
        return [result for result in self.in_order if result.status == "finished"]

    @property
    def in_order(self) -> list[MemberResult]:
        """How the members ended that have."""
        return sorted(self.ended, key=lambda result: result.number)

    @property
    def in_hand(self) -> int:
        """The number of the first member that the group cannot go on from, else of the last."""
        done = {result.number for result in self.ended if result.status in self.endings}
        numbers = [member.number for member in self.members]
        return next((number for number in numbers if number not in done), numbers[-1])

    def label(self, number: int) -> str:
        """Return what a person reads of a member: `fold 2/5`."""
        return f"{self.directory.part()} {number}/{self.count}"

    def record(self) -> dict[str, Any]:
        """Return what the file about all members says."""
        part = self.directory.part()
        return {
            **self.header(),
            "results": [result.to_dict(part) for result in self.in_order],
            "metrics": self.metrics(),
            "expect": [bar.to_dict() for bar in self.bars()],
        }

    def metrics(self) -> dict[str, dict[str, float]]:
        """Return each metric's mean over the finished members, and its spread.

        The standard deviation is that of a sample, with n - 1 in the denominator, and NaN for a
        single member.
        """
        finished = self.finished
        if not finished:
            return {}
        epochs = [math.nan if each.best_epoch is None else each.best_epoch for each in finished]
        names = sorted(finished[0].values, key=lambda name: not name.startswith("test_"))
        columns = {name: [each.values[name] for each in finished] for name in names}
        return {
            name: {key: statistic(values) for key, statistic in self.spread.items()}
            for name, values in {"best_epoch": epochs, **columns}.items()
        }

    def bars(self) -> list[Bar]:
        """Return every `expect:` entry beside the mean of the metric over the finished members."""
        means = {name: values["mean"] for name, values in self.metrics().items()}
        return measure_bars(self.config, means) if means else []
