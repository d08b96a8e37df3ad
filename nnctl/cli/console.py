"""How nnctl speaks: data to stdout, everything for people to stderr, and one error boundary."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import os
import re
import shutil
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TextIO, TypeVar

import typer

from nnctl.errors import NnctlError, Problem, StorageError, printable

if TYPE_CHECKING:
    from rich.table import Table

P = ParamSpec("P")
Item = TypeVar("Item")
PLAIN_WIDTH = 100  # of tables where there is no terminal
ENDLESS_WIDTH = 10_000  # of tables of which a program may want every column


@dataclass
class Settings:
    """What the options before the command say, and whether a signal has come."""

    debug: bool = False
    ending: type[BaseException] | None = None  # what the signal raised


SETTINGS = Settings()


def reported(function: Callable[P, None]) -> Callable[P, None]:
    """Turn every error of a command into its lines on stderr and its exit code."""

    @functools.wraps(function)
    def command(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            with signals_reported():
                function(*args, **kwargs)
        except NnctlError as error:
            if SETTINGS.debug:
                traceback.print_exc()
            for problem in error.problems:
                say(f"error: {problem}")
            raise typer.Exit(error.exit_code) from None
        except BrokenPipeError:
            raise typer.Exit(0) from None  # the reader of stdout has seen enough

    return command


@contextlib.contextmanager
def signals_reported() -> Iterator[None]:
    """Turn what a signal raises into a line on stderr and the exit code that a shell gives it."""
    try:
        yield
    except KeyboardInterrupt:
        say("interrupted")
        raise SystemExit(130) from None
    except Terminated:
        say("terminated")
        raise SystemExit(143) from None


class Terminated(BaseException):
    """SIGTERM has come; like KeyboardInterrupt, no `except Exception` takes it for an error."""


ENDINGS = {signal.SIGINT: KeyboardInterrupt, signal.SIGTERM: Terminated}


def heed_signals() -> None:
    """Let SIGTERM end a command as Ctrl-C does, with what it holds put in order.

    A second signal is the kernel's: raised among what the first one puts in order, it would end as
    an error that nobody expects.
    """

    def end(number: int, _frame: object) -> None:
        for each in heeded:
            signal.signal(each, signal.SIG_DFL)
        SETTINGS.ending = ENDINGS[signal.Signals(number)]
        raise SETTINGS.ending

    # A shell lets what it starts in the background ignore Ctrl-C.
    heeded = [each for each in ENDINGS if signal.getsignal(each) is not signal.SIG_IGN]
    for number in heeded:
        signal.signal(number, end)


def heeding(items: Iterable[Item]) -> Iterator[Item]:
    """Pass items on, and raise what a signal raised unheard.

    It may come at any instant, also in a destructor or in what compiled code calls back, where
    Python drops an exception: Ctrl-C while a checkpoint is written was lost now and then.
    """
    for item in items:
        if SETTINGS.ending is not None:
            raise SETTINGS.ending
        yield item


def prepare_streams() -> None:
    """Let the null device stand in for each standard stream that the caller closed (`2>&-`).

    Python has None there, and would print to stdout what is meant for stderr.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115  open to the end
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # data is UTF-8, whatever the locale


def say(text: str) -> None:
    """Write a line for people; that nobody listens any more is no reason to stop."""
    try:
        print(printable(text), file=sys.stderr, flush=True)
    except OSError:
        _discard(sys.stderr)


def notes(sentences: Iterable[str]) -> None:
    """Write what a person should know."""
    for sentence in sentences:
        say(f"note: {sentence}")


