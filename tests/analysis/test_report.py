from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.analysis import report_pictures, report_results, report_subject
from nnctl.analysis.findings import Diagnosis, Finding, Look, Rule
from nnctl.analysis.report import (
    MOST_CHARACTERS,
    SECTIONS,
    config_section,
    live_section,
    report_document,
    size_of_text,
    tells_all,
)
from nnctl.analysis.report_data import data_section
from nnctl.analysis.report_encoding import size_of
from nnctl.analysis.report_fitting import can_be_drawn
from nnctl.analysis.report_parts import ReportTable, counted, cut, duration
from nnctl.analysis.report_pictures import KINDS, pictures_of
from nnctl.analysis.report_subject import Subject, open_subject
from nnctl.analysis.report_summary import (
    ENDINGS,
    bounds_of,
    command_of,
    environment_section,
    fingerprints_table,
    how_it_ended,
    moment,
    summary_section,
)
from nnctl.cli.app import COMMANDS
from nnctl.config import Config
from nnctl.data.table import Table
from nnctl.errors import NnctlError, RunError
from nnctl.runs.checkpoint import Checkpoint
from nnctl.runs.directory import RunDirectory
from nnctl.runs.json_file import read_json, write_json
from nnctl.training.experiment import Experiment
from nnctl.training.own_rows import table_of_set
from tests.training.experiments import Settings, classification, regression, started, trained
from tests.training.experiments import write_csv as csv

CELLS = """
a     b     size   when  y
1.5   red   small  no    yes
2.5   blue  large  yes   no
NA    red   large  no    yes
4.5   green small  yes   no
5.5   red   small  no    yes
6.5   blue  large  yes   no
"""


def finished(experiment: Experiment) -> RunDirectory:
    experiment.finish()
    return experiment.run


def mixed(directory: Path) -> Settings:
    columns = {
        "a": {"kind": "numeric", "missing": {"name": "median", "indicator": True}},
        "b": "categorical",
        "size": {"kind": "ordinal", "order": ["small", "large"]},
    }
    source = str(csv(directory, CELLS))
    return {
        "data": {"source": source, "target": "y", "columns": columns},
        "model": {"hidden": [{"units": 3}]},
        "loss": "binary_cross_entropy",
        "training": {"epochs": 2},
    }


@pytest.fixture(scope="module")
def moons(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    directory = tmp_path_factory.mktemp("moons")
    settings = classification({"name": "moons", "samples": 90, "noise": 0.2})
    settings["data"] |= {"split": {"validation": 0.2, "test": 0.3}}
    return finished(trained(directory, settings))


@pytest.fixture(scope="module")
def subject(moons: RunDirectory) -> Subject:
    return open_subject(moons)


@pytest.fixture(scope="module")
def document(moons: RunDirectory) -> dict[str, Any]:
    return report_document(moons)


def test_a_document_has_what_each_section_shows(document: dict[str, Any]) -> None:
    shown = [section["id"] for section in document["sections"]]
    assert shown == [name for name, _ in SECTIONS]
    assert all(document[name] for name in shown)


def test_the_live_section_tells_how_many_of_all_training_rows_are_drawn(tmp_path: Path) -> None:
    settings = classification({"name": "moons", "samples": 3000})
    run = finished(trained(tmp_path, {**settings, "training": {"epochs": 1}}))
    live = live_section(open_subject(run))
    assert live is not None
    assert "drawn are 500 of 3,000 rows, evenly spaced" in live["notes"]


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("resumed", [{"epoch": 1, "changes": {}}], True),
        ("resumed", [{"epoch": 1, "changes": {"optimizer.learning_rate": [0.1, 0.2]}}], False),
        ("data", {"fold": 1, "folds": 5}, False),
    ],
)
def test_a_config_alone_repeats_no_run_that_was_changed_and_no_fold(
    subject: Subject, key: str, value: Any, expected: bool
) -> None:
    assert tells_all(subject)
    assert tells_all(replace(subject, record={**subject.record, key: value})) is expected


def test_the_size_of_a_text_is_that_of_its_markup() -> None:
    assert size_of_text('a<"') == len("a&lt;&quot;")


def test_an_unknown_status_is_told_as_it_is(tmp_path: Path) -> None:
    run = trained(tmp_path, classification({"name": "moons", "samples": 20})).run
    record = json.loads(run.run_json.read_text())
    run.run_json.write_text(json.dumps({**record, "status": "{0}"}))
    assert how_it_ended(open_subject(run)) == "Its status is {0} after 2 epochs."


