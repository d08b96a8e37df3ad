"""`nnctl runs compare` of groups, as a person meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.commands import nnctl

SHORT = ("--quiet", "--no-plots")


@pytest.fixture
def _two(samples: Path) -> None:
    """Two series of three seeds, the second trained for longer."""
    for options in ((), ("--set", "training.epochs=20", "--name", "longer")):
        assert nnctl("train", "iris.yaml", "--seeds", 3, *SHORT, *options).code == 0


@pytest.mark.usefixtures("_two")
def test_tables_hold_the_groups_beside_one_another_and_words_conclude() -> None:
    outcome = nnctl("runs", "compare", "iris-seeds", "longer")
    assert (outcome.code, outcome.err) == (0, "")
    groups, metrics, words, config, rest = outcome.out.split("\n\n", 4)
    assert [line.split() for line in groups.splitlines()[3:]] == [
        ["iris-seeds", "seed", "series", "finished", "3", "3", "67"],
        ["longer", "seed", "series", "finished", "3", "3", "67"],
    ]
    assert metrics.splitlines()[:3] == [
        "metrics",
        "  Mean ± sample standard deviation (n - 1)",
        "  differences ± one standard error",
    ]
    heading = metrics.splitlines()[3].split()
    assert heading == ["metric", "iris-seeds", "longer", "longer", "less", "iris-seeds"]
    assert "(one standard error, paired over 3 seeds): " in words
    assert config.splitlines()[0] == "config"
    assert "training.epochs   2            20" in config
    assert rest == "data: the same in all\nenvironment: the same in all\n"


@pytest.mark.usefixtures("_two")
def test_json_is_one_document_in_which_numbers_are_whole() -> None:
    outcome = nnctl("runs", "compare", "iris-seeds", "runs/longer", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    document = json.loads(outcome.out)
    assert [group["run"] for group in document["groups"]] == ["runs/iris-seeds", "runs/longer"]
    (accuracy,) = (row for row in document["metrics"] if row["metric"] == "test_accuracy")
    record = json.loads(Path("runs/longer/seeds.json").read_text())["metrics"]["test_accuracy"]
    assert accuracy["groups"][1]["mean"] == record["mean"]
    assert accuracy["differences"][0]["pairs"] == 3
    assert document["written"] == []


@pytest.mark.usefixtures("_two")
def test_a_page_and_a_picture_are_written_and_named() -> None:
    files = ("--html", "page.html", "-o", "groups.svg")
    outcome = nnctl("runs", "compare", "iris-seeds", "longer", *files)
    assert (outcome.code, outcome.out, outcome.err) == (0, "page.html\ngroups.svg\n", "")
    assert "<h1>2 groups compared</h1>" in Path("page.html").read_text()
    assert Path("groups.svg").read_text().startswith("<?xml")


@pytest.mark.usefixtures("_two")
@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["longer"], 2, "to compare takes two groups or more"),
        (["longer", "runs/longer"], 2, "a group cannot be compared with itself"),
        (["longer", "runs/longer/seed-1"], 2, "one run does not say how much runs differ"),
        (["longer", "nowhere"], 4, "there is no run 'nowhere'"),
        (["longer", "iris-seeds", "-o", "a.pdf"], 2, "a plot's format follows from its suffix"),
        (["longer", "iris-seeds", "--html", "no/where/a.html"], 7, "cannot be written"),
        (
            ["longer", "iris-seeds", "--html", "rows.csv", "--force"],
            2,
            "a comparison is a page of HTML; name it .html (received rows.csv)",
        ),
    ],
)
def test_what_cannot_be_compared_is_an_error(arguments: list[str], code: int, message: str) -> None:
    outcome = nnctl("runs", "compare", *arguments)
    assert (outcome.code, outcome.out) == (code, "")
    assert outcome.err.startswith("error: ")
    assert message in outcome.err
    assert not [*Path().glob("*.html"), *Path().glob("*.pdf")]


@pytest.mark.usefixtures("_two")
def test_the_members_of_two_groups_are_runs_that_can_be_compared() -> None:
    outcome = nnctl("runs", "compare", "runs/longer/seed-1", "runs/iris-seeds/seed-1")
    assert outcome.code == 0
    assert "by share of wrong answers" in outcome.out