def numbered(count: int, thing: str) -> str:
    """Return `1 parameter` or `1,635 parameters`."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def write(text: str) -> None:
    """Write data, at once."""
    with _stdout():
        sys.stdout.write(text)


class StandardOutput(io.RawIOBase):
    """Standard output as a stream of bytes, each piece of which is written at once."""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        """Write all of the bytes in `data`."""
        with _stdout():
            sys.stdout.buffer.write(data)
        return len(data)


def write_line(text: object) -> None:
    """Write a line of data, at once; training goes on when its reader has gone."""
    with contextlib.suppress(BrokenPipeError):
        write(f"{text}\n")


def write_json(value: Any) -> None:
    """Write one JSON document; a number that is not finite becomes null."""
    from nnctl.runs.json_file import json_ready

    write(json.dumps(json_ready(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def table_width(*, whole: bool = False) -> int:
    """Return how wide a table may be; without a terminal, as wide as it is where it comes whole."""
    if sys.stdout.isatty():
        return shutil.get_terminal_size().columns
    return ENDLESS_WIDTH if whole else PLAIN_WIDTH


def write_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    title: str | None = None,
    *,
    width: int | None = None,
) -> None:
    """Write a table to stdout; cells are shown literally, numbers to the right, "" as a blank."""
    from rich.console import Console

    rows, headings = list(rows), [*map(printable, columns)]
    terminal = sys.stdout.isatty()
    width = table_width() if width is None else width
    # Rich would obey FORCE_COLOR, which many CI systems set, and colour what a program reads.
    text = io.StringIO()
    console = Console(file=text, width=width, force_terminal=terminal, highlight=False)
    table = _table(headings, rows, width)
    endless = console.options.update(width=sys.maxsize)
    for longest in range(max(map(len, headings)), 0, -1):
        if console.measure(table, options=endless).maximum <= width:
            break
        table = _table([_broken(heading, longest) for heading in headings], rows, width)
    console.print(table)
    lines = (line.rstrip() for line in text.getvalue().splitlines())
    heading = [] if title is None else [printable(title)]
    write("\n".join([*heading, *(line for line in lines if line)]) + "\n\n")


def _table(headings: Sequence[str], rows: Sequence[Sequence[object]], width: int) -> Table:
    """Return a table whose headings, some of which may have more lines than others, end alike."""
    from rich import box
    from rich.align import Align
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD)
    whole = _unbroken(headings, rows, width)
    for index, heading in enumerate(headings):
        numeric = all(isinstance(row[index], (int, float)) for row in rows if row[index] != "")
        side: Literal["left", "right"] = "right" if numeric else "left"
        lowered = Align(Text(heading, justify=side), side, vertical="bottom")
        table.add_column(lowered, justify=side, overflow="fold", no_wrap=index in whole)
    for row in rows:
        table.add_row(*(Text(printable(_cell(value))) for value in row))
    return table


def _unbroken(headings: Sequence[str], rows: Sequence[Sequence[object]], width: int) -> set[int]:
    """Return the columns of single words, if they leave half of the width to sentences."""
    cells = [[_cell(row[index]) for row in rows] for index in range(len(headings))]
    single = {index for index in range(len(headings)) if " " not in "".join(cells[index])}
    texts = [[*headings[index].split("\n"), *map(printable, cells[index])] for index in single]
    taken = sum(max(map(len, each)) for each in texts)
    return single if taken <= width // 2 else set()


def _broken(heading: str, longest: int) -> str:
    """Return a heading on lines of at most so many characters, as far as `_` and `.` allow."""
    lines = [""]
    for word in re.findall("[^._]*[._]|[^._]+", heading):
        if lines[-1] and len(lines[-1] + word) > longest:
            lines.append("")
        lines[-1] += word
    return "\n".join(lines)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


@contextlib.contextmanager
def _stdout() -> Iterator[None]:
    """Flush what the block wrote; BrokenPipeError where its reader has gone, else StorageError."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        _discard(sys.stdout)
        raise
    except OSError as error:
        _discard(sys.stdout)
        message = f"cannot be written ({error.strerror}); check where the output goes"
        raise StorageError(Problem(message, "<stdout>")) from error


def _discard(stream: TextIO) -> None:
    """Send to nowhere what is still to be written: Python flushes once more at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
