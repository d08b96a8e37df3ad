"""The pictures of layers over the epochs: which run and rows they are of, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.commands import DATASETS, Outcome, nnctl

COMMANDS = ("plot-activation-history", "plot-gradient-history")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_picture_is_written_and_has_the_same_bytes_twice(runs: Path, command: str) -> None:
    for name in ("first.svg", "second.svg"):
        assert nnctl(command, "moons", "-o", name) == Outcome(0, f"{name}\n", "")
    first = Path("first.svg").read_bytes()
    assert first.startswith(b"<?xml ")
    assert b"<!-- moons" in first
    assert Path("second.svg").read_bytes() == first


@pytest.mark.parametrize("command", COMMANDS)
def test_a_picture_goes_into_the_run_unless_told_otherwise(runs: Path, command: str) -> None:
    shutil.copytree(runs / "iris", "copy")
    path = f"copy/plots/{command.removeprefix('plot-').replace('-', '_')}.png"
    assert nnctl(command, "./copy") == Outcome(0, f"{path}\n", "")
    assert [file.name for file in Path("copy/plots").iterdir()] == [Path(path).name]


def test_json_holds_the_share_of_each_bin_after_each_epoch(runs: Path) -> None:
    outcome = nnctl("plot-activation-history", "iris", "--split", "train", "-o", "p.png", "--json")
    report = json.loads(outcome.out)
    assert (report["path"], report["run"]) == ("p.png", str(runs / "iris"))
    assert (report["data"], report["rows"]) == ("train", 105)
    assert report["epochs"] == [0, 1, 2]
    for layer in report["layers"]:
        assert [len(shares) for shares in layer["shares"]] == [len(layer["bin_edges"]) - 1] * 3


def test_json_holds_the_gradients_of_each_epoch(runs: Path) -> None:
    report = json.loads(nnctl("plot-gradient-history", "iris", "-o", "p.png", "--json").out)
    assert (report["path"], report["run"]) == ("p.png", str(runs / "iris"))
    assert (report["data"], report["epochs"]) == ("test", [0, 1, 2])
    seen = len(report["observed_epochs"])
    for layer in report["layers"]:
        assert (len(layer["gradient_norm"]), len(layer["update_ratio"])) == (3, seen)


@pytest.mark.parametrize("command", COMMANDS)
def test_rows_of_a_file_are_named_in_the_title(runs: Path, command: str) -> None:
    shutil.copy(DATASETS / "iris.csv", "<b>rows.csv")
    written = nnctl(command, "iris", "<b>rows.csv", "-o", "p.svg", "--json")
    assert json.loads(written.out)["data"] == "<b>rows.csv"
    assert "<!-- iris: &lt;b&gt;rows.csv -->" in Path("p.svg").read_text()


@pytest.mark.parametrize("command", COMMANDS)
def test_no_checkpoint_is_chosen_where_all_epochs_are_shown(runs: Path, command: str) -> None:
    assert nnctl(command, "iris", "--checkpoint", "best").code == 2
