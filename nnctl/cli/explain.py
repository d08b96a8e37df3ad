"""`nnctl explain`: a step of training with every number, as tables or as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnctl.cli import console
from nnctl.cli.options import DEFAULT_RUNS_DIR, ConfigOrRun, Json, Overrides, RunsDir

if TYPE_CHECKING:
    from nnctl.data.arrays import IntArray
    from nnctl.training.evaluation import Examples
    from nnctl.training.explained_rows import Subject
    from nnctl.training.explaining import StepNumbers

MOST_DIGITS = 17  # tell any two float64 apart
Positions = Iterator[tuple["IntArray", int, int]]  # rows of the table, epoch, batch


def explain(
    subject: ConfigOrRun = None,
    row: Annotated[
        int | None,
        typer.Option(
            "--row",
            metavar="N",
            help="Row N of the data, from 1; left out, the first row for training.",
            show_default=False,
        ),
    ] = None,
    batch: Annotated[
        bool, typer.Option("--batch", help="Whole batches, as training draws them.")
    ] = False,
    steps: Annotated[int, typer.Option("--steps", metavar="K", min=1, help="How many steps.")] = 1,
    digits: Annotated[
        int,
        typer.Option(
            "--digits", metavar="N", min=1, max=MOST_DIGITS, help="Digits shown of each number."
        ),
    ] = 6,
    overrides: Overrides = None,
    checkpoint: Annotated[
        str | None,
        typer.Option(
            "--checkpoint",
            metavar="best|last",
            help="Which of a run's weights to use; left out, best.",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
    runs_dir: RunsDir = DEFAULT_RUNS_DIR,
) -> None:
    """Show one step of training with every number.

    That is its forward pass, its backward pass and its update.
    A step takes one row, again and again with --steps, or with --batch the batches of training.
    The network is that of a config before its training, or a trained one. Nothing is written.
    Without hidden layers it is shown as a formula in the data's own units, too.
    """
    from nnctl.cli.explain_tables import present_step, present_subject, with_short_names
    from nnctl.cli.explain_update import present_summary
    from nnctl.errors import UsageError
    from nnctl.training.explanation_report import formula_report, step_report, subject_report
    from nnctl.training.threads import blas_threads

    if row is not None and batch:
        raise UsageError("--row explains a single row and --batch many; leave one out")
    explained = opened(subject, runs_dir, checkpoint, overrides)
    positions = chosen(explained, row, batch=batch)
    console.notes([*explained.notices, *remarks(explained, batch=batch)])
    report = subject_report(explained)
    shown = with_short_names(report)
    if not json:
        present_subject(report)
    reports = []
    with blas_threads(explained.assembly.threads):
        for step, rows in taken(explained, positions, steps):
            reports.append(step_report(explained, step, explained.cells(rows)))
            if not json:
                present_step(shown, reports[-1], digits)
    formula_after = formula_report(explained)
    if json:
        console.write_json({**report, "steps": reports, "formula_after": formula_after})
    else:
        present_summary(shown, reports, formula_after, digits)


def opened(
    reference: str | None, runs_dir: Path, checkpoint: str | None, overrides: list[str] | None
) -> Subject:
    """Return the network of a config's file, or of a run; UsageError for options of the other."""
    from nnctl.config import load_config
    from nnctl.errors import UsageError
    from nnctl.runs.directory import find_run
    from nnctl.training.explained_rows import subject_of_config, subject_of_run

    if checkpoint not in (None, "best", "last"):
        raise UsageError(f"--checkpoint must be best or last (received {checkpoint})")
    if reference is not None and is_config(reference):
        if checkpoint is not None:
            raise UsageError("--checkpoint chooses among a run's weights; a config has none yet")
        return subject_of_config(load_config(reference, overrides or ()), reference)
    if overrides:
        raise UsageError("--set is laid over a config; a trained run is explained as it is")
    return subject_of_run(find_run(reference, runs_dir), "last" if checkpoint == "last" else "best")


def is_config(reference: str) -> bool:
    """Whether this names a config: a file, or what is called as one and is not there."""
    path = Path(reference)
    try:
        return path.is_file() or (path.suffix in (".yaml", ".yml") and not path.is_dir())
    except OSError:  # such as a name that is too long
        return False


def chosen(subject: Subject, row: int | None, *, batch: bool) -> Positions:
    """Return the rows of each step: those of training's batches, or a single one for ever."""
    if batch:
        return subject.training_batches()
    single = subject.first_row() if row is None else subject.row(row)
    return repeat((single, subject.epoch, 0))


def taken(
    subject: Subject, positions: Positions, steps: int
) -> Iterator[tuple[StepNumbers, IntArray]]:
    """Take the steps; yield each with the rows that it took."""
    from nnctl.training.explaining import SlowTrainer

    slow = SlowTrainer(subject.assembly.trainer)
    examples: Examples
    for (rows, epoch, batch), _ in zip(positions, range(steps), strict=False):
        examples = subject.examples(rows)
        yield slow.step(examples, epoch, batch), rows


def remarks(subject: Subject, *, batch: bool) -> Iterator[str]:
    """Say what makes the numbers of a step other than one might expect."""
    trainer, epochs = subject.assembly.trainer, subject.config.training.epochs
    layers = trainer.network.layers
    if subject.epoch >= epochs:
        yield f"training ended with epoch {epochs}; shown is how it would go on"
        if trainer.learning_rate.rate(subject.epoch) == 0.0:
            yield "its schedule has brought the learning rate to 0 by then, where no weight moves"
    normalized = any(
        layer.normalization and layer.normalization.name == "batch" for layer in layers
    )
    if normalized and not batch:
        yield (
            "batch normalization over a single row makes every value 0; --batch shows the batches "
            "of training"
        )
    if any(layer.dropout for layer in layers):
        yield (
            "the units that dropout drops are drawn as in the same batch of training; the loss "
            "after the step is that of the same units"
        )
