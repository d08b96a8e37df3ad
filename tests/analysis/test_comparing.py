from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.analysis.comparing import compare, draw_comparison
from nnctl.analysis.comparison_text import page_document, sentences
from nnctl.errors import RunError, UsageError
from nnctl.pages.rendering import render
from nnctl.runs.directory import RunDirectory
from nnctl.runs.json_file import json_ready
from nnctl.training.comparison import wrong
from nnctl.training.inference import load_model
from nnctl.training.own_portions import own_portions
from nnctl.training.own_rows import own_rows
from nnctl.training.predicting import rows_at_once
from nnctl.training.reporting import evaluations
from tests.training.experiments import Settings, classification, regression, started, write_csv
from tests.training.pauses import ended, paused

SPLIT = {"validation": 0.2, "test": 0.4}
MOONS = {"name": "moons", "samples": 200, "noise": 0.3}


def moons(**sections: Any) -> Settings:
    settings = classification(MOONS, **{"training": {"epochs": 3}, **sections})
    return {**settings, "data": {**settings["data"], "split": SPLIT}}


def run_of(directory: Path, settings: Settings) -> RunDirectory:
    return ended(started(directory, settings))


def document_of(*runs: RunDirectory) -> dict[str, Any]:
    document = json_ready(compare(runs).document)
    json.dumps(document, allow_nan=False)
    return dict(document)


def metric(document: dict[str, Any], name: str) -> dict[str, Any]:
    (row,) = (row for row in document["metrics"] if row["metric"] == name)
    return dict(row)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[RunDirectory, RunDirectory]:
    """A short training, and a longer one of a wider network; else they are alike."""
    wide = {"hidden": [{"units": 9, "activation": "tanh"}]}
    longer = {"epochs": 30}
    return run_of(tmp_path, moons()), run_of(tmp_path, moons(model=wide, training=longer))


def test_what_differs_in_the_config_is_told_by_keys_that_set_takes(
    pair: tuple[RunDirectory, RunDirectory],
) -> None:
    document = document_of(*pair)
    assert document["config"] == [
        {"key": "model.hidden.0.units", "values": [4, 9]},
        {"key": "training.epochs", "values": [3, 30]},
    ]
    assert (document["data"], document["environment"], document["notes"]) == ([], [], [])
    assert document["same_rows"] == {"test": True, "validation": True, "train": True}


def test_metrics_are_those_of_the_summaries_and_the_best_is_marked(
    pair: tuple[RunDirectory, RunDirectory],
) -> None:
    document = document_of(*pair)
    summaries = [json.loads(run.summary.read_text())["best"] for run in pair]
    labels = [run.name for run in pair]
    assert [row["metric"] for row in document["metrics"]][:2] == ["test_loss", "test_accuracy"]
    assert {row["metric"] for row in document["metrics"]} == {*summaries[0]}
    for row in document["metrics"]:
        values = [summary[row["metric"]] for summary in summaries]
        assert row["values"] == values
        best = min(values) if row["direction"] == "min" else max(values)
        expected = [label for label, v in zip(labels, values, strict=True) if v == best]
        assert row["best"] == (expected if len(expected) == 1 else [])


def test_runs_are_told_by_what_they_are(pair: tuple[RunDirectory, RunDirectory]) -> None:
    first, second = document_of(*pair)["runs"]
    assert (first["label"], first["status"], first["epochs"]) == ("run", "finished", 3)
    assert (second["label"], second["epochs"], second["parameters"]) == ("run-2", 30, 37)


def test_the_difference_to_the_best_has_its_paired_standard_error(
    pair: tuple[RunDirectory, RunDirectory],
) -> None:
    judged = document_of(*pair)["beside_the_best"]
    errors = []
    for run in pair:
        model, own = load_model(run.best), own_rows(run, "test")
        evaluation, _, _ = evaluations(model, own_portions(own.table, rows_at_once(model)), None)
        errors.append(wrong(evaluation))
    means = [float(each.mean()) for each in errors]
    best, worse = np.argsort(means, kind="stable")
    gains = errors[worse] - errors[best]
    assert judged["rows"] == len(gains) == 80
    assert judged["best"] == pair[best].name
    assert math.isclose(judged["error"], means[best])
    (other,) = judged["others"]
    assert other["run"] == pair[worse].name
    assert math.isclose(other["difference"], gains.mean())
    assert math.isclose(other["standard_error"], gains.std() / math.sqrt(len(gains)))
    assert other["told_apart"] is bool(gains.mean() > gains.std() / math.sqrt(len(gains)))
    said = [*sentences(judged)]
    assert said[0].startswith(f"on the same 80 test rows, {pair[best].name} is best")
    ratio = gains.mean() / (gains.std() / math.sqrt(len(gains)))
    told = f"{ratio:.1f} standard errors; 2 or more are usually called clear"
    assert said[1].endswith(told if ratio > 1 else "the rows do not tell them apart")


