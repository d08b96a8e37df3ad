"""Commands of nnctl in forked children: what takes a process half a second takes them a few ms."""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

from typer.main import get_command

from tests.durability.faults import Fault, Watch

SAID = "said.txt"
CHANGES = "changes.json"  # what a child that nothing struck has changed
MOST_SECONDS = 60  # a child that takes longer is stuck
MOST_SAID = 800  # characters of what a command says that ended in a wrong way
BUG = 1
MOST_BYTES = 500  # of the name of what was struck
QUIETLY = ("--quiet", "--no-plots")
COMMANDS: list[Callable[..., object]] = []  # the command line, once it is built


@dataclass(frozen=True)
class Ending:
    """How a command ended."""

    code: int | None  # None: it was killed
    struck: str  # the call that the fault has struck; "": it did not come about
    said: str


def prepare(config: Path, saving_interval: float) -> None:
    """Do once what every training would do anew: imports, and building the command line.

    Checkpoints are saved this often from now on (`experiment.SAVING_INTERVAL`).
    """
    from nnctl.cli.app import app
    from nnctl.training import experiment

    setattr(experiment, "SAVING_INTERVAL", saving_interval)  # noqa: B010  an int, says mypy
    COMMANDS.append(get_command(app))
    with TemporaryDirectory() as runs_dir, contextlib.redirect_stdout(io.StringIO()):
        common = (*QUIETLY, "--runs-dir", runs_dir, "--set")
        assert command(["train", str(config), *common, "training.epochs=1"]) == 0
        assert command(["resume", "run", *common, "training.epochs=2"]) == 0
    gc.collect()
    gc.freeze()  # a collection in a child would copy every page of the parent


def run(words: Sequence[str], directory: Path, fault: Fault | None = None) -> Ending:
    """Run a command in `directory` until it ends."""
    process, pipe = fork(words, directory, fault)
    return ending(process, pipe, directory)


def run_for(words: Sequence[str], directory: Path, seconds: float) -> Ending:
    """Run a command for so long at most, then kill it."""
    process, pipe = fork(words, directory, None)
    time.sleep(seconds)
    os.kill(process, signal.SIGKILL)
    return ending(process, pipe, directory)


def fork(words: Sequence[str], directory: Path, fault: Fault | None) -> tuple[int, int]:
    """Start a command; return its process and a pipe that tells when the fault strikes."""
    sys.stdout.flush()
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        be(words, directory, fault, writing)
    os.close(writing)
    return process, reading


def ending(process: int, pipe: int, directory: Path) -> Ending:
    """Wait for a child."""
    _, status = os.waitpid(process, 0)
    struck = os.read(pipe, MOST_BYTES).decode().partition("\n")[0]
    os.close(pipe)
    said = (directory / SAID).read_text() if (directory / SAID).exists() else ""
    if not os.WIFSIGNALED(status):
        return Ending(os.WEXITSTATUS(status), struck, said)
    if os.WTERMSIG(status) != signal.SIGKILL:
        return Ending(-os.WTERMSIG(status), struck, said)
    return Ending(None, struck, said)


def be(words: Sequence[str], directory: Path, fault: Fault | None, pipe: int) -> NoReturn:
    """Be the child: the command and nothing else, whatever happens."""
    from nnctl.cli.console import heed_signals

    code = BUG
    tell = os.write  # the watch puts another in its place
    try:
        signal.alarm(MOST_SECONDS)
        os.chdir(directory)
        said = os.open(SAID, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for stream in (1, 2):
            os.dup2(said, stream)
        watch = Watch(fault, lambda what: tell(pipe, f"{what}\n".encode()[:MOST_BYTES]))
        watch.begin()
        sys.argv = ["nnctl", *words]
        # Who starts the proof in the background has it ignore Ctrl-C, and its children as well.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        heed_signals()
        code = command(words)
        if fault is None:
            Path(CHANGES).write_text(json.dumps({"changes": watch.changes, "saved": watch.saved}))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def command(words: Sequence[str]) -> int:
    """Do what `python -m nnctl` does; return the exit code."""
    try:
        COMMANDS[0](words, prog_name="nnctl")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 0
