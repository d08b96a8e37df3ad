from __future__ import annotations

import re

import pytest

from nnctl.cli.runs import COMMANDS
from tests.cli.commands import nnctl, python
from tests.cli.test_app import LOADED


def test_help_lists_every_command_of_the_group() -> None:
    outcome = nnctl("runs", "--help")
    assert (outcome.code, outcome.err) == (0, "")
    commands = outcome.out.partition("\nCommands:\n")[2]
    assert re.findall(r"^  ([a-z-]+) ", commands, flags=re.MULTILINE) == [*COMMANDS]
    assert nnctl("runs", "-h") == outcome
    assert nnctl("runs").out + nnctl("runs").err == outcome.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_group_explains_itself(command: str) -> None:
    outcome = nnctl("runs", command, "--help")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith(f"Usage: nnctl runs {command} ")
    assert outcome.out.split("\n\n")[1].strip().endswith(".")


@pytest.mark.parametrize("arguments", [("--help",), ("list",)])
def test_help_and_list_of_the_group_load_nothing_heavy(arguments: tuple[str, ...]) -> None:
    outcome = python("-c", LOADED, "runs", *arguments)
    assert outcome.code == 0
    # Pydantic is what Typer itself loads to read any command's arguments.
    assert outcome.err.splitlines()[-1] in ("[]", "['pydantic']")
