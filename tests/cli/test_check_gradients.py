from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nnctl.nn.activations import Tanh
from tests.cli.commands import ROOT, Outcome, nnctl

TANH = """\
data: {generator: {name: moons, samples: 40}}
model: {hidden: [{units: 3, activation: tanh}]}
loss: binary_cross_entropy
"""
KINKS = """\
data: {source: rows.csv, target: y, scaling: none}
model: {output: {initializer: zeros}}
loss: perceptron
"""


def without_slope(self: Tanh, z: Any, a: Any, out: Any, scratch: Any) -> None:
    out.fill(1.0)


def report_of(*arguments: object) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(nnctl("check-gradients", *arguments, "--json").out)
    return report


def test_gradients_that_are_right_are_a_table_and_a_verdict() -> None:
    Path("tanh.yaml").write_text(TANH)
    outcome = nnctl("check-gradients", "tanh.yaml")
    assert (outcome.code, outcome.err) == (0, "")
    title, *lines = outcome.out.splitlines()
    assert title.startswith("5 training rows, loss 0.")
    assert title.endswith(", in float64")
    headings = "layer      gradient of   numbers   checked   at kinks   relative error   verdict"
    assert lines[0].strip() == headings
    rows = [line.split() for line in lines[2:6]]
    assert [(row[:-2], row[-1]) for row in rows] == [
        (["hidden", "1", "weights", "6", "6", "0"], "passed"),
        (["hidden", "1", "biases", "3", "3", "0"], "passed"),
        (["output", "weights", "3", "3", "0"], "passed"),
        (["output", "biases", "1", "1", "0"], "passed"),
    ]
    assert lines[-1].startswith("passed: the largest relative error is ")
    assert lines[-1].endswith(", the tolerance 1e-06")
    assert [path.name for path in Path().iterdir()] == ["tanh.yaml"]


def test_json_has_the_same() -> None:
    Path("tanh.yaml").write_text(TANH)
    report = report_of("tanh.yaml", "--rows", 3)
    (first, *_) = arrays = report.pop("arrays")
    assert 0.5 < report.pop("loss") < 1.0
    assert report == {
        "config": "tanh.yaml",
        "verdict": "passed",
        "tolerance": 1e-06,
        "dtype": "float64",
        "rows": 3,
    }
    assert 0.0 <= first.pop("relative_error") < 1e-8
    assert first == {
        "layer": "hidden 1",
        "array": "weights",
        "numbers": 6,
        "checked": 6,
        "at_kinks": 0,
        "verdict": "passed",
    }
    assert len(arrays) == 4


def test_wrong_gradients_end_with_6_and_say_what_that_means(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("tanh.yaml").write_text(TANH)
    monkeypatch.setattr(Tanh, "derivative", without_slope)
    outcome = nnctl("check-gradients", "tanh.yaml")
    assert outcome.code == 6
    assert "\nfailed: the largest relative error is 0." in outcome.out
    *notes, error = outcome.err.splitlines()
    assert error == (
        "error: tanh.yaml: the gradients of weights of hidden 1, biases of hidden 1 are wrong; do "
        "not train with them"
    )
    assert [note.split(":")[0] for note in notes] == ["note"] * 3
    assert "the first gradient to differ is that of the biases of hidden 1" in notes[1]
    report = nnctl("check-gradients", "tanh.yaml", "--json")
    assert report.code == 6
    assert json.loads(report.out)["verdict"] == "failed"


def test_kinks_are_counted_and_nothing_is_claimed_of_them() -> None:
    Path("rows.csv").write_text("x,y\n1,a\n2,b\n")
    Path("kinks.yaml").write_text(KINKS)
    outcome = nnctl("check-gradients", "kinks.yaml")
    assert outcome.code == 0
    assert outcome.out.splitlines()[-1].startswith("unchecked: the loss has a kink at every number")
    assert report_of("kinks.yaml")["verdict"] == "unchecked"


def test_numbers_left_out_are_noted() -> None:
    relu = ("--set", "model.hidden.0.activation=relu", "--set", "model.hidden.0.units=8")
    outcome = nnctl("check-gradients", ROOT / "configs" / "xor.yaml", *relu)
    assert outcome.code == 0
    assert "note: left out: 8 numbers that cannot be moved without crossing a kink" in outcome.err
    wide = nnctl(
        "check-gradients", ROOT / "configs" / "moons.yaml", "--set", "model.hidden.0.units=99"
    )
    assert "note: of the larger arrays some numbers are checked" in wide.err


def test_a_config_that_cannot_be_used_is_told_as_ever() -> None:
    assert nnctl("check-gradients", "no.yaml") == Outcome(
        2, "", "error: no.yaml: there is no such config file\n"
    )
