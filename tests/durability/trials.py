"""Strike trainings at every moment, resume them, and compare bytes with runs never interrupted.

    python -m tests.durability.trials                  all of it, ten minutes
    python -m tests.durability.trials kills --every 5  one kind, every fifth moment

One process imports nnctl and forks a child for every command, so that thousands are affordable.
`tests.durability.syscalls` does the same to the command line from outside.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import mkdtemp

from tests.durability import children
from tests.durability.random_kills import random_kills
from tests.durability.series import PROOFS, Bench
from tests.durability.trainings import write_training
from tests.durability.trial import Outcome

MEMORY = Path("/dev/shm")  # where fsync costs nothing: what counts is the order of the calls
RANDOM = "random"


def main(words: Sequence[str] | None = None) -> int:
    """Run the proofs that are asked for; return how many failed, 1 for many."""
    options = parsed(words)
    # A process that forks must have one thread, and children must not see what the owner set.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    os.environ.pop("NNCTL_RUNS_DIR", None)
    root = Path(mkdtemp(prefix="durability-", dir=options.directory or memory()))
    config = write_training(root)
    children.prepare(config, saving_interval=0.0)
    bench = Bench(root, config, options.every, options.all)
    failures = sum(
        told(proof, outcomes(proof, bench, options))
        for proof in options.proofs or [*PROOFS, RANDOM]
    )
    if failures:
        print(f"{failures} trials failed; what they left is in {root}")
        return 1
    shutil.rmtree(root)
    return 0


def parsed(words: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("proofs", nargs="*", metavar="PROOF", help=", ".join([*PROOFS, RANDOM]))
    parser.add_argument("--every", type=int, default=1, help="take every so many moments only")
    parser.add_argument("--all", action="store_true", help="all pairs of kills: about an hour")
    parser.add_argument("--kills", type=int, default=200, help="how many at random moments")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**6, help="of the moments")
    parser.add_argument("--directory", help=f"where to train (default: {MEMORY}, if it is there)")
    options = parser.parse_args(words)
    unknown = set(options.proofs) - {*PROOFS, RANDOM}
    if unknown:
        parser.error(f"there is no proof {', '.join(sorted(unknown))}")
    return options


def outcomes(
    proof: str, bench: Bench, options: argparse.Namespace
) -> Iterator[tuple[str, Outcome]]:
    """Yield each trial of a proof, and how it went."""
    if proof == RANDOM:
        yield f"seed {options.seed}", random_kills(bench, options.kills, options.seed)
        return
    for series in PROOFS[proof](bench):
        yield from series.outcomes(bench.root)


def told(proof: str, trials: Iterator[tuple[str, Outcome]]) -> int:
    """Print what failed, and a line about the proof; return how many failed."""
    began, number, struck, failures = time.monotonic(), 0, 0, 0
    for name, outcome in trials:
        number, struck = number + 1, struck + outcome.struck
        failures += bool(outcome.problems)
        for problem in outcome.problems:
            print(f"FAILED {name}: {problem}", flush=True)
        if outcome.remark:
            print(f"{name}: {outcome.remark}")
    seconds = time.monotonic() - began
    result = f"{failures} FAILED" if failures else "the same bytes after each"
    print(f"{proof}: {number} trials with {struck} faults, {result} ({seconds:.1f} s)", flush=True)
    if number == 0:
        print(f"FAILED {proof}: nothing was tried")
    return failures or number == 0


def memory() -> Path | None:
    """Return a directory in memory, where there is one."""
    return MEMORY if os.access(MEMORY, os.W_OK) else None


if __name__ == "__main__":
    sys.exit(main())
