"""Kills at random moments, one after another, with resumes between them."""

from __future__ import annotations

import random
import time

from tests.durability import children
from tests.durability.checking import beside, standing
from tests.durability.series import Bench
from tests.durability.trainings import digest
from tests.durability.trial import Outcome, Training, begin, disorder, final_complaints

EPOCHS_A_KILL = 6
SHORTEST, LONGEST = 0.001, 0.040  # seconds, to which comes what a command needs to begin


def random_kills(bench: Bench, wanted: int, seed: int) -> Outcome:
    """Kill so many processes, each after a random time; then let one end.

    Where a training ends before, another one begins: only a process that was killed counts.
    """
    moments = random.Random(seed)
    epochs = f"training.epochs={EPOCHS_A_KILL * wanted}"
    training = bench.training("random", ("--set", epochs, "--set", "training.early_stopping=null"))
    longest = LONGEST + seconds_to_begin(training, bench)
    directory = bench.root / f"random-{seed}"
    begin(training, directory)
    killed, problems, states = 0, list[str](), set[str]()
    while killed < wanted and not problems:
        seconds = moments.uniform(SHORTEST, longest)
        before = beside(directory)
        ended = children.run_for(training.command(directory, killed), directory, seconds)
        problems += disorder(training, directory, ended, before, in_order=True)
        states |= {digest(run / "checkpoints/last.npz") for run in standing(directory)}
        if ended.code is None:
            killed += 1
        else:
            problems += final_complaints(training.ends, directory, ended)
            begin(training, directory)
    if not problems:
        ended = children.run(training.command(directory, killed), directory)
        problems += final_complaints(training.ends, directory, ended)
    return Outcome(
        killed,
        tuple(problems),
        f"each within {longest:.3f} s; {len(states)} different checkpoints were resumed from",
    )


def seconds_to_begin(training: Training, bench: Bench) -> float:
    """Return how long a command takes that finds nothing to do but to read and to write."""
    began = time.monotonic()
    again = ("--set", "training.epochs=1", "--runs-dir", str(bench.root / "beginning"))
    ended = children.run([*training.first, *again], bench.root)
    assert ended.code == 0, ended.said
    return time.monotonic() - began
