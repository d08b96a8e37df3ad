"""The command line: every command registered by its name. Nothing heavy is imported here.

`nnctl --help` answers without NumPy: each command's function imports what it needs when it runs.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from nnctl import __version__
from nnctl.cli import (
    bench,
    check,
    check_gradients,
    console,
    cross_validate,
    diagnose,
    evaluate,
    examples,
    explain,
    find_learning_rate,
    init,
    plot,
    plot_layers,
    plot_network,
    plot_rows,
    plot_training,
    predict,
    ranks,
    report,
    resume,
    runs,
    sweep,
    train,
)

# Nearly all that a command makes by the thousand are modules, which stay. To look through them for
# garbage again and again, as Python does from 700 new objects on, took an eighth of its time.
OBJECTS_BETWEEN_COLLECTIONS = 100_000

app = typer.Typer(
    name="nnctl",
    help="Train multilayer perceptrons from YAML configs; each run in a directory of its own.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 bug, 2 usage or config, 3 data, 4 run or checkpoint, "
    "5 diverged, 6 expectation not met, 7 disk, 130 Ctrl-C, 143 SIGTERM.",
)

COMMANDS: dict[str, Callable[..., None]] = {
    "train": train.train,
    "resume": resume.resume,
    "predict": predict.predict,
    "evaluate": evaluate.evaluate,
    "cross-validate": cross_validate.cross_validate,
    "sweep": sweep.sweep,
    "diagnose": diagnose.diagnose,
    "report": report.report,
    "plot-boundary": plot.plot_boundary,
    "plot-fit": plot.plot_fit,
    "plot-history": plot.plot_history,
    "plot-confusion": plot.plot_confusion,
    "plot-roc": plot_rows.plot_roc,
    "plot-calibration": plot_rows.plot_calibration,
    "plot-residuals": plot_rows.plot_residuals,
    "plot-importance": plot_rows.plot_importance,
    "plot-weights": plot_network.plot_weights,
    "plot-network": plot_network.plot_network,
    "plot-units": plot_network.plot_units,
    "plot-activations": plot_rows.plot_activations,
    "plot-gradients": plot_rows.plot_gradients,
    "plot-activation-history": plot_layers.plot_activation_history,
    "plot-gradient-history": plot_layers.plot_gradient_history,
    "plot-schedule": plot_training.plot_schedule,
    "plot-descent": plot_training.plot_descent,
    "plot-activation": plot.plot_activation,
    "init": init.init,
    "explain": explain.explain,
    "check": check.check,
    "check-gradients": check_gradients.check_gradients,
    "find-learning-rate": find_learning_rate.find_learning_rate,
    "bench": bench.bench,
    "schema": check.schema,
    "examples": examples.examples,
}

GROUPS: dict[str, typer.Typer] = {"runs": runs.app}

for name, function in COMMANDS.items():
    command = function if name in ranks.SHARED else ranks.alone(name, function)
    app.command(name)(console.reported(command))
for name, group in GROUPS.items():
    app.add_typer(group, name=name)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"nnctl {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[  # noqa: ARG001  its callback does the work
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version."),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error; may stand anywhere.")
    ] = False,
) -> None:
    """Take the options that stand before the command."""
    console.SETTINGS.debug = debug


def main() -> None:
    """Run the command in `sys.argv`."""
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    console.prepare_streams()
    with console.signals_reported():  # a signal may come before the command's own function begins
        console.heed_signals()
        arguments = sys.argv[1:]
        if "--debug" in arguments:
            arguments = ["--debug", *(argument for argument in arguments if argument != "--debug")]
        ranks.run_command(lambda: app(arguments, prog_name="nnctl"))
