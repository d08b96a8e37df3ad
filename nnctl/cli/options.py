"""The arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

RunsDir = Annotated[
    Path,
    typer.Option(
        "--runs-dir", envvar="NNCTL_RUNS_DIR", help="Where runs stand.", show_default=True
    ),
]
RunArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="RUN", help="A run's path or name; left out, the latest.", show_default=False
    ),
]
InputArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="INPUT",
        help="A table to read (CSV, NPY, NPZ, IDX, Parquet, Arrow), or - for standard input; "
        "left out, the run's own rows.",
        show_default=False,
    ),
]
ConfigOrRun = Annotated[
    str | None,
    typer.Argument(
        metavar="CONFIG|RUN",
        help="A YAML config, or a run's path or name; left out, the latest run.",
        show_default=False,
    ),
]
ConfigArgument = Annotated[str, typer.Argument(metavar="CONFIG", help="A YAML config.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override a key: training.epochs=10."),
]
Json = Annotated[bool, typer.Option("--json", help="Write JSON to stdout.")]
Plots = Annotated[bool, typer.Option("--plots/--no-plots", help="Draw what fits.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no summary.")]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Where to write.", show_default=False),
]
WhichCheckpoint = Annotated[
    str, typer.Option("--checkpoint", metavar="best|last", help="Which weights to use.")
]
WhichSplit = Annotated[
    str | None,
    typer.Option(
        "--split",
        metavar="SET",
        help="Which of the run's own rows: train, validation or test.",
        show_default=False,
    ),
]
Delimiter = Annotated[
    str | None,
    typer.Option(
        "--delimiter", metavar="CHARACTER", help="What separates cells.", show_default=False
    ),
]
Encoding = Annotated[
    str | None,
    typer.Option("--encoding", metavar="NAME", help="Such as latin-1.", show_default=False),
]
Decimal = Annotated[
    str | None,
    typer.Option(
        "--decimal", metavar=".|,", help="What stands before a fraction.", show_default=False
    ),
]
Header = Annotated[
    bool | None,
    typer.Option(
        "--header/--no-header", help="Whether the first line holds names.", show_default=False
    ),
]
MissingValue = Annotated[
    list[str] | None,
    typer.Option(
        "--missing-value",
        metavar="TEXT",
        help="One more way to write a missing cell, such as ?.",
        show_default=False,
    ),
]
Labels = Annotated[
    str | None,
    typer.Option(
        "--labels",
        metavar="FILE",
        help="The labels of an IDX or NPY file: `label`.",
        show_default=False,
    ),
]
DEFAULT_RUNS_DIR = Path("runs")
TAB = ("tab", "\\t")  # what a shell makes it easier to write


def character(delimiter: str | None) -> str | None:
    """Return the delimiter that was said, a tab also where it was spelled out."""
    return "\t" if delimiter in TAB else delimiter


def run_and_input(first: str | None, second: str | None) -> tuple[str | None, str | None]:
    """Tell `[RUN] [INPUT]` apart: a single argument that is a file, or `-`, is INPUT."""
    if first is not None and second is None and (first == "-" or _is_file(first)):
        return None, first
    return first, second


def _is_file(path: str) -> bool:
    """Whether a file stands there, or a pipe such as the shell's `<(...)` gives."""
    try:
        return Path(path).exists() and not Path(path).is_dir()
    except OSError:  # such as a name that is too long
        return False
