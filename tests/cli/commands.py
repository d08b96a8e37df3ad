"""nnctl run as its users run it: in this process for speed, or as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from typer.main import get_command
from typer.testing import CliRunner

from nnctl.cli.app import app

ROOT = Path(__file__).parents[2]
DATASETS = ROOT / "datasets"
# Typer's runner would build it anew for every command, which takes longer than most of them do.
COMMAND_LINE = get_command(app)
LONG_ENOUGH = 60  # seconds after which a process counts as stuck


@dataclass(frozen=True)
class Outcome:
    """How a command ended, and all that it wrote."""

    code: int
    out: str
    err: str


def nnctl(*arguments: object, stdin: str | bytes = "") -> Outcome:
    """Run a command in this process; an error that is not the user's fails the test."""
    words, code = [str(argument) for argument in arguments], 0
    with CliRunner().isolation(stdin) as (out, err, _):
        try:
            COMMAND_LINE.main(words, prog_name="nnctl")
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0
        sys.stdout.flush()
        sys.stderr.flush()
        return Outcome(code, out.getvalue().decode(), err.getvalue().decode())


def environment() -> dict[str, str]:
    """Return the environment of a process in which `python -m nnctl` finds this checkout."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "TERMINAL_WIDTH": "100"}


def python(*arguments: object) -> Outcome:
    """Run Python in a process of its own."""
    return _process([sys.executable, *map(str, arguments)])


def bash(script: str) -> Outcome:
    """Run a script in which `nnctl` is a command."""
    command = f'nnctl() {{ "{sys.executable}" -m nnctl "$@"; }}\n{script}'
    return _process(["bash", "-c", command])


def _process(command: list[str]) -> Outcome:
    done = subprocess.run(
        command,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LONG_ENOUGH,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def refused(code: int, *options: str) -> list[str]:
    """Train what cannot be trained; return its errors after it has left nothing behind."""
    before = sorted(Path().iterdir())
    outcome = nnctl("train", "run.yaml", *options)
    assert (outcome.code, outcome.out) == (code, "")
    assert sorted(Path().iterdir()) == before
    lines = outcome.err.splitlines()
    assert lines
    assert all(line.startswith("error: ") for line in lines)
    return [line.removeprefix("error: ") for line in lines]


def trained(*options: str, runs_dir: str = "runs") -> str:
    """Train what is odd and yet right; return what was said."""
    common = ("--quiet", "--no-plots", "--runs-dir", runs_dir)
    outcome = nnctl("train", "run.yaml", *common, *options)
    assert (outcome.code, outcome.out) == (0, f"{runs_dir}/run\n")
    return outcome.err
