"""The series of trials: which faults strike which training, one number after another."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from tests.durability import children
from tests.durability.checking import Reference, recorded, standing
from tests.durability.children import QUIETLY
from tests.durability.faults import Fault
from tests.durability.groups import FOLDS, SEEDS, Group, GroupSeries
from tests.durability.trainings import variants
from tests.durability.trial import KILLS, RESUME, Outcome, Training, attempt, begin

SMALLEST_LIMIT, LIMIT_STEP = 512, 128  # bytes
MOST_COMMANDS = 200  # in a trial that goes on until nothing strikes
ENOUGH_TO_BEGIN = 60  # changes, of which a run is created and an epoch saved
RESUMING, STRIDE = 90, 7  # about the changes of a resume, and a stride that meets each of them
HALF_WAY = 100  # the change at which a training is killed whose resuming meets a limit
FEW_BATCHES, MORE_BATCHES = 2, 20  # from a pause to the next: of some rows, or of one each
LONGER = ("--set", "training.epochs=7", "--set", "training.early_stopping=null")

Faults = Callable[[int], Sequence[Fault]]


@dataclass(frozen=True)
class Bench:
    """Where trials happen, and how many of them."""

    root: Path
    config: Path
    every: int
    all_pairs: bool

    def training(self, name: str, options: Iterable[str] = ()) -> Training:
        """Return a training, once it has come to its end by itself."""
        first = ["train", str(self.config), *QUIETLY, *options]
        directory = self.root / name
        directory.mkdir()
        return Training(first, [recorded(directory, first)])


@dataclass(frozen=True)
class Series:
    """Trials that differ in a number; they end where too few faults strike."""

    name: str
    training: Training
    faults: Faults
    numbers: Iterable[int]
    needed: int = 1  # how many faults must strike; where it is more, none may, too

    def outcomes(self, root: Path) -> Iterator[tuple[str, Outcome]]:
        """Yield every trial's name and how it went."""
        tried = False
        for number in self.numbers:
            outcome = attempt(self.training, self.faults(number), root / f"{self.name}-{number}")
            ended = outcome.struck < self.needed
            if outcome.problems or not ended:
                tried = True
                yield f"{self.name} {number}", outcome
            if ended:
                break
        if not tried and self.needed == 1:
            yield self.name, Outcome(0, ("no fault came about",))


def kills(bench: Bench) -> Iterator[Series]:
    """A kill before every change, and in the middle of every write."""
    training = bench.training("kills")
    for name in ("kill", "kill-in-write"):
        yield each(bench, training, name)


def errors(bench: Bench) -> Iterator[Series]:
    """A change that fails, and a disk that is full from a change on."""
    training = bench.training("errors")
    for name in ("EIO", "ENOSPC"):
        yield each(bench, training, name)


def limits(bench: Bench) -> Iterator[Series]:
    """No file may grow beyond a size: for a training, and for the resuming of one half done."""
    training = bench.training("limits")
    sizes = range(SMALLEST_LIMIT, 1 << 20, LIMIT_STEP * bench.every)
    yield each(bench, training, "file-size-limit", sizes)
    half_done = Fault("kill", HALF_WAY)
    largest = max(path.stat().st_size for path in training.ends[0].run.rglob("*.npz"))
    yield Series(
        "limited-resume",
        training,
        lambda size: (half_done, Fault("file-size-limit", size)),
        range(SMALLEST_LIMIT, largest + LIMIT_STEP, LIMIT_STEP * bench.every),
    )


def pairs(bench: Bench) -> Iterator[Series]:
    """A kill, and another one of the resume: one for each first, or (`--all`) every one."""
    training = bench.training("pairs")
    if not bench.all_pairs:
        yield Series("kill-and-kill", training, then_kill("kill"), count(1, bench.every))
        return
    for first in range(1, len(training.ends[0].changes) + 1, bench.every):
        faults, numbers = after(Fault("kill", first)), count(1, bench.every)
        yield Series(f"kill-{first}-and-kill", training, faults, numbers, needed=2)


def pauses(bench: Bench) -> Iterator[Series]:
    """Ctrl-C in every batch, in one after another, and with a kill of the resume."""
    training = bench.training("pauses")
    yield each(bench, training, "interrupt")
    yield Series("batch-by-batch", training, again_and_again("interrupt"), [1])
    yield Series("interrupt-and-kill", training, then_kill("interrupt"), count(1, bench.every))


