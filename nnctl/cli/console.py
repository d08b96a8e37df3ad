"""How nnctl speaks: data to stdout, everything for people to stderr, and one error boundary."""

from __future__ import annotations

import functools
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ParamSpec

import typer

from nnctl.errors import NnctlError, printable

P = ParamSpec("P")
PLAIN_WIDTH = 100  # of tables where there is no terminal


@dataclass
class Settings:
    """What the options before the command say."""

    debug: bool = False


SETTINGS = Settings()


def reported(function: Callable[P, None]) -> Callable[P, None]:
    """Turn every error of a command into its lines on stderr and its exit code."""

    @functools.wraps(function)
    def command(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            function(*args, **kwargs)
            sys.stdout.flush()
        except NnctlError as error:
            if SETTINGS.debug:
                traceback.print_exc()
            for problem in error.problems:
                say(f"error: {problem}")
            raise typer.Exit(error.exit_code) from None
        except BrokenPipeError:
            # The reader has seen enough. Python flushes stdout once more at exit: let it succeed.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(0) from None
        except KeyboardInterrupt:
            say("interrupted")
            raise typer.Exit(130) from None

    return command


def say(text: str) -> None:
    """Write a line for people."""
    print(printable(text), file=sys.stderr, flush=True)


def notes(sentences: Iterable[str]) -> None:
    """Write what a person should know."""
    for sentence in sentences:
        say(f"note: {sentence}")


def write_line(text: object) -> None:
    """Write a line of data, at once."""
    print(text, flush=True)


def write_json(value: Any) -> None:
    """Write one JSON document; a number that is not finite becomes null."""
    print(json.dumps(_finite(value), indent=2, ensure_ascii=False, allow_nan=False), flush=True)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if isinstance(value, float) and value - value != 0.0:  # NaN or infinite
        return None
    return value


def write_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], title: str | None = None
) -> None:
    """Write a table to stdout; cells are shown literally, numbers to the right."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    rows = list(rows)
    table = Table(title=title and Text(printable(title)), box=box.SIMPLE_HEAD, title_justify="left")
    for index, column in enumerate(columns):
        numeric = all(isinstance(row[index], (int, float)) for row in rows)
        table.add_column(
            Text(printable(column)), justify="right" if numeric else "left", overflow="fold"
        )
    for row in rows:
        table.add_row(*(Text(printable(_cell(value))) for value in row))
    width = None if sys.stdout.isatty() else PLAIN_WIDTH
    Console(file=sys.stdout, width=width, color_system="auto", highlight=False).print(table)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
