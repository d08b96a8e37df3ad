"""One run through whatever may happen to it: nothing loses it, and it ends with the same bytes."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from nnctl.api import Run
from nnctl.config import load_config
from nnctl.errors import RunError
from nnctl.runs.checkpoint import read_checkpoint
from nnctl.runs.directory import RunDirectory
from nnctl.runs.history import read_history
from nnctl.runs.json_file import read_json
from tests.durability.checking import RUNS, leftovers, standing
from tests.durability.children import QUIETLY, Ending
from tests.durability.faults import FAULTS, Fault
from tests.durability.trainings import digest, write_training
from tests.robustness.fork_server import Commands
from tests.robustness.searching import memory, search

FIRST_EPOCHS = 3
UNUSABLE_RUN = 4
LEAST_STRUCK, LEAST_LOOKED_AT = 30, 10  # commands, or the search has become an empty one
CHECKPOINTS = [Path("checkpoints") / f"{name}.npz" for name in ("best", "last", "baselines")]
VARIANTS = {  # what is trained, as options; without a patience, which more epochs would renew
    "as it is": ("training.early_stopping=null",),
    "rows one by one": (
        "training={batch_size: 1}",
        "model.hidden=[{units: 3, dropout: 0.5}]",
        "optimizer={name: sgd, learning_rate: 0.1, momentum: 0.9}",
    ),
    "all rows at once": (
        "training={batch_size: full, early_stopping: {monitor: train_loss, patience: 90}}",
        "compute.dtype=float64",
    ),
}
DAMAGES: dict[str, Callable[[bytes], bytes | None]] = {
    "removed": lambda _: None,
    "emptied": lambda _: b"",
    "cut off": lambda content: content[:-1],
    "one bit turned": lambda content: bytes([*content[:500], content[500] ^ 1, *content[501:]]),
}
faults = st.one_of(  # a training of 3 epochs makes 142 changes, and takes up to 60 batches
    st.builds(Fault, st.just("kill"), st.integers(1, 140)),
    st.builds(Fault, st.just("kill-in-write"), st.integers(1, 40)),
    st.builds(Fault, st.just("interrupt"), st.integers(1, 12)),
)


@dataclass
class Laboratory:
    """Where the runs of all machines stand, and those that nothing struck."""

    root: Path
    config: Path
    commands: Commands
    references: dict[tuple[str, int], RunDirectory] = field(default_factory=dict)
    happened: Counter[str] = field(default_factory=Counter)

    def training(self, variant: str, epochs: int) -> list[str]:
        """Return the command that trains a variant."""
        options = (*VARIANTS[variant], f"training.epochs={epochs}")
        return ["train", str(self.config), *QUIETLY, *setting(*options)]

    def reference(self, variant: str, epochs: int) -> RunDirectory:
        """Return a variant's run of so many epochs, trained once and without a break."""
        if (variant, epochs) not in self.references:
            directory = Path(mkdtemp(dir=self.root))
            ended = self.commands(self.training(variant, epochs), directory)
            assert ended.code == 0, ended.said
            (run,) = standing(directory)
            self.references[variant, epochs] = RunDirectory(run)
        return self.references[variant, epochs]


def setting(*options: str) -> list[str]:
    """Return the words that override a config."""
    return [word for option in options for word in ("--set", option)]