def extensions(bench: Bench) -> Iterator[Series]:
    """A run that has ended is resumed for more epochs, by a command that is struck.

    The same command again must bring it to its end; a plain resume may instead find it as it was.
    """
    ended = bench.training("ended").ends[0]
    longer = (*RESUME, ended.run.name, *LONGER)
    directory = bench.root / "extended"
    shutil.copytree(ended.run.parent, directory / ended.run.parent.name)
    end = recorded(directory, longer)
    saved = {name: [ended.saved[name][-1], *own] for name, own in end.saved.items()}
    extended = Reference(end.run, end.changes, saved)
    for name in ("kill", "kill-in-write", "EIO", "ENOSPC"):
        # A command that fails saves once more where it stands, with what it was to change.
        again = Training(longer, [extended], longer, ended.run, KILLS)
        yield each(bench, again, name, name=f"extension-repeated-{name}")
        plain = Training(longer, [extended, ended], RESUME, ended.run, KILLS)
        yield each(bench, plain, name, name=f"extension-{name}")


def damages(bench: Bench) -> Iterator[Series]:
    """The last checkpoint of a run half done is damaged or gone; its resume is struck as well."""
    training = bench.training("damages")
    whole = begun(bench, training, "half-done")
    for damage in ("damaged", "missing"):
        run = Path(shutil.copytree(whole, bench.root / damage / whole.name))
        last = run / "checkpoints/last.npz"
        last.unlink()
        if damage == "damaged":
            last.write_bytes(b"PK")
        resumed = Training(RESUME, training.ends, begun=run, in_order=frozenset())
        for name in ("kill", "kill-in-write", "EIO", "ENOSPC"):
            yield each(bench, resumed, name, name=f"{damage}-{name}")


def begun(bench: Bench, training: Training, name: str) -> Path:
    """Return a run that was killed half-way."""
    directory = bench.root / name
    begin(training, directory)
    ended = children.run(training.first, directory, Fault("kill", HALF_WAY))
    assert ended.code is None, ended.said
    return standing(directory)[0]


def folds(bench: Bench) -> Iterator[GroupSeries]:
    """A cross-validation is struck, and so is the command that goes on with it."""
    yield from members(bench, FOLDS, "folds")


def seeds(bench: Bench) -> Iterator[GroupSeries]:
    """A seed series is struck, and so is the command that goes on with it."""
    yield from members(bench, SEEDS, "seeds")


def members(bench: Bench, group: Group, name: str) -> Iterator[GroupSeries]:
    """Every fault strikes a directory of runs, and a kill the command that goes on with it, too."""
    for fault in ("kill", "kill-in-write", "EIO", "ENOSPC", "interrupt"):
        yield GroupSeries(group, f"{name}-{fault}", bench.config, once(fault), bench.every)
    struck_twice = then_kill("kill")
    yield GroupSeries(group, f"{name}-kill-and-kill", bench.config, struck_twice, bench.every)


def settings(bench: Bench) -> Iterator[Series]:
    """Every optimizer, schedule and way of taking steps: paused and killed again and again."""
    for place, (name, options) in enumerate(variants(bench.root).items()):
        if place % bench.every:
            continue
        training = bench.training(name.replace(" ", "-"), options)
        batches = MORE_BATCHES if "halved" in name else FEW_BATCHES
        paused = again_and_again("interrupt")
        yield Series(f"{name}, paused at", training, paused, [batches])
        killed = again_and_again("kill")
        yield Series(f"{name}, killed at", training, killed, [ENOUGH_TO_BEGIN])


def each(
    bench: Bench,
    training: Training,
    fault: str,
    numbers: Iterable[int] | None = None,
    name: str | None = None,
) -> Series:
    """Return the series in which a fault strikes at every number in turn."""
    chosen = count(1, bench.every) if numbers is None else numbers
    return Series(name or fault, training, once(fault), chosen)


def once(name: str) -> Faults:
    """The fault at a number."""
    return lambda number: (Fault(name, number),)


def again_and_again(name: str) -> Faults:
    """The fault at a number of every command, until it does not strike any more."""
    return lambda number: [Fault(name, number)] * MOST_COMMANDS


def then_kill(name: str) -> Faults:
    """The fault at a number, and a kill of the resume, each time a little later in it."""
    return lambda number: (Fault(name, number), Fault("kill", 1 + STRIDE * number % RESUMING))


def after(first: Fault) -> Faults:
    """A fault, and a kill of the resume at a number."""
    return lambda number: (first, Fault("kill", number))


PROOFS: dict[str, Callable[[Bench], Iterator[Series | GroupSeries]]] = {
    "kills": kills,
    "errors": errors,
    "limits": limits,
    "pairs": pairs,
    "pauses": pauses,
    "extensions": extensions,
    "damages": damages,
    "folds": folds,
    "seeds": seeds,
    "settings": settings,
}
