from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from nnctl.nn.activations import ACTIVATIONS
from tests.cli.commands import Outcome, nnctl

PLOTS = [
    ("plot-boundary", "moons"),
    ("plot-fit", "line"),
    ("plot-history", "iris"),
    ("plot-confusion", "iris"),
]
SIGNATURES = {".png": b"\x89PNG\r\n\x1a\n", ".svg": b"<?xml "}
REST = (("2", "b"), ("3", "a"), ("4", "b"))
FEATURES = "sepal_length, sepal_width, petal_length, petal_width"


@pytest.mark.parametrize("suffix", SIGNATURES)
@pytest.mark.parametrize(("command", "run"), PLOTS)
def test_a_plot_is_written_and_has_the_same_bytes_twice(
    runs: Path, command: str, run: str, suffix: str
) -> None:
    for name in ("first", "second"):
        path = f"{name}{suffix}"
        assert nnctl(command, run, "-o", path) == Outcome(0, f"{path}\n", "")
    first = Path(f"first{suffix}").read_bytes()
    assert first.startswith(SIGNATURES[suffix])
    assert Path(f"second{suffix}").read_bytes() == first


@pytest.mark.parametrize(
    ("command", "run"),
    [
        ("plot-boundary", "and"),
        ("plot-fit", "line"),
        ("plot-history", "line"),
        ("plot-confusion", "and"),
    ],
)
def test_a_plot_goes_into_the_run_unless_told_otherwise(runs: Path, command: str, run: str) -> None:
    shutil.copytree(runs / run, "copy")
    path = f"copy/plots/{command.removeprefix('plot-')}.png"
    assert nnctl(command, "./copy") == Outcome(0, f"{path}\n", "")
    assert [file.name for file in Path("copy/plots").iterdir()] == [Path(path).name]


def test_a_boundary_over_two_of_four_features(runs: Path) -> None:
    chosen = ("--features", "petal_width, sepal_length", "-o", "b.svg")
    assert nnctl("plot-boundary", "iris", *chosen) == Outcome(0, "b.svg\n", "")
    drawn = Path("b.svg").read_text()
    assert drawn.index("<!-- petal_width -->") < drawn.index("<!-- sepal_length -->")
    assert "petal_length" not in drawn


@pytest.mark.parametrize(("command", "name"), [*PLOTS, ("plot-activation", "relu")])
def test_json_holds_the_path(runs: Path, command: str, name: str) -> None:
    outcome = nnctl(command, name, "-o", "é.svg", "--json")
    assert outcome == Outcome(0, '{\n  "path": "é.svg"\n}\n', "")
    assert Path("é.svg").read_bytes().startswith(SIGNATURES[".svg"])


WEEKDAYS = ("--features", "price,weekday", "-o", "b.svg")


def test_a_boundary_of_several_targets_is_of_the_first_and_says_so(runs: Path) -> None:
    note = "note: drawn is `units_sold`; --target chooses among units_sold, returns, revenue\n"
    assert nnctl("plot-boundary", "demand", *WEEKDAYS) == Outcome(0, "b.svg\n", note)
    assert "<!-- units_sold -->" in Path("b.svg").read_text()


def test_a_boundary_of_the_target_that_was_asked_for(runs: Path) -> None:
    chosen = ("--target", "revenue")
    assert nnctl("plot-boundary", "demand", *WEEKDAYS, *chosen) == Outcome(0, "b.svg\n", "")
    drawn = Path("b.svg").read_text()
    assert "<!-- revenue -->" in drawn
    assert "units_sold" not in drawn


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ("demand", "--target takes one of units_sold, returns, revenue (received label)"),
        ("and", "--target chooses among the numbers that a regression estimates (received label); "
         "this run tells apart the classes of label"),
    ],
)  # fmt: skip
def test_a_target_that_cannot_be_drawn_is_refused(runs: Path, run: str, message: str) -> None:
    features = WEEKDAYS[:2] if run == "demand" else ()
    outcome = nnctl("plot-boundary", run, *features, "--target", "label")
    assert outcome == Outcome(2, "", f"error: {message}\n")


