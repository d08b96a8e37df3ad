"""Strike the command line from outside, at its system calls, and compare bytes after a resume.

    python -m tests.durability.syscalls                     the whole form, about 20 minutes
    python -m tests.durability.syscalls kill --every 10     one kind of strike, every tenth call

strace counts the calls of `train`, and of `resume`, that change the runs directory. It then lets
the process die at each in turn, or lets that call fail. A limit on the size of files, and a file
system of a few pages that fills up, need no strace.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import mkdtemp

from tests.durability.checking import Reference, standing
from tests.durability.children import MOST_SAID, QUIETLY, Ending
from tests.durability.processes import (
    Call,
    MissedError,
    changing_calls,
    in_a_small_file_system,
    run,
    strike,
    with_small_files,
    without_namespaces,
    without_strace,
)
from tests.durability.trainings import write_training
from tests.durability.trial import (
    DISPENSABLE,
    RESUME,
    Training,
    begin,
    disorder,
    final_complaints,
)

LIMITS = range(512, 10_240, 256)  # bytes
KIBIBYTES = range(8, 160, 4)
MOST_MISSES = 9

Endings = frozenset[int | None]  # exit codes; None: killed
Struck = Callable[[Sequence[str], Path], Ending]  # runs a command that something strikes
KILLED: Endings = frozenset({None})
FAILED: Endings = frozenset({7})
LIMITED: Endings = frozenset({0, 7})


@dataclass(frozen=True)
class Bench:
    """Where trials happen, which of them, what is trained, and the calls that it makes."""

    root: Path
    every: int
    training: Training
    counted: list[tuple[Training, Sequence[Call]]] = field(default_factory=list)


@dataclass(frozen=True)
class Trial:
    """How a trial went."""

    name: str
    code: int | None
    problems: Sequence[str]


def at_calls(tampering: str, endings: Endings, bench: Bench) -> Iterator[Trial]:
    """Strike each call that changes the runs, of a training and of a resume."""
    for training, calls in counted(bench):
        for call in calls[:: bench.every]:
            name = f"{training.first[0]}, {tampering} at {call}"
            allowed = endings | {0} if is_dispensable(call) and endings == FAILED else endings
            yield tried(bench, training, name, partial(strike, call, tampering), allowed)


def is_dispensable(call: Call) -> bool:
    """Whether nobody needs to be told that a call failed."""
    of_names = call.name == "fsync" and call.before.startswith("rename")
    return bool(DISPENSABLE.search(call.before if of_names else call.line))


def counted(bench: Bench) -> Sequence[tuple[Training, Sequence[Call]]]:
    """Return what is struck with its calls, which are counted for the first proof that asks."""
    if not bench.counted:
        calls = calls_of(bench, bench.training)
        resumed = half_trained(bench, calls)
        resumed_calls = calls_of(bench, resumed)
        bench.counted.extend([(bench.training, calls), (resumed, resumed_calls)])
    return bench.counted


def calls_of(bench: Bench, training: Training) -> list[Call]:
    """Return the calls of a training, or of a resume, that change the runs."""
    begin(training, bench.root / "counted")
    return changing_calls(training.first, bench.root / "counted")


def half_trained(bench: Bench, calls: Sequence[Call]) -> Training:
    """Return the resuming of a run that was killed before its last epoch was written."""
    directory = bench.root / "half-trained"
    last = [call for call in calls if call.name == "write" and "metrics.csv" in call.line][-1]
    aimed(bench.training, directory, partial(strike, last, "signal=KILL"))
    return Training(RESUME, bench.training.ends, begun=standing(directory)[0])


def limits(bench: Bench) -> Iterator[Trial]:
    """Limit the size of files."""
    for size in LIMITS[:: bench.every]:
        limited = partial(with_small_files, size)
        yield tried(bench, bench.training, f"files of at most {size} bytes", limited, LIMITED)


def full(bench: Bench) -> Iterator[Trial]:
    """Let a file system fill up."""
    for size in KIBIBYTES[:: bench.every]:
        limited = partial(in_a_small_file_system, size)
        yield tried(bench, bench.training, f"a file system of {size} KiB", limited, LIMITED)


def aimed(training: Training, directory: Path, how: Struck) -> Ending:
    """Run a command that is struck; once more where the strike has missed."""
    for _ in range(MOST_MISSES):
        begin(training, directory)
        with suppress(MissedError):
            return how(training.first, directory)
    begin(training, directory)
    return how(training.first, directory)


def tried(bench: Bench, training: Training, name: str, how: Struck, endings: Endings) -> Trial:
    """Run a command that is struck, then one that is not; the directory is kept if that is bad."""
    directory = bench.root / "-".join(re.findall(r"\w+", name))
    ended = aimed(training, directory, how)
    problems = list(disorder(training, directory, ended, (), in_order=False))
    if ended.code not in endings or "Traceback" in ended.said:
        problems.append(f"ended with {ended.code} and said {ended.said[-MOST_SAID:]!r}")
    if not problems:
        last = run(training.command(directory, 1), directory)
        problems += final_complaints(training.ends, directory, last)
    if not problems:
        shutil.rmtree(directory)
    return Trial(name, ended.code, problems)


PROOFS: dict[str, tuple[Callable[[Bench], Iterator[Trial]], Callable[[], str | None]]] = {
    "kill": (partial(at_calls, "signal=KILL", KILLED), without_strace),
    "EIO": (partial(at_calls, "error=EIO", FAILED), without_strace),
    "ENOSPC": (partial(at_calls, "error=ENOSPC", FAILED), without_strace),
    "limits": (limits, lambda: None),
    "full": (full, without_namespaces),
}


def main() -> int:
    """Run the proofs that are asked for; return 1 where one failed."""
    options = parsed()
    root = Path(mkdtemp(prefix="durability-", dir=options.directory))
    bench = Bench(root, options.every, trained(root))
    failures = 0
    for name in options.proofs or PROOFS:
        proof, missing = PROOFS[name]
        reason = missing()
        if reason is not None:
            print(f"{name}: skipped, for {reason}")
        else:
            failures += told(name, proof(bench))
    if failures:
        print(f"{failures} trials failed; what they left is in {root}")
        return 1
    shutil.rmtree(root)
    return 0


def parsed() -> argparse.Namespace:
    """Read the command line."""
    form = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    names = ", ".join(PROOFS)
    parser.add_argument("proofs", nargs="*", choices=[*PROOFS, []], metavar="PROOF", help=names)
    parser.add_argument("--every", type=int, default=1, help="take every so many calls only")
    parser.add_argument("--directory", help="where to train")
    return parser.parse_args()


def trained(root: Path) -> Training:
    """Train without any fault; return what is to be struck."""
    first = ["train", str(write_training(root)), *QUIETLY]
    directory = root / "reference"
    directory.mkdir()
    ended = run(first, directory)
    assert ended.code == 0, ended.said
    return Training(first, [Reference(standing(directory)[0], [], {})])


def told(proof: str, trials: Iterator[Trial]) -> int:
    """Print a line about every trial, and one about the proof; return how many failed."""
    began, codes, failures = time.monotonic(), Counter[str](), 0
    for trial in trials:
        ending = "killed" if trial.code is None else f"exit code {trial.code}"
        codes[ending] += 1
        failures += bool(trial.problems)
        print(f"{trial.name}: {ending}, {'; '.join(trial.problems) or 'same bytes'}", flush=True)
    seconds = time.monotonic() - began
    endings = ", ".join(f"{number} x {ending}" for ending, number in sorted(codes.items()))
    result = f"{failures} FAILED" if failures else "the same bytes after each"
    print(f"{proof}: {codes.total()} trials ({endings}), {result} ({seconds:.0f} s)", flush=True)
    return failures or not codes


if __name__ == "__main__":
    sys.exit(main())
