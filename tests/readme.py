"""The README's commands: found, run, and their outputs written anew by `python -m tests.readme`.

In a block of ```console a line `$ COMMAND` (continued by lines `> ...`) is what a user types, and
the lines up to the next one are what the terminal then shows, stdout and stderr together.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Step:
    """A command, and what it is said to print."""

    command: str
    output: str


def blocks(language: str, text: str) -> list[str]:
    """Return the contents of the README's blocks in one language."""
    return [body for found, body in BLOCK.findall(text) if found == language]


def steps_of(block: str) -> list[Step]:
    """Cut a console block into its commands and their outputs."""
    steps = []
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        lines = part.splitlines(keepends=True)
        continued = 1
        while continued < len(lines) and lines[continued].startswith("> "):
            continued += 1
        command = lines[0] + "".join(line[2:] for line in lines[1:continued])
        steps.append(Step(command, "".join(lines[continued:])))
    return steps


def workplace(directory: Path) -> Path:
    """Lay out what a reader of the README has: a checkout, as far as its commands need it."""
    for name in ("configs", "datasets"):
        shutil.copytree(ROOT / name, directory / name)
    return directory


def run(command: str, directory: Path) -> tuple[str, int]:
    """Run a command as a shell would; return what a terminal shows, and the exit code."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("FORCE_COLOR", "GITHUB_ACTIONS", "PY_COLORS", "NNCTL_RUNS_DIR")
    }
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    environment["TERMINAL_WIDTH"] = "80"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return re.sub(r"[ \t]+$", "", done.stdout, flags=re.MULTILINE), done.returncode


def rewritten(text: str) -> str:
    """Return the README with every command's output as it is now."""
    with tempfile.TemporaryDirectory() as name:
        directory = workplace(Path(name))

        def anew(match: re.Match[str]) -> str:
            if match[1] != "console":
                return match[0]
            lines = []
            for step in steps_of(match[2]):
                shown = "\n> ".join(step.command.rstrip("\n").split("\n"))
                lines.append(f"$ {shown}\n{run(step.command, directory)[0]}")
            return f"```console\n{''.join(lines)}```"

        return BLOCK.sub(anew, text)


if __name__ == "__main__":
    README.write_text(rewritten(README.read_text(encoding="utf-8")), encoding="utf-8")