CHANGED = """\
name: changed
data: {source: rows.csv, target: kind, task: classification}
loss: binary_cross_entropy
training: {epochs: 1}
"""


@pytest.mark.parametrize(
    ("command", "columns"), [("plot-boundary", 2), ("plot-fit", 1), ("plot-confusion", 2)]
)
def test_data_that_changed_since_training_is_told(command: str, columns: int) -> None:
    def write(first: str) -> None:
        header = ",".join([*("u", "v")[:columns], "kind"])
        rows = [",".join([*(cell, "7")[:columns], kind]) for cell, kind in ((first, "a"), *REST)]
        Path("rows.csv").write_text("\n".join([header, *rows]) + "\n")

    write("1")
    Path("changed.yaml").write_text(CHANGED)
    assert nnctl("train", "changed.yaml", "--quiet", "--no-plots").code == 0
    write("1.0")
    assert nnctl(command, "-o", "p.png") == Outcome(0, "p.png\n", "")
    write("1.5")
    source = Path("rows.csv").absolute()
    note = f"note: {source} has changed since the run was trained: other values\n"
    assert nnctl(command, "-o", "p.png") == Outcome(0, "p.png\n", note)


@pytest.mark.parametrize(
    ("run", "features", "message"),
    [
        ("iris", (), f"a boundary is drawn over two features; this run has 4: {FEATURES}; "
         "name two with --features a,b (the others stay at their median)"),
        ("line", (), "a boundary is drawn over two features; this run has one, `x`; "
         "`nnctl plot-fit` draws it"),
        ("iris", ("--features", "petal_width"), "--features takes two of the run's features "
         f"(received petal_width); it has {FEATURES}"),
        ("iris", ("--features", "petal_width,size"), "--features takes two of the run's features "
         f"(received petal_width,size); it has {FEATURES}"),
    ],
)  # fmt: skip
def test_a_boundary_over_other_than_two_features_is_refused(
    runs: Path, run: str, features: tuple[str, ...], message: str
) -> None:
    assert nnctl("plot-boundary", run, *features) == Outcome(2, "", f"error: {message}\n")
    assert not [*(runs / run / "plots").iterdir()]


@pytest.mark.parametrize(
    ("command", "run", "message"),
    [
        ("plot-fit", "moons", "a fit is drawn over one feature; this run has 2; "
         "`nnctl plot-boundary` draws two of them"),
        ("plot-confusion", "line",
         "a confusion matrix is drawn for classes; this run estimates numbers"),
    ],
)  # fmt: skip
def test_a_plot_that_does_not_fit_the_run_is_refused(
    runs: Path, command: str, run: str, message: str
) -> None:
    assert nnctl(command, run) == Outcome(2, "", f"error: {message}\n")


def test_the_confusion_is_that_of_the_chosen_rows(runs: Path) -> None:
    for split in ("train", "validation", "test"):
        outcome = nnctl("plot-confusion", "moons", "--split", split, "-o", f"{split}.svg")
        assert outcome.code == 0
        assert f"<!-- moons: {split} rows -->" in Path(f"{split}.svg").read_text()
    assert nnctl("plot-confusion", "moons", "-o", "default.svg").code == 0
    assert Path("default.svg").read_bytes() == Path("test.svg").read_bytes()


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name != "softmax"])
def test_every_activation_has_a_curve(name: str) -> None:
    assert nnctl("plot-activation", name, "-o", "a.svg") == Outcome(0, "a.svg\n", "")
    assert f"<!-- {name}" in Path("a.svg").read_text()


def test_an_activation_is_drawn_under_its_name() -> None:
    assert nnctl("plot-activation", "relu") == Outcome(0, "relu.png\n", "")
    assert Path("relu.png").read_bytes().startswith(SIGNATURES[".png"])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("rleu", f"there is no activation `rleu`; there are {', '.join(ACTIVATIONS)}"),
        ("softmax", "softmax has no curve: each of its values depends on all of z"),
    ],
)
def test_an_activation_without_a_curve_is_refused(name: str, message: str) -> None:
    assert nnctl("plot-activation", name) == Outcome(2, "", f"error: {message}\n")