def test_a_damaged_fingerprint_is_left_out() -> None:
    known = {"rows": 3, "columns": {"a": "numeric"}, "sha256": 64 * "0"}
    table = fingerprints_table({"source": known, "test_source": {**known, "columns": -3}})
    assert table is not None
    assert [row[0] for row in table.rows] == ["source"]


def test_the_same_run_gives_the_same_document(
    moons: RunDirectory, document: dict[str, Any]
) -> None:
    assert report_document(moons) == document


def test_every_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = mixed(tmp_path)
    settings["data"]["columns"]["b"] = {"kind": "categorical", "unknown": "ignore"}
    settings["data"] |= {"split": {"validation": 0.3}, "test_source": settings["data"]["source"]}
    run = finished(trained(tmp_path, settings))
    read: list[str] = []

    def counting(config: Config, last: Checkpoint, set_name: str) -> tuple[Table, str]:
        read.append(set_name)
        return table_of_set(config, last, set_name)

    monkeypatch.setattr(report_subject, "table_of_set", counting)
    subject = open_subject(run)
    assert [*subject.rows] == ["train", "validation", "test"]
    assert read == ["train", "test"]
    assert pictures_of(subject, 10**9)[0]
    assert read == ["train", "test"]


def test_classes_are_counted_in_each_set(document: dict[str, Any], subject: Subject) -> None:
    table = document["data"]["targets"]
    assert table.columns == ("class", "train", "validation", "test")
    counts = np.array([row[1:] for row in table.rows])
    assert counts.sum(axis=0).tolist() == [own.table.n_rows for own in subject.rows.values()]
    supports = [row[-1] for row in document["test"]["classes"].rows]
    assert counts[:, -1].tolist() == supports


def test_the_test_is_that_of_the_summary(moons: RunDirectory, document: dict[str, Any]) -> None:
    summary = read_json(moons.summary)
    measured = {row[0]: row[1:] for row in document["test"]["measures"].rows}
    models = [summary["best"], *summary["baselines"].values()]
    for metric in ("loss", "accuracy"):
        expected = [values[f"test_{metric}"] for values in models]
        assert measured[metric] == pytest.approx(expected, rel=1e-6)
    confusion = [list(row[1:]) for row in document["test"]["confusion"].rows]
    assert confusion == summary["confusion"]["matrix"]
    best = {row[0]: row[1:] for row in document["summary"]["best"].rows}
    sets = ("train", "validation", "test")
    assert best["loss"] == tuple(summary["best"][f"{name}_loss"] for name in sets)


def test_the_history_shows_three_epochs(moons: RunDirectory, document: dict[str, Any]) -> None:
    lines = [line.split(",") for line in moons.metrics.read_text().splitlines()]
    table = document["history"]["table"]
    best = document["summary"]["facts"][1][1].split()[0]
    assert table.columns == ("", "epoch 1, first", f"epoch {best}, best", "epoch 2, last")
    for position, name in enumerate(lines[0][1:], start=1):
        row = next(row for row in table.rows if row[0] == name)
        expected = [lines[epoch][position] for epoch in (1, int(best), 2)]
        assert list(map(repr, row[1:])) == expected


def test_features_of_all_kinds_are_described(tmp_path: Path) -> None:
    data = data_section(open_subject(finished(trained(tmp_path, mixed(tmp_path)))))
    rows = {row[0]: row[1:] for row in data["features"].rows}
    assert rows["a"][:4] == ("numeric", "1.5 to 6.5", 1, "4.5 (and an input says so)")
    assert rows["a"][-1] == 2
    assert rows["b"] == (
        "categorical",
        "blue, green, red",
        0,
        "refused",
        "1 or 0 for each category",
        3,
    )
    assert rows["size"][:2] == ("ordinal", "small, large")
    assert rows["when"][:2] == ("boolean", "false, true")
    assert [row[0] for row in data["targets"].rows] == ["no", "yes"]


def test_targets_are_described_in_their_own_units(tmp_path: Path) -> None:
    path = csv(tmp_path, "x y z\n0 1 5\n1 3 5\n2 5 5\n3 7 5")
    document = report_document(finished(trained(tmp_path, regression(path, ["y", "z"]))))
    rows = [(row[0], row[1], row[2], row[4], row[5]) for row in document["data"]["targets"].rows]
    assert rows == [("y", "train", 4.0, 1.0, 7.0), ("z", "train", 5.0, 5.0, 5.0)]
    assert document["network"]["formula"][0].startswith("y = ")
    assert document["test"]["confusion"] is None
    names = document["pictures"]["names"]
    assert names == ["history", "fit", "residuals", "network"]


