"""`nnctl runs verify`: whether training a run again gives the same, to the byte."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from nnctl.analysis.plain_text import DIGEST_CHARACTERS
from nnctl.cli import console
from nnctl.cli.options import DEFAULT_RUNS_DIR, Json, Quiet, RunArgument, RunsDir

if TYPE_CHECKING:
    from nnctl.training.experiment import Experiment
    from nnctl.training.loop import EpochResult
    from nnctl.training.verification import Verification


def verify(
    run: RunArgument = None,
    quiet: Quiet = False,
    json: Json = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Train a run again from its config, and compare the results.

    These are metrics.csv, the checkpoints and the summary. It is trained in a temporary directory,
    with as many threads as it had. A run that was resumed with changes is resumed alike; one that
    has not come to its end is compared as far as it is. The exit code is 6 where something differs.

    The ranks of an MPI job add up in another order than one process: of what they trained, only
    metrics.csv is held to what comes now, but for its last digits.
    """
    from nnctl.runs.directory import find_run
    from nnctl.training.verifying import verify_run

    def watch(experiment: Experiment, epochs: Iterable[EpochResult]) -> Iterator[EpochResult]:
        from nnctl.cli.progress import watched

        rows, last = len(experiment.dataset.train.inputs), experiment.config.training.epochs
        return watched(epochs, last, rows, quiet=quiet)

    directory = find_run(run, runs_dir)
    verification = verify_run(directory, watch)
    console.notes(verification.notes)
    if json:
        console.write_json(verification.to_dict())
    elif not quiet:
        present(verification)
    require_sameness(verification)


def present(verification: Verification) -> None:
    """Write what was compared, and what of it is the same."""
    epochs = console.numbered(verification.epochs, "epoch")
    rows = (
        "metrics.csv",
        verdict_on_rows(verification),
        "",
        f"{epochs} compared" if verification.rows is None else difference_of(verification),
    )
    files = [
        (
            file.file,
            "same" if file.same else "differs",
            (file.recorded or "")[:DIGEST_CHARACTERS],
            file.difference or "",
        )
        for file in verification.files
    ]
    title = f"{verification.run}: {verification.status}, trained again"
    console.write_table(("file", "verdict", "sha256", "what"), [rows, *files], title)


def verdict_on_rows(verification: Verification) -> str:
    """Return whether metrics.csv is the same, or differs by no more than rounding does."""
    if verification.rows is None:
        return "same"
    return "close" if verification.rows_hold else "differs"


def difference_of(verification: Verification) -> str:
    """Return the first difference between the histories, and how far they part."""
    first = verification.rows
    assert first is not None
    return (
        f"first in epoch {first.epoch}, {first.column}: {value(first.recorded)}, "
        f"again {value(first.again)}; {first.epochs_that_differ} of {verification.epochs} epochs "
        f"differ, by at most {first.largest_relative_difference:.2g} of a number"
    )


def value(number: float | None) -> str:
    """Return a number with all of its digits; that there is none for None."""
    return "no such row" if number is None else repr(number)


def require_sameness(verification: Verification) -> None:
    """Raise ExpectationError where more differs than may, with what may explain it."""
    from nnctl.errors import ExpectationError, Problem

    if verification.holds:
        return
    parts = [
        *([f"it ended otherwise: {verification.ended}"] if verification.ended else []),
        *([] if verification.rows_hold else [f"metrics.csv {difference_of(verification)}"]),
        *(f"{file.file}: {file.difference}" for file in verification.refuting_files),
    ]
    message = f"is not the same when trained again: {parts[0]}; {explanation(verification)}"
    raise ExpectationError(Problem(message, verification.run))


BY_RANKS = "it was trained by {} ranks, whose sums round otherwise, but seldom by more than {:g}"


def explanation(verification: Verification) -> str:
    """Return what may explain a difference."""
    others = dict(verification.environment)
    ranks, _ = others.pop("ranks", (1, 1))
    reasons = [] if ranks == 1 else [BY_RANKS.format(ranks, verification.tolerance)]
    if others:
        pairs = [f"{key} {then}, now {now}" for key, (then, now) in others.items()]
        reasons.append(f"it was trained with another {' and '.join(pairs)}")
    return "; ".join(reasons) or (
        "versions and machine are as recorded, so look for an edited file or another processor, "
        "whose BLAS kernels round otherwise"
    )
