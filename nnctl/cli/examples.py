"""`nnctl examples`: the shipped configs and data sets, laid out in a directory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nnctl.cli import console


def examples(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A directory, made if need be.")],
) -> None:
    """Lay out the shipped configs and data sets."""
    import shutil

    from nnctl.errors import Problem, StorageError, UsageError

    source = shipped()
    taken = [name for name in ("configs", "datasets") if (directory / name).exists()]
    if taken:
        message = f"already holds {' and '.join(taken)}; give another directory"
        raise UsageError(Problem(message, str(directory)))
    try:
        for name in ("configs", "datasets"):
            shutil.copytree(source / name, directory / name, ignore=shutil.ignore_patterns("__*"))
    except OSError as error:
        raise StorageError(
            Problem(f"cannot be written: {error.strerror}", str(directory))
        ) from error
    console.write_line(directory)


def shipped() -> Path:
    """Return where the examples stand: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "examples"
    return installed if installed.is_dir() else package.parent
