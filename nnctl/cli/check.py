"""`nnctl check` and `nnctl schema`: what a config may say, and what it comes to."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from nnctl.cli import console
from nnctl.cli.options import ConfigArgument, Json, Overrides
from nnctl.errors import printable


def check(config: ConfigArgument, overrides: Overrides = None, json: Json = False) -> None:
    """Show a config's problems, or its network.

    All problems are shown at once; a config without any is shown as a table of layers.
    """
    from nnctl.config import load_config
    from nnctl.data.dataset import load_dataset
    from nnctl.training.outline import outline

    settings = load_config(config, overrides or ())
    report = outline(settings, load_dataset(settings))
    if json:
        console.write_json(report)
        return
    present(report)


def present(report: dict[str, Any]) -> None:
    """Write the layers as a table, and what they come to."""
    columns = ("layer", "shape", "activation", "initializer", "parameters", "memory")
    console.write_table(columns, [[layer[c] for c in columns] for layer in report["layers"]])
    console.write_line(
        f"{console.numbered(report['parameters'], 'parameter')} in {report['dtype']}, about "
        f"{report['training_memory']} to train, {report['threads']} BLAS thread(s)"
    )
    rows = ", ".join(f"{count:,} {name}" for name, count in report["rows"].items() if count)
    console.write_line(
        f"{report['task']} of {printable(', '.join(report['targets']))} "
        f"from {len(report['features'])} "
        f"feature(s); rows: {rows}; {report['loss']}, {report['optimizer']}"
    )
    console.notes(report["notices"])


def schema(
    sweep: Annotated[bool, typer.Option("--sweep", help="Of a sweep's file instead.")] = False,
) -> None:
    """Write the JSON Schema of a config, for editors."""
    from nnctl.config import json_schema
    from nnctl.config.sweep_schema import sweep_json_schema

    console.write_json(sweep_json_schema() if sweep else json_schema())
