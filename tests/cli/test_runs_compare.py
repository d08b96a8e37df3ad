from __future__ import annotations

import json
from pathlib import Path

import pytest

from nnctl.cli.runs_compare import wrapped
from tests.cli.commands import nnctl

AND_BESIDE_LINE = """\
runs
  run    status     epochs   best_epoch   parameters   seed   seconds   started
"""


@pytest.fixture
def _two(samples: Path) -> None:
    """Two trainings of iris, of which the second is longer and wider."""
    for options in ((), ("--set", "training.epochs=20", "--set", "model.hidden.0.units=12")):
        assert nnctl("train", "iris.yaml", "--quiet", "--no-plots", *options).code == 0


@pytest.mark.usefixtures("_two")
def test_tables_hold_the_runs_beside_one_another() -> None:
    outcome = nnctl("runs", "compare", "iris", "latest")
    assert (outcome.code, outcome.err) == (0, "")
    heading, metrics, judged, config, rest = outcome.out.split("\n\n", 4)
    assert heading.splitlines()[0] == "runs"
    assert [line.split()[:3] for line in heading.splitlines()[3:]] == [
        ["iris", "finished", "2"],
        ["iris-2", "finished", "20"],
    ]
    assert metrics.splitlines()[:2] == ["metrics", "  * best on the same rows"]
    (accuracy,) = (line for line in metrics.splitlines() if "test_accuracy" in line)
    best = json.loads(Path("runs/iris-2/summary.json").read_text())["best"]["test_accuracy"]
    assert f"{best:.6g}*" in accuracy
    assert judged.startswith("on the same 45 test rows, iris-2 is best by share of wrong answers")
    assert "± " in judged
    assert config == (
        "config\n"
        "                         iris   iris-2\n"
        " ──────────────────────────────────────\n"
        "  model.hidden.0.units   8      12\n"
        "  training.epochs        2      20"
    )
    assert rest == "data: the same in all\nenvironment: the same in all\n"


