"""The page of a group says what its members' own files say, and what they are together."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

import pytest

from nnctl.analysis.report_group import group_document, reported_group
from nnctl.errors import RunError
from nnctl.pages.rendering import render
from nnctl.runs.directory import GROUPS, SWEEP
from tests.analysis.groups import folds, longer, moons, seeds
from tests.pages.html import Element, assert_well_made, read_page, table_of

KINDS = {"seed": seeds, "fold": folds}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A group of three of each kind."""
    directory = tmp_path_factory.mktemp("groups")
    settings = longer(expect={"test_accuracy": {"min": 0.1}, "test_loss": {"max": 1e-9}})
    return {part: make(directory, settings) for part, make in KINDS.items()}


def page_of(document: dict[str, Any]) -> Element:
    page = read_page(render("report_group.html.j2", document))
    assert_well_made(page)
    return page


def summaries(file: Path) -> list[dict[str, Any]]:
    runs = [each["run"] for each in json.loads(file.read_text())["results"]]
    return [json.loads((file.parent / run / "summary.json").read_text()) for run in runs]


@pytest.mark.parametrize("part", KINDS)
def test_mean_and_spread_are_those_of_the_record(part: str, files: dict[str, Path]) -> None:
    table = table_of(
        page_of(group_document(files[part])), f"Over 3 {part}s, with the best weights of each"
    )
    record = json.loads(files[part].read_text())["metrics"]
    assert {line[0] for line in table[1:]} == {*record} - {"best_epoch"}
    for name, *cells in table[1:]:
        values = [each["best"][name] for each in summaries(files[part])]
        expected = [record[name]["mean"], record[name]["sample_standard_deviation"]]
        assert cells == [f"{value:.6g}" for value in (*expected, min(values), max(values))]


@pytest.mark.parametrize("part", KINDS)
def test_every_member_has_a_line(part: str, files: dict[str, Path]) -> None:
    document = group_document(files[part])
    table = document["members"]["table"]
    results = json.loads(files[part].read_text())["results"]
    assert table.columns[:4] == (part, "status", "epochs", "best epoch")
    for row, result in zip(table.rows, results, strict=True):
        reached = [result["metrics"][name] for name in table.columns[4:]]
        assert [*row] == [result["run"], "finished", 12, result["best_epoch"], *reached]
    assert all(name.startswith("test_") for name in table.columns[4:])
    assert document["members"]["example"] == str(files[part].parent / results[0]["run"])


@pytest.mark.parametrize("part", KINDS)
def test_simpler_models_stand_beside_the_mean(part: str, files: dict[str, Path]) -> None:
    table = group_document(files[part])["summary"]["baselines"]
    for metric, network, *simpler in table.rows:
        members = summaries(files[part])
        assert network == statistics.mean([each["best"][metric] for each in members])
        for name, value in zip(table.columns[2:], simpler, strict=True):
            assert value == statistics.mean([m["baselines"][name][metric] for m in members])
    assert {*table.columns[2:]} == {"constant", "linear"}


def test_bars_are_held_against_the_mean(files: dict[str, Path]) -> None:
    table = group_document(files["seed"])["summary"]["expect"]
    assert [[row[0], row[1], row[3]] for row in table.rows] == [
        ["test_accuracy", "at least 0.1", "met"],
        ["test_loss", "at most 1e-09", "missed"],
    ]


@pytest.mark.parametrize("part", KINDS)
def test_it_says_what_the_spread_means(part: str, files: dict[str, Path]) -> None:
    page = page_of(group_document(files[part]))
    meaning = {"seed": "the spread is what these do", "fold": "It is no error of the mean"}[part]
    assert meaning in page.text
    assert "learning_rate: 0.05" in page.text
    assert len([*page.all("img")]) == 2


def test_the_same_group_gives_the_same_page(files: dict[str, Path]) -> None:
    pages = {render("report_group.html.j2", group_document(files["fold"])) for _ in range(2)}
    assert len(pages) == 1


def test_members_that_do_not_count_are_told(tmp_path: Path) -> None:
    settings = moons()
    settings["data"]["split"] = {"validation": 0.2}
    file = seeds(tmp_path, settings)
    record = file.parent / "seed-1" / "run.json"
    record.write_text(record.read_text().replace('"finished"', '"diverged"'))
    (file.parent / "seed-2" / "run.json").unlink()
    document = group_document(file)
    assert document["summary"]["notes"] == [
        "seed 1 is not counted: diverged",
        "seed 2 is not counted: not begun",
    ]
    assert document["summary"]["sentences"][0].startswith(
        "A seed series of 1 seed of 3: `validation_"
    )
    rows = document["members"]["table"].rows
    assert [row[1] for row in rows] == ["finished", "diverged", "not begun"]
    assert None not in rows[0]
    assert [{*row[4:]} for row in rows[1:]] == [{None}, {None}]
    page_of(document)


def test_what_is_missing_is_left_out_and_told(tmp_path: Path) -> None:
    file = seeds(tmp_path, moons(), 2)
    (file.parent / "config.yaml").unlink()
    for run in (0, 1):
        (file.parent / f"seed-{run}" / "metrics.csv").unlink()
    file.write_text(json.dumps({"seeds": [0, 1], "expect": [1, {"metric": "test_loss"}]}))
    document = group_document(file)
    assert document["history"] is None
    assert document["summary"]["expect"] is None
    assert document["config"]["notes"][0].startswith("config.yaml cannot be read")
    assert "No history can be read" in page_of(document).text


def test_a_group_of_which_nothing_is_finished_has_no_page(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.mkdir()
    (path / "seeds.json").write_text('{"seeds": [1]}')
    with pytest.raises(RunError, match="has no seed yet that is finished"):
        group_document(path / "seeds.json")


@pytest.mark.parametrize("file", GROUPS)
def test_groups_with_a_page_are_found(file: str, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / file).write_text("{}")
    found = reported_group("a", tmp_path)
    assert found == (None if file == SWEEP else tmp_path / "a" / file)
    assert reported_group(None, tmp_path) is None
    assert reported_group("nowhere", tmp_path) is None
