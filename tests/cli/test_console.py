from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer

from nnctl import errors
from nnctl.cli import console
from nnctl.errors import NnctlError, Problem
from nnctl.runs.json_file import write_json
from tests.cli.commands import python

ERRORS = [
    error
    for error in vars(errors).values()
    if isinstance(error, type) and issubclass(error, NnctlError) and error is not NnctlError
]
STRANGE = "[red]\x1b[31m$$<script>\n[/]\x9b"
SHOWN = "[red]\\x1b[31m$$<script>\\n[/]\\x9b"


def test_there_are_errors_to_report() -> None:
    assert sorted(error.exit_code for error in ERRORS) == [2, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_is_its_lines_and_its_exit_code(
    error: type[NnctlError], capsys: pytest.CaptureFixture[str]
) -> None:
    @console.reported
    def command() -> None:
        raise error([Problem("first", "a.yaml", 1, 2), Problem("second" + STRANGE)])

    with pytest.raises(typer.Exit) as caught:
        command()
    assert caught.value.exit_code == error.exit_code
    assert capsys.readouterr() == ("", f"error: a.yaml:1:2: first\nerror: second{SHOWN}\n")


def test_a_reader_who_has_seen_enough_is_no_error() -> None:
    @console.reported
    def command() -> None:
        raise BrokenPipeError

    with pytest.raises(typer.Exit) as caught:
        command()
    assert caught.value.exit_code == 0


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [(KeyboardInterrupt, 130, "interrupted"), (console.Terminated, 143, "terminated")],
)
def test_what_stops_a_command_from_outside_has_its_code(
    error: type[BaseException], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    @console.reported
    def command() -> None:
        raise error

    with pytest.raises(SystemExit) as caught:
        command()
    assert caught.value.code == code
    assert capsys.readouterr() == ("", f"{said}\n")


def test_any_other_error_is_a_bug_and_is_left_alone() -> None:
    @console.reported
    def command() -> None:
        raise KeyError("bug")

    with pytest.raises(KeyError):
        command()


def test_people_are_shown_names_literally(capsys: pytest.CaptureFixture[str]) -> None:
    console.notes([STRANGE])
    assert capsys.readouterr() == ("", f"note: {SHOWN}\n")


def test_a_table_shows_cells_literally_and_numbers_to_the_right(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [(STRANGE, 1234567, 0.1), ("b", 2, float("nan"))]
    console.write_table(("[b]name", "count", "share"), rows, "[i]title")
    out, err = capsys.readouterr()
    assert err == ""
    assert out == (
        "[i]title\n"
        "  [b]name                                count   share\n"
        " ──────────────────────────────────────────────────────\n"
        "  [red]\\x1b[31m$$<script>\\n[/]\\x9b   1,234,567     0.1\n"
        "  b                                          2     nan\n"
        "\n"
    )


def test_one_of_a_thing_is_no_plural() -> None:
    texts = [console.numbered(count, "parameter") for count in (0, 1, 1635)]
    assert texts == ["0 parameters", "1 parameter", "1,635 parameters"]


def test_a_table_is_not_wider_than_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    console.write_table(("name", "value"), [("x" * 300, "y")])
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= console.PLAIN_WIDTH
    assert out.count("x") == 300


def test_long_headings_break_where_a_word_ends(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "PLAIN_WIDTH", 60)
    columns = ("fold", "test_root_mean_squared_error", "test_mean_absolute_error", "test_r2")
    console.write_table(columns, [("1", 0.25, 0.125, 1)])
    assert capsys.readouterr().out == (
        "         test_root_mean_   test_mean_absolute_\n"
        "  fold     squared_error                 error   test_r2\n"
        f" {56 * '─'}\n"
        "  1                 0.25                 0.125         1\n"
        "\n"
    )


def test_dotted_headings_break_where_a_part_ends(capsys: pytest.CaptureFixture[str]) -> None:
    columns = ("trial", "validation_accuracy", "optimizer.learning_rate", "model.hidden.0.units")
    console.write_table(columns, [("1", 0.25, "0.01", "8")], width=52)
    assert capsys.readouterr().out == (
        "                        optimizer.   model.\n"
        "          validation_   learning_    hidden.0.\n"
        "  trial      accuracy   rate         units\n"
        f" {46 * '─'}\n"
        "  1              0.25   0.01         8\n"
        "\n"
    )


def test_beside_sentences_names_are_not_broken_where_they_leave_half_of_the_width(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [("checkpoints/best.npz", "the network of the best epoch, which is enough to predict")]
    for width in (100, 60, 44, 30):
        console.write_table(("file", "what"), rows, width=width)
        lines = capsys.readouterr().out.splitlines()
        assert max(map(len, lines)) <= width
        assert ("checkpoints/best.npz" in lines[2]) is (width >= 2 * len(rows[0][0]))
        cells = "".join("".join(line.split()) for line in lines[2:])
        assert len(cells) == len("".join(" ".join(rows[0]).split()))


def test_json_on_stdout_is_what_a_file_of_a_run_would_hold(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    value = {"a": [1.5, math.nan, (np.float32("inf"), "é")], "b": {"c": np.int64(3)}}
    console.write_json(value)
    write_json(tmp_path / "value.json", value)
    assert capsys.readouterr().out == (tmp_path / "value.json").read_text("utf-8")


def test_json_has_null_for_what_is_not_finite(capsys: pytest.CaptureFixture[str]) -> None:
    infinite = float("inf")
    console.write_json({"a": [1.5, float("nan"), (-infinite, "é")], "b": {"c": infinite}})
    out = capsys.readouterr().out
    assert json.loads(out) == {"a": [1.5, None, [None, "é"]], "b": {"c": None}}
    assert "é" in out
    assert out.endswith("}\n")


def test_bytes_reach_standard_output_piece_by_piece(capfdbinary: Any) -> None:
    stream = console.StandardOutput()
    assert (stream.writable(), stream.seekable()) == (True, False)
    for piece in (b"\x93NUMPY\xff", memoryview(b"\r\n")):
        assert stream.write(piece) == len(piece)
        assert capfdbinary.readouterr().out == piece


def test_a_closed_stream_is_replaced() -> None:
    script = (
        "import sys; from nnctl.cli import console; out = sys.stdout\n"
        "sys.stdin = sys.stdout = sys.stderr = None\n"
        "console.prepare_streams()\n"
        "console.write_line('lost'); console.say('lost')\n"
        "print(repr(sys.stdin.buffer.read()), file=out)"
    )
    outcome = python("-c", script)
    assert (outcome.code, outcome.out, outcome.err) == (0, "b''\n", "")


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_that_python_drops_is_heard_all_the_same(name: str, code: int) -> None:
    script = (
        "import os, signal, typer; from nnctl.cli import console\n"
        "class Deaf:\n"
        "    def __del__(self):\n"
        f"        os.kill(os.getpid(), signal.{name})\n"
        "        for _ in range(1000): pass\n"
        "@console.reported\n"
        "def command():\n"
        "    for number in console.heeding(range(9)):\n"
        "        print(number, flush=True)\n"
        "        if number == 2: Deaf()\n"
        "console.heed_signals()\n"
        "try: command()\n"
        "except SystemExit as ending: print('exit', ending.code)\n"
    )
    outcome = python("-c", script)
    assert "Exception ignored in" in outcome.err  # or the test shows nothing
    assert outcome.out == f"0\n1\n2\nexit {code}\n"