@pytest.mark.usefixtures("_two")
def test_json_is_one_document() -> None:
    outcome = nnctl("runs", "compare", "iris", "iris-2", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    document = json.loads(outcome.out)
    assert [run["run"] for run in document["runs"]] == ["runs/iris", "runs/iris-2"]
    assert document["same_rows"] == {"test": True, "train": True}
    assert document["written"] == []


@pytest.mark.usefixtures("_two")
def test_a_page_and_a_picture_are_written_and_named() -> None:
    files = ("--html", "page.html", "-o", "curves.svg")
    outcome = nnctl("runs", "compare", "iris", "iris-2", *files)
    assert (outcome.code, outcome.out, outcome.err) == (0, "page.html\ncurves.svg\n", "")
    page = Path("page.html").read_text()
    assert "<h1>2 runs compared</h1>" in page
    assert "data:image/svg+xml;base64," in page
    assert Path("curves.svg").read_text().startswith("<?xml")
    again = nnctl("runs", "compare", "iris", "iris-2", *files, "--json")
    assert json.loads(again.out)["written"] == ["page.html", "curves.svg"]
    assert Path("page.html").read_text() == page


@pytest.mark.usefixtures("_two")
def test_only_pages_of_nnctl_are_written_over_unless_forced() -> None:
    compare = ("runs", "compare", "iris", "iris-2", "--html", "page.html")
    Path("page.html").write_text("<!doctype html><title>mine</title>")
    outcome = nnctl(*compare)
    assert (outcome.code, outcome.out) == (2, "")
    assert "page.html: the file exists already, and nnctl did not make it; name ano" in outcome.err
    assert Path("page.html").read_text() == "<!doctype html><title>mine</title>"
    assert nnctl(*compare, "--force").code == 0
    assert nnctl(*compare).code == 0


@pytest.mark.usefixtures("_two")
def test_how_many_ranks_trained_is_told_where_it_differs() -> None:
    path = Path("runs/iris-2/run.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"ranks": 2}))
    outcome = nnctl("runs", "compare", "iris", "iris-2")
    (row,) = (line.split() for line in outcome.out.splitlines() if "ranks" in line)
    assert row == ["ranks", "1", "2"]


@pytest.mark.usefixtures("_two")
def test_what_a_run_has_none_of_has_one_sign_in_all_tables() -> None:
    shorter = (
        "--set",
        "data.split={test: 0.3, validation: 0.2}",
        "--set",
        "training.class_weight=balanced",
    )
    assert nnctl("train", "iris.yaml", "--quiet", "--no-plots", *shorter).code == 0
    out = nnctl("runs", "compare", "iris", "iris-3").out
    (loss,) = (line.split() for line in out.splitlines() if "validation_loss" in line)
    assert loss[1] == "–"
    (weight,) = (line.split() for line in out.splitlines() if "class_weight" in line)
    assert weight[1:] == ["–", "balanced"]


@pytest.mark.usefixtures("_two")
def test_more_than_eight_runs_have_a_line_each_and_lines_stay_narrow() -> None:
    for _ in range(7):
        assert nnctl("train", "iris.yaml", "--quiet", "--no-plots").code == 0
    names = ["iris", *(f"iris-{number}" for number in range(2, 10))]
    eight = nnctl("runs", "compare", *names[:8]).out
    nine = nnctl("runs", "compare", *names).out
    assert "\n  test_accuracy " in eight
    assert "\n  test_accuracy " not in nine
    assert "test_accuracy" in nine
    assert nine.count("\n  iris-9 ") >= 2
    assert all(len(line) <= 100 for line in nine.splitlines() if not line.startswith("iris"))


@pytest.mark.usefixtures("runs")
def test_what_differs_is_told_in_full_on_as_many_lines_as_it_takes() -> None:
    out = nnctl("runs", "compare", "and", "line", "demand", "iris").out
    assert "…" not in out
    assert "[root_mean_squared_err" in out
    assert "or, r2]" in out


@pytest.mark.parametrize(
    ("lines", "broken"),
    [
        ([("a", ["b", "c"])], [("a", ("b", "c"))]),
        ([("a", ["b cd", "e"])], [("a", ("b", "e")), ("", ("cd", ""))]),
        ([("a", ["", "wxyz"])], [("a", ("", "wxy")), ("", ("", "z"))]),
        ([("a", ["\n"])], [("a", ("\\n",))]),
        ([("a", ["", ""]), ("b", ["  1", "2"])], [("a", ("", "")), ("b", ("  1", "2"))]),
    ],
)
def test_long_values_go_on_below(
    lines: list[tuple[str, list[str]]], broken: list[tuple[str, tuple[str, ...]]]
) -> None:
    assert wrapped(lines, 3) == broken


@pytest.mark.usefixtures("runs")
def test_runs_of_other_data_are_compared_with_a_warning() -> None:
    outcome = nnctl("runs", "compare", "and", "line")
    assert outcome.code == 0
    assert outcome.err == (
        "note: the train rows differ between the runs: train metrics cannot be compared\n"
    )
    assert "*" not in outcome.out
    assert "loss.name" in outcome.out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["and"], 2, "to compare takes two runs or more; `nnctl runs show` shows one"),
        (["and", "and"], 2, "a run cannot be compared with itself"),
        (["and", "nowhere"], 4, "there is no run 'nowhere'"),
        (["and", "line", "-o", "a.pdf"], 2, "a plot's format follows from its suffix"),
        (["and", "line", "--html", "no/where/a.html"], 7, "cannot be written"),
        (
            ["and", "line", "--html", "rows.csv", "--force"],
            2,
            "a comparison is a page of HTML; name it .html (received rows.csv)",
        ),
    ],
)
@pytest.mark.usefixtures("runs")
def test_what_cannot_be_compared_is_an_error(arguments: list[str], code: int, message: str) -> None:
    outcome = nnctl("runs", "compare", *arguments)
    assert (outcome.code, outcome.out) == (code, "")
    assert outcome.err.startswith("error: ")
    assert message in outcome.err
    assert [*Path().iterdir()] == []
