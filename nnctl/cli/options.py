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
        help="A CSV file, or - for standard input; left out, the run's own rows.",
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
DEFAULT_RUNS_DIR = Path("runs")


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