@pytest.mark.parametrize("status", ENDINGS)
def test_a_training_that_has_not_ended_is_told_as_such(status: str, tmp_path: Path) -> None:
    run = trained(tmp_path, classification()).run
    said = "running" if status == "killed" else status
    write_json(run.run_json, read_json(run.run_json) | {"status": said})
    subject = open_subject(run)
    expected = "killed" if status == "running" else status
    assert subject.case.status == expected
    assert how_it_ended(subject) == ENDINGS[expected].format(epochs="2 epochs")
    summary = summary_section(subject, 0)
    assert summary["best"] is summary["expect"] is None
    measures = report_results.test_section(subject)["measures"]
    assert measures.columns == ("metric", "network")  # the baselines are fitted at the end
    assert measures.rows[0][0] == "loss"


def test_an_untrained_network_has_a_page_too(tmp_path: Path) -> None:
    document = report_document(started(tmp_path, classification()).run)
    assert document["history"] == {"table": None, "notes": [], "picture": None}
    assert document["summary"]["facts"][1] == ("Best epoch", "0 of 0")
    assert "history" not in document["pictures"]["names"]


def test_of_rows_that_are_gone_the_summary_tells(tmp_path: Path) -> None:
    run = finished(trained(tmp_path, mixed(tmp_path)))
    (tmp_path / "rows.csv").unlink()
    document = report_document(run)
    assert document["live"] is None  # of other features than two of numbers
    assert "live" not in [section["id"] for section in document["sections"]]
    (note,) = document["summary"]["notes"]
    assert note.startswith("the run's rows cannot be read, and what needs them is left out: ")
    assert "rows.csv" in note
    texts = {**document, "config": None, "data": {**document["data"], "facts": None}}
    assert str(texts).count("rows.csv") == 1 + str(document["environment"]).count("rows.csv")
    summary = read_json(run.summary)
    measured = {row[0]: row[1] for row in document["test"]["measures"].rows}
    assert measured["loss"] == summary["best"]["train_loss"]
    assert document["test"]["measures"].columns == (
        "metric",
        "network",
        "linear",
        "majority class",
    )
    assert document["pictures"]["names"] == [
        "history",
        "confusion",
        "network",
        "gradient-history",
    ]
    assert [row[3] for row in document["data"]["features"].rows] == [None] * 4
    assert document["data"]["targets"].rows == [("no",), ("yes",)]


def test_of_rows_that_have_changed_the_page_says_so(tmp_path: Path) -> None:
    run = finished(trained(tmp_path, mixed(tmp_path)))
    path = tmp_path / "rows.csv"
    path.write_text(path.read_text().replace("6.5", "7.5"))
    (note,) = summary_section(open_subject(run), 0)["notes"]
    assert note == f"{path} has changed since the run was trained: other values"


def test_a_run_without_its_config_shows_what_the_checkpoint_knows(tmp_path: Path) -> None:
    run = finished(trained(tmp_path, classification()))
    run.config.unlink()
    config = config_section(open_subject(run))
    assert "config.yaml cannot be read" in config["notes"][0]
    assert "name: moons" in config["text"]


def test_a_config_of_great_length_is_cut(tmp_path: Path) -> None:
    run = finished(trained(tmp_path, classification()))
    run.config.write_text("#" * 2 * MOST_CHARACTERS + "\n" + run.config.read_text())
    config = config_section(open_subject(run))
    assert len(config["text"]) == MOST_CHARACTERS
    assert config["notes"][0].startswith("shown are the first 100,000 of 201,")


def test_a_run_without_its_best_network_is_refused(tmp_path: Path) -> None:
    run = trained(tmp_path, classification()).run
    run.best.unlink()
    with pytest.raises(
        RunError, match=r"best\.npz: is missing, and without it there is no network"
    ):
        report_document(run)


def test_pictures_without_room_are_left_out_and_named(subject: Subject) -> None:
    everything, none = pictures_of(subject, 10**9)
    assert none == []
    assert len(everything) > 5
    sizes = {each.name: size_of(each) for each in everything}
    room = sizes["boundary"] - 1
    shown, left_out = pictures_of(subject, room)
    assert 0 < sum(sizes[each.name] for each in shown) <= room
    names = {each.name for each in left_out}
    assert "boundary" in names
    assert names | {each.name for each in shown} == {*sizes}
    assert {each.reason for each in left_out} == {"the page would be too large"}
    assert {each.title for each in left_out} <= {kind.title for kind in KINDS}