class RunMachine(RuleBasedStateMachine):
    """A run and its user."""

    laboratory: ClassVar[Laboratory]

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(mkdtemp(dir=self.laboratory.root))
        self.variant, self.epochs = "", FIRST_EPOCHS
        self.damaged: set[str] = set()

    @property
    def run(self) -> RunDirectory | None:
        """The run, once it stands."""
        runs = standing(self.directory)
        assert len(runs) <= 1
        return RunDirectory(runs[0]) if runs else None

    @property
    def name(self) -> list[str]:
        """The run as commands are told of it."""
        return [self.existing().name]

    @initialize(variant=st.sampled_from(sorted(VARIANTS)))
    def choose(self, variant: str) -> None:
        self.variant = variant

    @rule(fault=faults)
    def train_or_go_on(self, fault: Fault) -> None:
        self.go_on(fault)

    @precondition(lambda self: self.run)
    @rule(fault=faults, more=st.integers(1, 2))
    def go_on_for_longer(self, fault: Fault, more: int) -> None:
        self.epochs += more
        self.go_on(fault, *setting(f"training.epochs={self.epochs}"))

    @precondition(lambda self: self.run)
    @rule()
    def predict(self) -> None:
        run, table = self.existing(), self.laboratory.root / "rows.csv"
        ended = self.command(["predict", *self.name, str(table), "-o", "predictions.csv"])
        if not self.is_refused(ended, run.best):
            with (self.directory / "predictions.csv").open() as file:
                predictions = [row["prediction"] for row in csv.DictReader(file)]
            with table.open() as file:
                rows = [[float(row["x1"]), float(row["x2"])] for row in csv.DictReader(file)]
            assert predictions == Run(run).predict(rows).tolist()

    @precondition(lambda self: self.run)
    @rule()
    def evaluate(self) -> None:
        run = self.existing()
        ended = self.command(["evaluate", *self.name])
        if not self.is_refused(ended, run.best) and not is_sound(run.last):
            assert f"which rows are in which set is read in {RUNS}" in ended.said, ended.said

    @precondition(lambda self: self.run and not self.damaged)
    @rule(damage=st.sampled_from(sorted(DAMAGES)))
    def damage_the_best(self, damage: str) -> None:
        self.damage(self.existing().best, damage)

    @precondition(lambda self: self.run and self.run.previous.exists() and not self.damaged)
    @rule(damage=st.sampled_from(sorted(DAMAGES)))
    def damage_the_last(self, damage: str) -> None:
        self.damage(self.existing().last, damage)

    @invariant()
    def what_stands_can_be_read(self) -> None:
        runs, run = self.directory / RUNS, self.run
        for path in runs.iterdir() if runs.exists() else ():
            is_run = run is not None and path == run.path
            assert is_run or path.name.startswith(".") or not [*path.iterdir()], path
        if run is None:
            return
        load_config(run.config)
        read_json(run.run_json)
        for path in (run.best, run.last, run.previous):
            assert is_sound(path) or path.name in self.damaged or path == run.previous, path
        epochs = read_history(run.metrics)["epoch"]
        assert epochs == [*range(1, len(epochs) + 1)]
        if is_sound(run.last):
            assert len(epochs) >= read_checkpoint(run.last).metadata["epoch"]
        reference = self.laboratory.reference(self.variant, self.epochs)
        assert reference.metrics.read_bytes().startswith(run.metrics.read_bytes())

    def teardown(self) -> None:
        """Let it end, and compare."""
        if self.variant:
            self.go_on(None, *(setting(f"training.epochs={self.epochs}") if self.run else ()))
            run, reference = self.existing(), self.laboratory.reference(self.variant, self.epochs)
            assert read_json(run.run_json)["status"] == "finished"
            for path in (Path("metrics.csv"), Path("config.yaml"), *CHECKPOINTS):
                assert digest(run.path / path) == digest(reference.path / path), path
            assert [*leftovers(run.path)] == []

    def go_on(self, fault: Fault | None, *options: str) -> None:
        """Resume the run, or train it where it has not come to stand."""
        if self.run:
            words = ["resume", *self.name, *QUIETLY, *options]
        else:
            words = self.laboratory.training(self.variant, self.epochs)
        ended = self.command(words, fault)
        assert ended.code in (FAULTS[fault.name].endings if fault else (0,)), ended.said
        if ended.code == 0 and "is finished" not in ended.said:
            self.damaged.clear()

    def command(self, words: Sequence[str], fault: Fault | None = None) -> Ending:
        """Run a command of nnctl."""
        ended = self.laboratory.commands(words, self.directory, fault)
        assert "Traceback" not in ended.said, ended.said
        struck_by = f" struck by {fault.name}" if fault and ended.struck else ""
        self.laboratory.happened[words[0] + struck_by] += 1
        return ended

    def existing(self) -> RunDirectory:
        """Return the run, which stands."""
        assert self.run is not None
        return self.run

    def damage(self, path: Path, damage: str) -> None:
        """Put damaged bytes into the place of a file, as a new file."""
        content = DAMAGES[damage](path.read_bytes()) if path.exists() else None
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content)
        self.damaged.add(path.name)

    def is_refused(self, ended: Ending, *needed: Path) -> bool:
        """Whether a command has refused the run, as it does where what it needs is damaged."""
        expected = 0 if all(map(is_sound, needed)) else UNUSABLE_RUN
        assert ended.code == expected, ended.said
        return expected == UNUSABLE_RUN


def is_sound(checkpoint: Path) -> bool:
    """Whether a checkpoint is as it was written."""
    try:
        read_checkpoint(checkpoint)
    except RunError:
        return False
    return True


@pytest.fixture(scope="module")
def laboratory() -> Iterator[Laboratory]:
    with TemporaryDirectory(prefix="robustness-", dir=memory()) as name:
        config = write_training(Path(name))
        commands = Commands(config)
        yield Laboratory(Path(name), config, commands)
        commands.close()


def test_nothing_that_happens_to_a_run_loses_it(laboratory: Laboratory) -> None:
    RunMachine.laboratory = laboratory
    run_state_machine_as_test(RunMachine, settings=settings(search(25), stateful_step_count=10))
    happened = laboratory.happened
    assert sum(happened[word] for word in happened if "struck" in word) >= LEAST_STRUCK, happened
    assert min(happened["predict"], happened["evaluate"]) >= LEAST_LOOKED_AT, happened
