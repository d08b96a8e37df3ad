"""What the README and the course show, found and run; `python -m tests.documents` writes it anew.

In a block of ```console a line `$ COMMAND` (continued by lines `> ...`) is what a user types, and
the lines up to the next one are what the terminal then shows, stdout and stderr together. Under an
image, `<!-- picture: FILE -->` names the file that those commands made and that it is a copy of;
`python -m tests.documents --pictures` takes these copies anew as well.
"""

from __future__ import annotations

import argparse
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageSequence

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
COURSE = ROOT / "docs" / "course.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PICTURE = re.compile(r"!\[[^\]]*\]\(([^)]+)\)\n<!-- picture: (\S+) -->")
NUMBER = re.compile(r"(?<![\w.])-?\d+\.\d+(?:e[-+]?\d+)?")
# Other processors round differently, and training carries that on: words must be the same, and
# measured numbers near.
RELATIVE, ABSOLUTE = 0.1, 0.02
MOST_SECONDS = 300  # a command that takes longer is stuck
OWN = ("FORCE_COLOR", "GITHUB_ACTIONS", "PY_COLORS", "NNCTL_RUNS_DIR")
COLORS = {".png": 256, ".gif": 32}


@dataclass(frozen=True)
class Step:
    """A command, and what it is said to print."""

    command: str
    output: str


@dataclass(frozen=True)
class Picture:
    """An image in a document, and the file among a chapter's that it is a copy of."""

    shown: Path
    made: str


def whole(text: str) -> list[str]:
    """Take a document as one chapter, whose commands run one after another in one directory."""
    return [text]


def lessons(text: str) -> list[str]:
    """Cut a document at its headings into chapters, each of which stands for itself."""
    return re.split(r"^(?=## )", text, flags=re.MULTILINE)


DOCUMENTS: dict[Path, Callable[[str], list[str]]] = {README: whole, COURSE: lessons}


def blocks(language: str, text: str) -> list[str]:
    """Return the contents of a text's blocks in one language."""
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


def all_steps(text: str) -> list[Step]:
    """Return every command of a text, in order."""
    return [step for block in blocks("console", text) for step in steps_of(block)]


def pictures_of(text: str, document: Path) -> list[Picture]:
    """Return a text's images that commands made, with their places beside the document."""
    return [Picture(document.parent / shown, made) for shown, made in PICTURE.findall(text)]


def workplace(directory: Path) -> Path:
    """Lay out what a reader has, be it a checkout or what `nnctl examples` makes."""
    for name in ("configs", "datasets"):
        shutil.copytree(ROOT / name, directory / name)
    return directory


def environment() -> dict[str, str]:
    """Return the environment of a reader's shell, without what its owner set for nnctl."""
    kept = {name: value for name, value in os.environ.items() if name not in OWN}
    path = f"{Path(sys.executable).parent}:{kept['PATH']}"
    return {**kept, "PATH": path, "TERMINAL_WIDTH": "80"}


def run(command: str, directory: Path, commands: Path | None = None) -> tuple[str, int]:
    """Run a command as a shell would; return what a terminal shows, and the exit code.

    Programs are looked for in the directory `commands` first.
    """
    shell = environment()
    if commands is not None:
        shell["PATH"] = f"{commands}:{shell['PATH']}"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=directory,
        env=shell,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=MOST_SECONDS,
        check=False,
    )
    return re.sub(r"[ \t]+$", "", done.stdout, flags=re.MULTILINE), done.returncode


def assert_shows(shown: str, promised: str, command: str) -> None:
    """Hold what a command prints to what is promised: the same words, and numbers near."""
    same = squeezed(NUMBER.sub("#", shown)) == squeezed(NUMBER.sub("#", promised))
    assert same, f"$ {command}{shown}\ninstead of\n{promised}"
    for left, right in zip(NUMBER.findall(shown), NUMBER.findall(promised), strict=True):
        near = math.isclose(float(left), float(right), rel_tol=RELATIVE, abs_tol=ABSOLUTE)
        assert near, f"$ {command}{left} instead of {right}"


def squeezed(text: str) -> str:
    """Take out what depends on the lengths of numbers: the columns of a table."""
    return re.sub(r"[ ─]+", " ", text)


def rewritten(chapter: str, directory: Path) -> str:
    """Return a chapter with every command's output as it is now."""

    def anew(match: re.Match[str]) -> str:
        if match[1] != "console":
            return match[0]
        lines = []
        for step in steps_of(match[2]):
            typed = "\n> ".join(step.command.rstrip("\n").split("\n"))
            shown, _ = run(step.command, directory)
            if "Traceback (most recent call last)" in shown:
                raise RuntimeError(f"not for a document: $ {step.command}{shown}")
            lines.append(f"$ {typed}\n{shown}")
        return f"```console\n{''.join(lines)}```"

    return BLOCK.sub(anew, chapter)


def copy_picture(made: Path, shown: Path) -> None:
    """Copy a picture into the documents with the fewer colours that a drawing can do with."""
    shown.parent.mkdir(parents=True, exist_ok=True)
    colors = COLORS[made.suffix]
    with Image.open(made) as picture:
        milliseconds = [frame.info.get("duration") for frame in ImageSequence.Iterator(picture)]
        first, *others = [
            frame.convert("RGB").quantize(
                colors, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
            )
            for frame in ImageSequence.Iterator(picture)
        ]
    moving: dict[str, Any] = {
        "save_all": True,
        "append_images": others,
        "duration": milliseconds,
        "loop": 0,
    }
    first.save(shown, optimize=True, **(moving if others else {}))


def write_anew(document: Path, *, with_pictures: bool) -> None:
    """Run a document's commands, chapter by chapter, and write down what they print and draw."""
    chapters = []
    for chapter in DOCUMENTS[document](document.read_text(encoding="utf-8")):
        with tempfile.TemporaryDirectory() as name:
            directory = workplace(Path(name))
            chapters.append(rewritten(chapter, directory))
            if with_pictures:
                for picture in pictures_of(chapter, document):
                    copy_picture(directory / picture.made, picture.shown)
    document.write_text("".join(chapters), encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("documents", nargs="*", type=Path, default=list(DOCUMENTS))
    parser.add_argument("--pictures", action="store_true")
    options = parser.parse_args()
    for path in options.documents:
        write_anew(path.resolve(), with_pictures=options.pictures)
