"""`nnctl bench`: how fast a config trains on this machine, and how near the machine's limit."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from nnctl.cli import console
from nnctl.cli.options import ConfigArgument, Json, Overrides

LONGEST = 3600.0
# Heading -> the figure under it, and what it is multiplied by.
COLUMNS = {
    "threads": ("threads", 1),
    "µs a step": ("step_microseconds", 1),
    "ms an epoch": ("epoch_milliseconds", 1),
    "rows a second": ("rows_a_second", 1),
    "GFLOP/s": ("gigaflops", 1),
    "products, µs": ("products_microseconds", 1),
    "share, %": ("products_share", 100),
}


def bench(
    config: ConfigArgument,
    seconds: Annotated[
        float, typer.Option("--seconds", metavar="SECONDS", help="How long, a number of threads.")
    ] = 3.0,
    threads: Annotated[
        str | None,
        typer.Option(
            "--threads",
            metavar="N,N",
            help="BLAS threads to try in turn; left out, what training would use.",
            show_default=False,
        ),
    ] = None,
    overrides: Overrides = None,
    json: Json = False,
) -> None:
    """Measure how fast a config trains here.

    Steps of the training are timed in turn with the matrix products in them, which no engine can
    do without; `share` is theirs of a step's time. An epoch is that of its steps. Nothing is
    written.
    """
    from nnctl.config import load_config
    from nnctl.data.dataset import load_dataset
    from nnctl.training.speed import measure_speed

    require_duration(seconds)
    numbers = numbers_of_threads(threads)
    settings = load_config(config, overrides or ())
    dataset = load_dataset(settings)
    console.say(f"measuring for {max(1, len(numbers)) * seconds:g} s")
    report = measure_speed(settings, dataset, seconds, numbers)
    if json:
        console.write_json({"config": config, **report})
    else:
        present(report)


def require_duration(seconds: float) -> None:
    """Raise UsageError for a time that nothing can be measured in, or nobody waits for."""
    from nnctl.errors import UsageError

    if not 0.0 < seconds <= LONGEST:
        raise UsageError(
            f"--seconds must be more than 0 and at most {LONGEST:.0f} (received {seconds:g})"
        )


def numbers_of_threads(text: str | None) -> list[int]:
    """Return the numbers in `1,2`; UsageError for what are none."""
    from nnctl.config.schema.training import MOST_THREADS
    from nnctl.errors import UsageError

    parts = [] if text is None else [part.strip() for part in text.split(",")]
    for part in parts:
        if not (part.isascii() and part.isdigit() and 0 < int(part) <= MOST_THREADS):
            raise UsageError(
                f"--threads takes numbers from 1 to {MOST_THREADS}, as in 1,2 (received {text})"
            )
    return list(dict.fromkeys(map(int, parts)))


def present(report: dict[str, Any]) -> None:
    """Write a line a number of threads, and what the figures are of."""
    from nnctl.training.memory import readable_bytes

    rows = [
        [rounded(speed[figure] * factor) for figure, factor in COLUMNS.values()]
        for speed in report["measured"]
    ]
    console.write_table(list(COLUMNS), rows, report["name"])
    rows_a_step = console.numbered(report["batch_rows"], "row")
    steps = console.numbered(report["steps_an_epoch"], "step")
    console.write_line(
        f"a step: {rows_a_step}, {report['operations_a_step']:,} operations in "
        f"matrix products of {report['dtype']}; {steps} an epoch"
    )
    console.write_line(
        f"memory: about {readable_bytes(report['training_bytes'])} for the training, "
        f"{readable_bytes(report['peak_bytes'])} at most for this process"
    )
    console.write_line(
        f"training would use {report['threads']} BLAS thread(s): {report['threads_reason']}"
    )
    console.notes(report["notices"])


def rounded(figure: float) -> float:
    """Return a figure with the three digits that a measurement of some seconds is good for."""
    return figure if isinstance(figure, int) else float(f"{figure:.3g}")