def test_other_rows_make_no_metric_comparable(tmp_path: Path) -> None:
    runs = run_of(tmp_path, moons()), run_of(tmp_path, moons(seed=5))
    document = document_of(*runs)
    assert document["same_rows"] == {"test": False, "validation": False, "train": False}
    assert all(row["best"] == [] for row in document["metrics"])
    assert document["beside_the_best"] is None
    assert document["notes"][0] == (
        "the test rows differ between the runs: test metrics cannot be compared"
    )
    assert [row["key"] for row in document["data"]] == ["sha256"]


def test_rows_are_the_same_where_fewer_columns_of_the_file_were_read(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    lines = [" ".join(f"{x:.3f}" for x in row) for row in rng.normal(size=(40, 3))]
    path = write_csv(tmp_path, "\n".join(["a b y", *lines]))
    settings = regression(path, split={"test": 0.4}, training={"epochs": 2})
    settings["data"]["split"] = settings.pop("split")
    fewer = {**settings, "data": {**settings["data"], "features": ["a"]}}
    runs = run_of(tmp_path, settings), run_of(tmp_path, fewer)
    document = document_of(*runs)
    assert document["same_rows"] == {"test": True, "train": True}
    judged = document["beside_the_best"]
    assert (judged["measure"], judged["rows"]) == (
        "squared error over variance (1 - r2)",
        16,
    )
    assert judged["others"][0]["told_apart"] is False  # 16 rows are too few


def test_a_regressions_error_is_what_its_r2_lacks_also_with_weights(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    lines = [f"{a:.3f} {w:.3f} {y:.3f}" for a, w, y in rng.uniform(0.1, 2.0, size=(40, 3))]
    path = write_csv(tmp_path, "\n".join(["a w y", *lines]))
    settings = regression(path, metrics=["r2"], training={"epochs": 2})
    settings["data"] |= {"split": {"test": 0.4}, "sample_weight": "w"}
    slower = {**settings, "optimizer": {"learning_rate": 0.001}}
    document = document_of(run_of(tmp_path, settings), run_of(tmp_path, slower))
    best = max(metric(document, "test_r2")["values"])
    assert math.isclose(document["beside_the_best"]["error"], 1.0 - best, rel_tol=1e-9)


def test_losses_of_another_measure_are_not_ranked(tmp_path: Path) -> None:
    smooth = moons(training={"epochs": 3, "class_weight": {"0": 2.0}})
    document = document_of(run_of(tmp_path, moons()), run_of(tmp_path, smooth))
    assert document["same_rows"]["test"] is True
    assert metric(document, "test_loss")["best"] == []
    assert metric(document, "test_loss")["values"][0] is not None


def test_losses_of_several_kinds_stand_in_lines_and_panels_of_their_own(tmp_path: Path) -> None:
    smooth = {"name": "binary_cross_entropy", "label_smoothing": 0.1}
    runs = run_of(tmp_path, moons()), run_of(tmp_path, moons(loss=smooth))
    comparison = compare(runs)
    rows = [row for row in comparison.document["metrics"] if row["metric"] == "test_loss"]
    summaries = [json.loads(run.summary.read_text())["best"]["test_loss"] for run in runs]
    assert [row["values"] for row in rows] == [[summaries[0], None], [None, summaries[1]]]
    assert [row["loss"] for row in rows] == [curve.loss for curve in comparison.curves()]
    assert "label_smoothing: 0.1" in rows[1]["loss"]
    titles = [row["metric"] for row in page_document(comparison)["metrics"]]
    assert f"test_loss ({rows[1]['loss']})" in titles
    assert len(draw_comparison(comparison).axes) == 2


def test_a_loss_is_called_by_its_name_where_that_tells_it(tmp_path: Path) -> None:
    hinge = moons(loss="hinge", model={"hidden": []})
    document = document_of(run_of(tmp_path, moons()), run_of(tmp_path, hinge))
    losses = [row["loss"] for row in document["metrics"] if row["metric"] == "test_loss"]
    assert losses == ["binary_cross_entropy", "hinge"]


def test_the_same_answers_on_every_row_are_told_as_such(tmp_path: Path) -> None:
    runs = run_of(tmp_path, moons()), run_of(tmp_path, moons())
    assert "run-2 errs as much, on every row" in sentences(document_of(*runs)["beside_the_best"])


def test_a_run_that_was_interrupted_is_compared_as_far_as_it_is(
    tmp_path: Path, pair: tuple[RunDirectory, RunDirectory]
) -> None:
    stopped = paused(started(tmp_path / "other", moons()), 7)
    document = document_of(pair[0], stopped)
    label = str(stopped.path)  # two runs are called run
    assert [run["label"] for run in document["runs"]] == [str(pair[0].path), label]
    assert f"{label} was interrupted: it is compared as far as epoch 2" in document["notes"]
    assert metric(document, "test_accuracy")["values"][1] is None
    assert metric(document, "validation_accuracy")["values"][1] is not None
    assert document["beside_the_best"]["rows"] == 80


def test_a_run_whose_data_is_gone_is_compared_by_its_files(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "x y\n" + "\n".join(f"{i} {i % 7}" for i in range(50)))
    settings = regression(path, training={"epochs": 1})
    settings["data"]["split"] = {"test": 0.4}
    slower = {**settings, "optimizer": {"learning_rate": 0.5}}
    runs = run_of(tmp_path, settings), run_of(tmp_path, slower)
    assert document_of(*runs)["beside_the_best"] is not None
    path.unlink()
    document = document_of(*runs)
    assert document["beside_the_best"] is None
    assert document["same_rows"] == {"test": True, "train": True}
    assert any("cannot be compared row by row" in note for note in document["notes"])


@pytest.mark.parametrize(
    ("key", "value"),
    [("data", []), ("environment", 3), ("data", {"fingerprints": 1}),
     ("data", {"fingerprints": {"source": "x"}}),
     ("data", {"fingerprints": {"source": {"columns": [1]}}})],
)  # fmt: skip
def test_a_record_that_is_not_of_nnctl_is_refused(
    pair: tuple[RunDirectory, RunDirectory], key: str, value: Any
) -> None:
    record = json.loads(pair[1].run_json.read_text())
    pair[1].run_json.write_text(json.dumps({**record, key: value}))
    with pytest.raises(RunError, match=r"run-2/run.json: is damaged: `.*` holds no keys"):
        compare(pair)


def test_a_metric_of_another_version_is_shown_and_not_ranked(
    pair: tuple[RunDirectory, RunDirectory],
) -> None:
    for run in pair:
        summary = json.loads(run.summary.read_text())
        summary["best"] |= {"test_luck": 0.5, "luck": 0.5}
        run.summary.write_text(json.dumps(summary))
    document = document_of(*pair)
    assert metric(document, "test_luck") == {
        "metric": "test_luck",
        "direction": None,
        "values": [0.5, 0.5],
        "best": [],
    }
    assert all(row["metric"] != "luck" for row in document["metrics"])


def test_what_is_no_number_in_run_json_is_not_taken_for_one(
    pair: tuple[RunDirectory, RunDirectory],
) -> None:
    record = json.loads(pair[1].run_json.read_text())
    pair[1].run_json.write_text(json.dumps({**record, "seed": [1], "seconds": "long"}))
    told = document_of(*pair)["runs"][1]
    assert (told["seed"], told["seconds"]) == (None, None)


def test_damaged_files_are_noted(pair: tuple[RunDirectory, RunDirectory]) -> None:
    pair[1].summary.write_text("{")
    pair[1].last.write_bytes(b"")
    pair[1].previous.write_bytes(b"")
    pair[1].config.unlink()
    document = document_of(*pair)
    assert document["same_rows"] == {"test": None, "validation": None, "train": None}
    notes = "\n".join(document["notes"])
    for told in ("summary.json", "last.npz", "config.yaml", "whether the test rows are the same"):
        assert told in notes


def test_fewer_than_two_runs_or_the_same_twice_are_refused(
    pair: tuple[RunDirectory, RunDirectory],
) -> None:
    with pytest.raises(UsageError, match="takes two runs or more"):
        compare(pair[:1])
    with pytest.raises(UsageError, match="cannot be compared with itself"):
        compare([*pair, RunDirectory(pair[0].path / "plots" / "..")])


def test_the_page_is_the_same_each_time_and_loads_nothing(
    pair: tuple[RunDirectory, RunDirectory],
) -> None:
    hostile = RunDirectory(pair[1].path.with_name("a<script>alert(1)"))
    pair[1].path.rename(hostile.path)
    comparison = compare([pair[0], hostile])
    page = render("compare.html.j2", page_document(comparison))
    again = page_document(compare([pair[0], hostile]))
    assert page == render("compare.html.j2", again)
    assert "<script>alert" not in page
    assert "a&lt;script&gt;alert(1)" in page
    assert "http" not in page.partition("<main")[2].replace("http-equiv", "")
    for row in comparison.document["metrics"]:
        for value in row["values"]:
            assert f"{value:.6g}" in page
