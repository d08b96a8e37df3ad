"""The programs that measure commands and predictions run, and say what they measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks import commands, prediction
from tests.benchmarks.commands import Figure, compared
from tests.benchmarks.prediction import FileSpeed, Pair


def test_whole_commands_and_the_additions_of_a_run_are_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = "print('learnt')"
    monkeypatch.setattr(commands, "SCRIPTS", {"Python": ("json", script, 9.0)})
    small = {"data": {"generator": {"name": "moons", "samples": 200}}}
    monkeypatch.setattr(commands, "USUAL_CONFIG", commands.USUAL_CONFIG | small)
    commands.main(["--rounds", "1", "--tiny-epochs", "20", "--usual-epochs", "1", "--json"])
    figures: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    found = {figure["what"]: figure for figure in figures}
    for what in (commands.VERSION, commands.HELP, commands.TRAIN, "a script with Python"):
        assert 0 < found[what]["least"] <= found[what]["median"]
    ratio = found[f"{commands.TRAIN}, of the time of Python"]
    own, theirs = found[commands.TRAIN], found["a script with Python"]
    assert ratio["least"] == pytest.approx(own["least"] / theirs["least"])
    assert sum("beside the steps" in what for what in found) == 2


def test_a_peer_that_is_not_installed_is_left_out_with_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "SCRIPTS", {"Nothing": ("no_such_module", "", 1.0)})
    said: list[str] = []
    written = commands.write_commands(tmp_path, said.append)
    assert commands.TRAIN in written
    assert said == ["left out: Nothing is not installed; pip install -e '.[bench]'"]
    assert not list(tmp_path.iterdir())


def test_a_figure_says_whether_its_aim_is_reached() -> None:
    ratio = compared("a of b", [2.0, 4.0], [4.0, 4.0], 0.5)
    assert (ratio.least, ratio.median, ratio.reached) == (0.5, 0.75, True)
    assert str(ratio) == "| a of b | 0.50 | 0.75 | at most 0.50 | yes |"
    assert str(Figure("c", 1.0, 2.0, 0.5)) == "| c | 1.00 s | 2.00 s | at most 0.50 s | no |"
    assert str(Figure("d", 1.0, 2.0)) == "| d | 1.00 s | 2.00 s |  |  |"


def test_predictions_of_arrays_and_files_are_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Other:
        """Stands where a library is that the tests do without."""

        def predict_proba(self, inputs: Any) -> Any:
            return inputs

    monkeypatch.setattr(prediction, "fitted", lambda _: Other())
    tiny = ["--workloads", "xor", "--counts", "1", "300", "--file-rows", "50", "--seconds", "0"]
    prediction.main([*tiny, "--json"])
    results = json.loads(capsys.readouterr().out)
    assert [pair["rows"] for pair in results["arrays"]] == [1, 300]
    for pair in results["arrays"]:
        assert pair["least ratio"] == pytest.approx(pair["nnctl"] / pair["sklearn"])
    [file] = results["files"]
    assert file["rows a second"] == pytest.approx(50 / file["seconds"])


def test_the_tables_say_which_aims_are_reached() -> None:
    pairs = [
        Pair("xor", 1, (0.001, 0.002), (0.002, 0.002)),
        Pair("moons", 100, (0.003, 0.004), (0.002, 0.002)),
    ]
    text = "\n".join(prediction.lines(pairs, [FileSpeed("xor", 50, 1.0, 0.5)]))
    assert "| xor 2-8-2 | 1 | 1 ms | 2 ms | 0.50 | 0.75 | reached |" in text
    assert "| moons 2-32-32-2 | 100 | 3 ms | 2 ms | 1.50 | 1.75 | missed |" in text
    assert "| xor 2-8-2 | 50 rows, 1 MB in 0.50 s | 100 |" in text