def test_importance_that_would_take_long_is_left_out(
    subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert report_pictures.importance_of(subject).numbers["repeats"] == report_pictures.REPEATS
    monkeypatch.setattr(report_pictures, "MOST_MULTIPLICATIONS", 10)
    with pytest.raises(NnctlError, match="with so many features, rows and weights it would take"):
        report_pictures.importance_of(subject)


def test_every_picture_is_one_that_a_command_draws() -> None:
    assert {f"plot-{kind.name}" for kind in KINDS} <= set(COMMANDS)
    assert len({kind.name for kind in KINDS}) == len(KINDS) > 10


def test_notices_that_the_page_has_said_are_not_said_again(tmp_path: Path) -> None:
    settings = classification({"name": "moons", "samples": 40})
    settings["model"]["hidden"][0]["normalization"] = "layer"
    subject = open_subject(finished(trained(tmp_path, settings)))
    (kind,) = (kind for kind in KINDS if kind.name == "network")
    (notice,) = report_pictures.picture_of(kind, subject, ()).notices
    assert "normalization" in notice
    assert report_pictures.picture_of(kind, subject, [notice]).notices == ()


def test_a_network_of_many_layers_is_not_drawn(tmp_path: Path) -> None:
    for depth, drawn in ((7, True), (8, False)):
        settings = classification({"name": "moons", "samples": 20})
        settings["model"] = {"hidden": [{"units": 2}] * depth}
        subject = open_subject(started(tmp_path, settings).run)
        assert can_be_drawn(subject) is drawn


def test_of_many_findings_the_first_are_shown() -> None:
    findings = tuple(
        Finding(f"{number}", "seen", "do", (("a b=1", "c=2"),)) for number in range(25)
    )
    rule = Rule("rule", lambda _case: Look("", findings), "someone")
    section = report_results.diagnosis_section(Diagnosis(((rule, Look("", findings)),)), "")
    assert [finding["what"] for finding in section["findings"]] == [str(n) for n in range(20)]
    assert section["further"] == 5
    assert section["findings"][0]["tries"] == ["--set 'a b=1' --set c=2"]
    assert section["healthy"] == section["unknown"] == []


def test_tables_are_cut_and_say_so() -> None:
    table = ReportTable("t", ("a",), [(i,) for i in range(5)])
    assert cut(table, 5, "") == (table, ())
    kept, (note,) = cut(table, 2, "see there")
    assert (kept.rows, note) == (
        [(0,), (1,)],
        "shown are the first 2 of 5 rows of this table; see there",
    )


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.087, "0.087 s"),
        (59.96, "60 s"),
        (60, "1 min 0 s"),
        (3599.7, "1 h 0 min"),
        (7322, "2 h 2 min"),
        (None, None),
        ("x", None),
        (-1.0, None),
        (float("nan"), None),
    ],
)
def test_durations_are_told_as_people_do(seconds: object, told: str | None) -> None:
    assert duration(seconds) == told


def test_bounds_moments_and_commands_are_told_as_people_do() -> None:
    assert bounds_of({"min": 0.5, "max": None}) == "at least 0.5"
    assert bounds_of({"min": 0.5, "max": 1.0}) == "at least 0.5 and at most 1"
    assert moment("2026-11-22T13:35:34.406+00:00") == "2026-11-22 13:35:34 UTC"
    assert moment(3) is None
    assert command_of(["/usr/bin/nnctl", "train", "a b.yaml"]) == "nnctl train 'a b.yaml'"
    assert command_of([]) is command_of("x") is None
    assert counted(1, "class", "classes") == "1 class"


def test_a_record_that_says_odd_things_is_shown_as_far_as_it_goes(tmp_path: Path) -> None:
    run = finished(trained(tmp_path, classification()))
    odd = {"environment": "none", "data": {"train_rows": "many"}, "command": 3, "resumed": [4]}
    write_json(run.run_json, {"status": "finished", "seconds": [], **odd})
    section = environment_section(open_subject(run).record)
    assert (section["command"], section["fingerprints"]) == (None, None)
    facts = dict(summary_section(open_subject(run), 0)["facts"])
    assert (facts["Duration"], facts["Rows"]) == (None, "500 train")


@pytest.mark.parametrize(
    ("of_training", "said"), [(None, "3"), (3, "3"), (5, "3 of the rows, 5 of training")]
)
def test_another_seed_of_training_is_said(
    tmp_path: Path, of_training: int | None, said: str
) -> None:
    settings = classification(training={"epochs": 1, "seed": of_training})
    run = finished(trained(tmp_path, {**settings, "seed": 3}))
    assert dict(summary_section(open_subject(run), 0)["facts"])["Seed"] == said
