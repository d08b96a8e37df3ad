"""`nnctl examples`: the shipped configs and data sets, laid out in a directory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nnctl.cli import console
from nnctl.cli.options import Json

PARTS = ("configs", "datasets")


def examples(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A directory, made if need be.")],
    json: Json = False,
) -> None:
    """Lay out the shipped configs and data sets."""
    from nnctl.errors import Problem, UsageError
    from nnctl.runs.atomic import storage_error

    try:
        taken = [name for name in PARTS if (directory / name).exists()]
        if taken:
            message = f"already holds {' and '.join(taken)}; give another directory"
            raise UsageError(Problem(message, str(directory)))
        lay_out(shipped(), directory)
    except OSError as error:
        raise storage_error(error, directory, "written") from error
    if json:
        console.write_json({"path": str(directory)})
    else:
        console.write_line(directory)


def lay_out(source: Path, directory: Path) -> None:
    """Copy the examples; where that fails, take away what was copied."""
    import shutil

    try:
        for file in (file for name in PARTS for file in sorted((source / name).rglob("*"))):
            if file.is_file() and "__pycache__" not in file.parts:
                copy = directory / file.relative_to(source)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, copy)
    except BaseException:
        for name in PARTS:
            shutil.rmtree(directory / name, ignore_errors=True)
        raise


def shipped() -> Path:
    """Return where the examples stand: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "examples"
    return installed if installed.is_dir() else package.parent
