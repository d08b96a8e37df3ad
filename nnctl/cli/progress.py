"""How training shows that it goes on: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from nnctl.cli.console import say

if TYPE_CHECKING:
    from nnctl.training.loop import EpochResult

SECONDS_BETWEEN_LINES = 10.0
DRAWINGS_A_SECOND = 4  # of a bar; each takes some milliseconds from training
MOST_VALUES = 4


def watched(
    results: Iterable[EpochResult], epochs: int, rows: int, *, quiet: bool
) -> Iterator[EpochResult]:
    """Pass the results on, showing each as it comes; `rows` are those of an epoch."""
    if quiet:
        return iter(results)
    return _with_bar(results, epochs, rows) if sys.stderr.isatty() else _with_lines(results, epochs)


def _with_lines(results: Iterable[EpochResult], epochs: int) -> Iterator[EpochResult]:
    next_line, result, said = 0.0, None, None
    for result in results:
        if time.monotonic() >= next_line:
            say(f"epoch {result.epoch}/{epochs}  {_values(result)}")
            said, next_line = result, time.monotonic() + SECONDS_BETWEEN_LINES
        yield result
    if result is not None and result is not said:
        say(f"epoch {result.epoch}/{epochs}  {_values(result)}")


def _with_bar(results: Iterable[EpochResult], epochs: int, rows: int) -> Iterator[EpochResult]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    bar = Progress(
        TextColumn("epoch"),
        MofNCompleteColumn(),
        BarColumn(bar_width=6),
        TextColumn("{task.fields[speed]}", markup=False),
        TimeRemainingColumn(),
        TextColumn("{task.fields[values]}", markup=False),
        console=Console(file=sys.stderr),
        refresh_per_second=DRAWINGS_A_SECOND,
    )
    began, drawn = time.monotonic(), 0.0
    with bar:
        task = bar.add_task("", total=epochs, speed="", values="")
        for result in results:
            now = time.monotonic()
            if now - drawn > 1 / DRAWINGS_A_SECOND or result.stop or result.epoch == epochs:
                speed = _speed(result.epoch * rows / max(now - began, 1e-9))
                bar.update(task, completed=result.epoch, speed=speed, values=_short(result))
                drawn = now
            yield result


def _speed(rows_a_second: float) -> str:
    if rows_a_second < 10_000:
        return f"{rows_a_second:,.0f} rows/s"
    return f"{rows_a_second / 1000:,.0f}k rows/s"


def _short(result: EpochResult) -> str:
    """Return the loss and the first metric on the rows that say most, to fit beside a bar."""
    set_name = "validation" if "validation_loss" in result.values else "train"
    own = {
        name.removeprefix(f"{set_name}_"): value
        for name, value in result.values.items()
        if name.startswith(set_name)
    }
    shown = "  ".join(f"{name} {value:.3g}" for name, value in list(own.items())[:2])
    return f"{shown} ({set_name})"


def _values(result: EpochResult) -> str:
    """Return the losses and the first metrics of an epoch, validation's before training's."""
    shown = [name for name in result.values if name != "learning_rate"]
    losses = [name for name in shown if name.endswith("_loss")]
    others = [name for name in shown if name not in losses]
    others.sort(key=lambda name: name.startswith("train_"))
    names = [*losses, *others][:MOST_VALUES]
    return "  ".join(f"{name} {result.values[name]:.4g}" for name in names)
