"""The pictures of a network itself and of its training."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.commands import DATASETS, Outcome, nnctl
from tests.cli.samples import write_samples

# Each command, and a run that it fits.
PLOTS = [
    ("plot-weights", "iris"),
    ("plot-network", "moons"),
    ("plot-network", "demand"),
    ("plot-units", "moons"),
    ("plot-units", "and"),
    ("plot-schedule", "moons"),
]


@pytest.mark.parametrize(("command", "run"), PLOTS)
def test_a_picture_is_written_and_has_the_same_bytes_twice(
    runs: Path, command: str, run: str
) -> None:
    for name in ("first.svg", "second.svg"):
        assert nnctl(command, run, "-o", name) == Outcome(0, f"{name}\n", "")
    first = Path("first.svg").read_bytes()
    assert first.startswith(b"<?xml ")
    assert f"<!-- {run}".encode() in first
    assert Path("second.svg").read_bytes() == first


@pytest.mark.parametrize(("command", "run"), PLOTS)
def test_a_picture_goes_into_the_run_unless_told_otherwise(
    runs: Path, command: str, run: str
) -> None:
    shutil.copytree(runs / run, "copy")
    path = f"copy/plots/{command.removeprefix('plot-')}.png"
    outcome = nnctl(command, "./copy", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    report = json.loads(outcome.out)
    assert (report["path"], report["run"]) == (path, "copy")
    assert [file.name for file in Path("copy/plots").iterdir()] == [Path(path).name]


def test_a_checkpoint_that_is_none_is_refused(runs: Path) -> None:
    message = "error: --checkpoint must be best or last (received first)\n"
    for command in ("plot-weights", "plot-network", "plot-units"):
        assert nnctl(command, "iris", "--checkpoint", "first") == Outcome(2, "", message)


def test_units_need_two_features(runs: Path) -> None:
    outcome = nnctl("plot-units", "iris")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("error: a boundary is drawn over two features; this run has 4")
    chosen = nnctl("plot-units", "iris", "--features", "petal_width, sepal_length", "-o", "u.svg")
    assert chosen == Outcome(0, "u.svg\n", "")
    assert "<!-- across petal_width, upwards sepal_length -->" in Path("u.svg").read_text()


DIGITS = f"""\
name: digits
data: {{source: {DATASETS}/digits_5x7.csv, target: digit, scaling: none}}
model: {{hidden: [{{units: 4}}]}}
loss: categorical_cross_entropy
training: {{epochs: 1}}
"""


def test_weights_of_pixels_are_images_of_the_shape_that_is_said() -> None:
    Path("digits.yaml").write_text(DIGITS)
    assert nnctl("train", "digits.yaml", "--quiet", "--no-plots").code == 0
    shaped = nnctl("plot-weights", "--shape", "7x5", "-o", "w.png", "--json")
    assert json.loads(shaped.out)["shape"] == [7, 5]
    assert shaped.err == ""
    plain = nnctl("plot-weights", "-o", "w.png", "--json")
    assert json.loads(plain.out)["shape"] is None
    hint = "if the 35 inputs are pixels, --shape HEIGHTxWIDTH draws them as images"
    assert plain.err == f"note: {hint}\n"
    message = "--shape 8x8 has 64 pixels, and the network 35 inputs"
    assert nnctl("plot-weights", "--shape", "8x8") == Outcome(2, "", f"error: {message}\n")


ONE_WEIGHT = """\
name: one_weight
data: {source: one.csv, target: y, task: regression, scaling: none, target_scaling: none}
model: {output: {bias: false, initializer: {name: values, weights: [[3]]}}}
loss: mean_squared_error
optimizer: {name: sgd, learning_rate: 0.8}
training: {epochs: 40, batch_size: full}
compute: {dtype: float64}
"""


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), [3, -0.2, 1.72, 0.568, 1.2592]),
        (("--set", "optimizer.learning_rate=1"), [3, -1, 3, -1, 3]),
        (("--set", "optimizer.learning_rate=0.5"), [3, 1, 1, 1, 1]),
    ],
)
def test_a_descent_of_one_weight(options: tuple[str, ...], expected: list[float]) -> None:
    Path("one.csv").write_text("x,y\n1,1\n")
    Path("one.yaml").write_text(ONE_WEIGHT)
    outcome = nnctl("plot-descent", "one.yaml", "--steps", 4, "--json", *options)
    assert (outcome.code, outcome.err) == (0, "")
    report = json.loads(outcome.out)
    assert [step["weight"] for step in report["steps"]] == pytest.approx(expected)
    assert (report["path"], report["config"]) == ("descent.png", "one.yaml")
    assert Path("descent.png").read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in Path().iterdir()) == ["descent.png", "one.csv", "one.yaml"]


def test_a_descent_of_a_chosen_weight(samples: Path) -> None:
    chosen = ("--weight", "2,bias,1", "-o", "d.svg")
    assert nnctl("plot-descent", "moons.yaml", *chosen) == Outcome(0, "d.svg\n", "")
    assert "<!-- output: bias of label=1 -->" in Path("d.svg").read_text()
    refused = nnctl("plot-descent", "moons.yaml", "--weight", "3,1,1")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.endswith("(received 3,1,1); layer 1 is 2 x 8, layer 2 is 8 x 1\n")


def test_a_schedule_of_a_config_goes_beside_it_and_of_a_run_has_its_history(
    runs: Path, tmp_path: Path
) -> None:
    write_samples(tmp_path)
    step = "optimizer.schedule={name: step, step_size: 1, gamma: 0.5}"
    planned = json.loads(nnctl("plot-schedule", "line.yaml", "--set", step, "--json").out)
    assert planned["path"] == "schedule.png"
    assert planned["planned"]["learning_rate"] == [0.5, 0.25]
    assert "trained" not in planned
    trained = json.loads(nnctl("plot-schedule", "line", "-o", "s.png", "--json").out)
    assert (
        trained["planned"]
        == trained["trained"]
        == {
            "epoch": [1, 2],
            "learning_rate": [0.5, 0.5],
        }
    )
    message = "error: --set is laid over a config; a run is drawn as it was trained\n"
    assert nnctl("plot-schedule", "line", "--set", step) == Outcome(2, "", message)


@pytest.mark.parametrize("command", ["plot-schedule", "plot-descent"])
def test_a_config_that_is_not_there_is_told(command: str) -> None:
    outcome = nnctl(command, "nowhere.yaml")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("error: nowhere.yaml: ")


def test_a_picture_of_another_format_is_refused_and_nothing_written(runs: Path) -> None:
    outcome = nnctl("plot-network", "moons", "-o", "n.pdf")
    assert (outcome.code, outcome.out) == (2, "")
    assert "use .png or .svg" in outcome.err
    assert not [*Path().iterdir()]
