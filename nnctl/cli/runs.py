"""`nnctl runs`: what has been trained, looked at as a whole, checked, and cleared away."""

from __future__ import annotations

from collections.abc import Callable

import typer

from nnctl.cli import console, runs_compare, runs_list, runs_prune, runs_show, runs_verify

app = typer.Typer(
    help="List, show, compare, verify and remove runs.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

COMMANDS: dict[str, Callable[..., None]] = {
    "list": runs_list.list_runs,
    "show": runs_show.show,
    "compare": runs_compare.compare,
    "verify": runs_verify.verify,
    "prune": runs_prune.prune,
}
# prune takes no names, and says itself how to choose instead.
SETTINGS = {"prune": {"allow_extra_args": True}}

for name, function in COMMANDS.items():
    app.command(name, context_settings=SETTINGS.get(name))(console.reported(function))
