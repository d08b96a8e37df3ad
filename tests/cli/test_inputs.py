"""How INPUT is written: as the run's own data, unless an option says otherwise."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.commands import Outcome, nnctl

OWN = "länge;y;w\n0,5;1;1\n1,5;3;1\n2,5;5;1\n3,5;7;1\n"
CONFIG = """\
name: cm
data: {source: own.csv, target: y, features: [länge], encoding: latin-1, decimal: ","}
loss: mean_squared_error
training: {epochs: 3}
"""
NAMELESS = """\
name: nameless
data: {source: own.csv, target: x2, features: [x1], header: false}
loss: mean_squared_error
training: {epochs: 3}
"""
COMMANDS = ("predict", "evaluate")
# What the same rows may be written as -> what has to be said of it.
WAYS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "as the run's own": (OWN, "latin-1", ()),
    "another encoding": (OWN, "utf-8", ("--encoding", "utf-8")),
    "decimal points": (OWN.replace(",", "."), "latin-1", ("--decimal", ".")),
    "points and commas": (
        OWN.replace(",", ".").replace(";", ","), "latin-1", ("--decimal", "."),
    ),
    "a strange delimiter": (OWN.replace(";", ":"), "latin-1", ("--delimiter", ":")),
    "tabs by name": (OWN.replace(";", "\t"), "latin-1", ("--delimiter", "tab")),
    "nothing in common": (
        OWN.replace(",", ".").replace(";", ":"),
        "utf-16",
        ("--decimal", ".", "--delimiter", ":", "--encoding", "utf-16"),
    ),
}  # fmt: skip


def train(config: str, rows: str, encoding: str = "utf-8") -> None:
    Path("own.csv").write_text(rows, encoding)
    Path("run.yaml").write_text(config)
    assert nnctl("train", "run.yaml", "--quiet", "--no-plots").code == 0


@pytest.fixture
def centimetres() -> None:
    """Train on a file with a semicolon, a decimal comma and Latin-1, and say the delimiter."""
    said = CONFIG.replace("decimal", 'delimiter: ";", decimal')
    train(said, OWN, "latin-1")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("source", ["rows.csv", "-"])
@pytest.mark.usefixtures("centimetres")
def test_the_same_rows_give_the_same_however_they_are_written(
    command: str, source: str, way: str
) -> None:
    text, encoding, options = WAYS[way]
    Path("rows.csv").write_text(text, encoding)
    expected = nnctl(command, "own.csv").out.replace("own.csv", "rows.csv")
    outcome = nnctl(command, source, *options, stdin=Path("rows.csv").read_bytes())
    assert outcome.code == 0, outcome.err
    assert outcome.out.replace("<stdin>", "rows.csv") == expected


@pytest.mark.parametrize("command", COMMANDS)
def test_a_header_is_there_or_not_as_the_options_say(command: str) -> None:
    train(NAMELESS, "1,2\n2,4\n3,6\n")
    plain = nnctl(command, "own.csv").out
    Path("own.csv").write_text("x2,x1\n2,1\n4,2\n6,3\n")
    assert nnctl(command, "own.csv", "--header").out == plain
    train(NAMELESS.replace("nameless", "named").replace("false", "true"), "x1,x2\n1,2\n2,4\n3,6\n")
    plain = nnctl(command, "own.csv").out
    Path("own.csv").write_text("1,2\n2,4\n3,6\n")
    assert nnctl(command, "own.csv", "--no-header").out == plain
    assert nnctl(command, "own.csv").code == 3


def test_labels_stand_in_a_file_beside_the_rows() -> None:
    np.save("x.npy", np.array([[0.0], [1.0], [2.0], [3.0]]))
    np.save("y.npy", np.array([1.0, 3.0, 5.0, 7.0]))
    Path("run.yaml").write_text(
        "data: {source: x.npy, labels: y.npy, target: label}\nloss: mean_squared_error\n"
        "training: {epochs: 3}\n"
    )
    assert nnctl("train", "run.yaml", "--quiet", "--no-plots").code == 0
    np.save("new.npy", np.array([[4.0], [5.0]]))
    np.save("answers.npy", np.array([9.0, 11.0]))
    outcome = nnctl("evaluate", "new.npy", "--labels", "answers.npy", "--json")
    Path("new.csv").write_text("x1,label\n4,9\n5,11\n")
    expected = json.loads(nnctl("evaluate", "new.csv", "--json").out)
    assert json.loads(outcome.out) == {**expected, "data": "new.npy"}
    without = nnctl("evaluate", "new.npy")
    assert (without.code, without.out) == (3, "")
    assert "there is no column `label`" in without.err


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("--decimal", "."), "INPUT is written as --decimal says; name one"),
        (
            ("--no-header", "--encoding", "utf-8"),
            "INPUT is written as --encoding, --header/--no-header says; name one",
        ),
        (("-", "--decimal", "x"), '--decimal must be one of ".", "," (received "x")'),
        (
            ("-", "--delimiter", "ab"),
            '--delimiter must have at most 1 character(s) (received "ab")',
        ),
        (
            ("-", "--encoding", "foo"),
            "--encoding must be the name of a text encoding, such as utf-8, utf-16 or latin-1 "
            '(received "foo")',
        ),
        (("-", "--delimiter", ""), '--delimiter must have at least 1 character(s) (received "")'),
    ],
)
@pytest.mark.usefixtures("centimetres")
def test_what_cannot_be_said_of_an_input_is_refused(
    command: str, arguments: tuple[str, ...], error: str
) -> None:
    assert nnctl(command, *arguments) == Outcome(2, "", f"error: {error}\n")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.usefixtures("centimetres")
def test_what_is_to_be_said_of_an_input_is_told_by_the_option(command: str) -> None:
    rows = OWN.replace(",", ".").replace(";", ",").encode("latin-1")
    outcome = nnctl(command, "-", stdin=rows)
    assert outcome == Outcome(
        3,
        "",
        "error: <stdin>:1: the header holds a comma but no `;`; write `--delimiter ','`, or leave "
        "`--delimiter` out\n",
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_a_missing_cell_is_written_as_the_options_say(command: str) -> None:
    filled = CONFIG.replace("data: {", "data: {missing: median, missing_values: [-], ")
    train(filled, OWN, "latin-1")
    plain = nnctl(command, "-", stdin=OWN.replace("1,5", "-").encode("latin-1"))
    marked = OWN.replace("1,5", "?").replace("2,5", "-").encode("latin-1")
    refused = nnctl(command, "-", stdin=marked)
    assert (plain.code, refused.code) == (0, 3)
    outcome = nnctl(command, "-", "--missing-value", "?", stdin=marked)
    assert (outcome.code, outcome.out.count("\n")) == (0, plain.out.count("\n"))


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_tells_what_an_input_may_be(command: str) -> None:
    told = " ".join(nnctl(command, "--help").out.split())
    assert "A table to read (CSV, NPY, NPZ, IDX, Parquet, Arrow), or - for standard input" in told


@pytest.mark.usefixtures("centimetres")
def test_standard_input_has_no_labels_beside_it() -> None:
    error = "error: --labels goes beside a file; name it instead of standard input\n"
    assert nnctl("evaluate", "-", "--labels", "own.csv") == Outcome(2, "", error)
