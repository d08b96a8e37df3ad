from __future__ import annotations

import inspect
from pathlib import Path
from typing import Annotated, Any

import typer

from nnctl.cli.app import COMMANDS
from nnctl.cli.picturing import draws, open_network, open_rows, option, parameters_of

BINS = option("bins", Annotated[int, typer.Option("--bins")], 10)


def test_a_command_has_the_options_of_what_it_opens_and_its_own() -> None:
    def plot_nothing(opened: Any, bins: int) -> Any:
        """Draw nothing."""

    command = draws(open_rows, BINS)(plot_nothing)
    names = [*inspect.signature(command).parameters]
    assert names == [
        "run", "source", "split", "delimiter", "encoding", "decimal", "header", "missing_value",
        "labels", "bins", "output", "json", "checkpoint", "runs_dir",
    ]  # fmt: skip
    assert (command.__name__, command.__doc__) == ("plot_nothing", "Draw nothing.")


def test_every_option_is_one_that_typer_reads() -> None:
    for opening in (open_network, open_rows):
        for parameter in parameters_of(opening):
            assert parameter.annotation.__metadata__
            assert parameter.default is not inspect.Parameter.empty


def test_every_picture_can_be_written_elsewhere_and_told_as_json() -> None:
    pictures = {name: each for name, each in COMMANDS.items() if name.startswith("plot-")}
    assert len(pictures) > 12
    for command in pictures.values():
        parameters = inspect.signature(command).parameters
        assert parameters["output"].default is None
        assert parameters["json"].default is False


def test_a_picture_is_called_as_its_function(tmp_path: Path) -> None:
    for name, command in COMMANDS.items():
        if name.startswith("plot-"):
            assert command.__name__ == name.replace("-", "_")