@pytest.mark.parametrize(
    ("path", "code", "message"),
    [
        ("b.pdf", 2, "error: a plot's format follows from its suffix (received suffix '.pdf'); "
         "use .png or .svg"),
        ("b", 2, "error: a plot's format follows from its suffix (received no suffix); "
         "use .png or .svg"),
        ("no/b.png", 7, "error: no/b.png: cannot be written (No such file or directory); "
         "check the path and the disk"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_drawn_into_is_refused(
    runs: Path, path: str, code: int, message: str
) -> None:
    assert nnctl("plot-history", "line", "-o", path) == Outcome(code, "", f"{message}\n")
    assert not [*Path().iterdir()]


def test_a_run_that_is_not_there_has_no_plot(runs: Path) -> None:
    for command in sorted({command for command, _ in PLOTS}):
        outcome = nnctl(command, "none")
        assert (outcome.code, outcome.out) == (4, "")
        assert outcome.err.startswith(f"error: there is no run 'none' in {runs}; ")


ANIMATED = [("plot-boundary", "moons"), ("plot-fit", "line")]


@pytest.mark.parametrize(("command", "run"), ANIMATED)
def test_an_animation_goes_into_the_run_and_has_the_same_bytes_twice(
    runs: Path, command: str, run: str
) -> None:
    shutil.copytree(runs / run, "copy")
    path = f"copy/plots/{command.removeprefix('plot-')}.gif"
    assert nnctl(command, "./copy", "--animate") == Outcome(0, f"{path}\n", "")
    assert nnctl(command, run, "--animate", "-o", "again.GIF") == Outcome(0, "again.GIF\n", "")
    content = Path("again.GIF").read_bytes()
    assert content.startswith(b"GIF89a")
    # The same bytes but for the name of the run, which stands over them.
    shutil.copytree(runs / run, f"elsewhere/{run}")
    assert nnctl(command, f"elsewhere/{run}", "--animate").code == 0
    named = Path(f"elsewhere/{run}/plots") / Path(path).name
    assert named.read_bytes() == content


def test_json_tells_what_the_frames_of_an_animation_show(runs: Path) -> None:
    outcome = nnctl("plot-boundary", "moons", "--animate", "-o", "b.gif", "--json")
    report = json.loads(outcome.out)
    assert (outcome.err, report["path"], report["points"]) == ("", "b.gif", 200)
    assert [frame["epoch"] for frame in report["frames"]] == [0, 1, 2]
    assert all(0 <= frame["misclassified"] <= 200 for frame in report["frames"])


def test_an_animation_takes_features_and_target(runs: Path) -> None:
    chosen = (*WEEKDAYS[:2], "--target", "revenue", "-o", "b.gif", "--json")
    report = json.loads(nnctl("plot-boundary", "demand", "--animate", *chosen).out)
    assert {*report["frames"][0]} == {"epoch", "root_mean_squared_error"}


@pytest.mark.parametrize(("command", "run"), ANIMATED)
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--animate", "-o", "b.png"), "a plot's format follows from its suffix (received suffix "
         "'.png'); use .gif, or leave --animate away"),
        (("-o", "b.gif"), "a plot's format follows from its suffix (received suffix '.gif'); "
         "use .png or .svg; plot-boundary and plot-fit draw a .gif with --animate"),
        (("--animate", "--checkpoint", "best"), "--animate shows the epochs up to the last, not "
         "one checkpoint; leave away --checkpoint best, or --animate"),
    ],
)  # fmt: skip
def test_what_does_not_fit_an_animation_is_refused(
    runs: Path, command: str, run: str, options: tuple[str, ...], message: str
) -> None:
    assert nnctl(command, run, *options) == Outcome(2, "", f"error: {message}\n")
    assert not [*Path().iterdir()]


def test_where_an_animation_cannot_be_written_is_told_before_it_is_drawn(runs: Path) -> None:
    outcome = nnctl("plot-boundary", "iris", "--animate", "-o", "no/b.gif")
    assert outcome == Outcome(
        7,
        "",
        "error: no/b.gif: cannot be written (No such file or directory); "
        "check the path and the disk\n",
    )
