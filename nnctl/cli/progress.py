"""How training shows that it goes on: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from nnctl.cli.console import say

if TYPE_CHECKING:
    from rich.progress import TaskID

    from nnctl.training.loop import EpochResult

SECONDS_BETWEEN_LINES = 2.0
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
        BarColumn(bar_width=24),
        TextColumn("{task.fields[speed]:>14}", markup=False),
        TimeRemainingColumn(),
        TextColumn("{task.fields[values]}", markup=False),
        console=Console(file=sys.stderr),
    )
    began, drawn = time.monotonic(), 0.0
    with bar:
        task = bar.add_task("", total=epochs, speed="", values="")
        for result in results:
            now = time.monotonic()
            if now - drawn > 0.1 or result.stop or result.epoch == epochs:
                speed = f"{result.epoch * rows / max(now - began, 1e-9):,.0f} rows/s"
                _update(bar, task, completed=result.epoch, speed=speed, values=_values(result))
                drawn = now
            yield result


def _update(bar: Any, task: TaskID, **values: Any) -> None:
    bar.update(task, **values)


def _values(result: EpochResult) -> str:
    """Return the losses and the first metrics of an epoch, as one line."""
    shown = [name for name in result.values if name != "learning_rate"]
    losses = [name for name in shown if name.endswith("_loss")]
    others = [name for name in shown if name not in losses]
    names = [*losses, *reversed(others)][:MOST_VALUES]
    return "  ".join(f"{name} {result.values[name]:.4g}" for name in names)
