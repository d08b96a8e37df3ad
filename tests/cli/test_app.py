from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest

from nnctl import __version__
from nnctl.cli.app import COMMANDS, GROUPS
from tests.cli.commands import Outcome, nnctl, python

HEAVY = ("numpy", "matplotlib", "pydantic", "yaml", "rich.table", "rich.progress", "threadpoolctl")
LOADED = f"""
import sys
from nnctl.cli.app import main
sys.argv = ["nnctl", *sys.argv[1:]]
try:
    main()
finally:
    print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)
"""
SIGNALLED = """
import signal, sys
from nnctl.cli import console
from nnctl.cli.app import main
place, number = sys.argv[1], int(sys.argv[2])
class Struck(console.Settings):
    def __setattr__(self, name, value):
        super().__setattr__(name, value)
        if place == "among the options" and name == "debug":
            signal.raise_signal(number)
heed = console.heed_signals
def heed_signals():
    heed()
    console.SETTINGS = Struck()
    if place == "before the options":
        signal.raise_signal(number)
console.heed_signals = heed_signals
sys.argv = ["nnctl", "train", "line.yaml"]
main()
"""
BROKEN = """
import sys
from nnctl.cli import train
from nnctl.cli.app import main
def fail(*arguments, **options):
    raise RuntimeError("on purpose")
train.watched = fail
sys.argv = ["nnctl", "train", "line.yaml", "--no-plots"]
main()
"""


def test_help_lists_every_command_in_order() -> None:
    outcome = nnctl("--help")
    assert (outcome.code, outcome.err) == (0, "")
    commands = outcome.out.partition("\nCommands:\n")[2].partition("\n\n")[0]
    assert re.findall(r"^  ([a-z-]+) ", commands, flags=re.MULTILINE) == [*COMMANDS, *GROUPS]
    assert nnctl("-h") == outcome
    assert "0 done, 1 bug, 2 usage or config, 3 data, 4 run or checkpoint" in outcome.out


@pytest.mark.parametrize("group", [(), ("runs",)])
def test_every_command_is_told_whole_in_a_list_of_eighty_columns(
    group: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    commands = nnctl(*group, "--help").out.partition("\nCommands:\n")[2].partition("\n\n")[0]
    assert len(commands.splitlines()) >= 5
    assert [line for line in commands.splitlines() if not line.endswith(".")] == []
    assert max(map(len, commands.splitlines())) <= 78  # two columns stay free on a terminal
    assert "..." not in commands


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    outcome = nnctl(command, "--help")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith(f"Usage: nnctl {command} ")
    described = outcome.out.split("\n\n")[1].strip()
    assert described.endswith(".")
    assert nnctl(command, "-h") == outcome


def test_without_a_command_help_is_shown() -> None:
    outcome = nnctl()
    assert (outcome.code, outcome.out + outcome.err) == (2, nnctl("--help").out)


def test_the_version_is_the_packages() -> None:
    assert nnctl("--version") == Outcome(0, f"nnctl {__version__}\n", "")
    assert python("-m", "nnctl", "--version") == Outcome(0, f"nnctl {__version__}\n", "")


@pytest.mark.parametrize("arguments", [("--help",), ("--version",)])
def test_help_loads_nothing_heavy(arguments: tuple[str, ...]) -> None:
    outcome = python("-c", LOADED, *arguments)
    assert (outcome.code, outcome.err) == (0, "[]\n")
    assert outcome.out


def test_the_guard_sees_what_a_command_loads() -> None:
    outcome = python("-c", LOADED, "schema")
    assert (outcome.code, outcome.err) == (0, "['pydantic', 'yaml']\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("tarin",), "No such command 'tarin'."),
        (("train",), "Missing argument 'CONFIG'."),
        (("train", "a.yaml", "--epochs", "3"), "No such option: --epochs"),
        (("predict", "a", "b", "c"), "Got unexpected extra argument(s) (c)"),
        (("plot-activation",), "Missing argument 'NAME'."),
    ],
)
def test_a_wrong_call_is_a_usage_error(arguments: tuple[str, ...], message: str) -> None:
    outcome = nnctl(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("Usage: nnctl ")
    assert f"\nError: {message}" in outcome.err


@pytest.mark.parametrize("arguments", [("--debug", "train", "a.yaml"),
                                       ("train", "a.yaml", "--debug")])  # fmt: skip
def test_debug_shows_the_traceback_before_the_error(arguments: tuple[str, ...]) -> None:
    outcome = python("-m", "nnctl", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("Traceback (most recent call last):\n")
    assert outcome.err.endswith("\nerror: a.yaml: there is no such config file\n")


def test_without_debug_an_error_is_its_line_alone() -> None:
    expected = Outcome(2, "", "error: a.yaml: there is no such config file\n")
    assert nnctl("--debug", "train", "a.yaml").err != expected.err
    assert nnctl("train", "a.yaml") == python("-m", "nnctl", "train", "a.yaml") == expected


@pytest.mark.parametrize("place", ["before the options", "among the options"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_before_the_command_begins_has_its_code(
    number: signal.Signals, code: int, place: str
) -> None:
    outcome = python("-c", SIGNALLED, place, int(number))
    assert (outcome.code, outcome.out) == (code, "")
    assert outcome.err in ("", "interrupted\n", "terminated\n")


def test_a_bug_shows_its_traceback_and_ends_with_1(samples: Path) -> None:
    outcome = python("-c", BROKEN)
    assert (outcome.code, outcome.out) == (1, "runs/line\n")
    assert "Traceback (most recent call last):" in outcome.err
    assert outcome.err.endswith("\nRuntimeError: on purpose\n")
