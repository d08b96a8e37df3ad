"""Groups are compared by their finished members, paired where the rows are the same."""

from __future__ import annotations

import json
import math
import statistics
from pathlib import Path
from typing import Any

import pytest
from matplotlib.axes import Axes

from nnctl.analysis.comparing_groups import (
    GroupComparison,
    compare_groups,
    draw_group_comparison,
)
from nnctl.analysis.group_comparison_text import (
    metrics_table,
    page_document,
    sentences,
    with_error,
)
from nnctl.errors import RunError
from nnctl.pages.rendering import render
from nnctl.runs.json_file import json_ready
from tests.analysis.groups import folds, longer, moons, seeds
from tests.pages.html import assert_well_made, read_page
from tests.training.experiments import Settings, regression, write_csv


def document_of(*files: Path) -> dict[str, Any]:
    document = json_ready(compare_groups(files).document)
    json.dumps(document, allow_nan=False)
    return dict(document)


def metric(document: dict[str, Any], name: str) -> dict[str, Any]:
    (row,) = (row for row in document["metrics"] if row["metric"] == name)
    return dict(row)


def reached(file: Path, name: str) -> list[float]:
    """What the members' own summaries say."""
    results = json.loads(file.read_text())["results"]
    summaries = [file.parent / each["run"] / "summary.json" for each in results]
    return [json.loads(path.read_text())["best"][name] for path in summaries]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two series of three seeds, the second trained for longer."""
    directory = tmp_path_factory.mktemp("pair")
    return seeds(directory, moons(), name="short"), seeds(directory, longer(), name="long")


def test_each_metric_has_its_mean_its_spread_and_its_number(pair: tuple[Path, Path]) -> None:
    document = document_of(*pair)
    records = [json.loads(file.read_text())["metrics"] for file in pair]
    names = {row["metric"] for row in document["metrics"]}
    assert names == {*records[0]} - {"best_epoch"}
    assert next(iter(document["metrics"]))["metric"].startswith("test_")
    for name in names:
        for spread, record in zip(metric(document, name)["groups"], records, strict=True):
            assert spread["n"] == 3
            for key, value in record[name].items():
                assert spread[key] == value
            assert [*spread["values"]] == ["0", "1", "2"]


def test_the_same_seeds_on_the_same_rows_are_paired(pair: tuple[Path, Path]) -> None:
    document = document_of(*pair)
    assert document["same_rows"] == {"long": {"test": True, "validation": True, "train": True}}
    for name in ("test_loss", "test_accuracy", "train_loss"):
        (found,) = metric(document, name)["differences"]
        one, another = (reached(file, name) for file in pair)
        gains = [b - a for a, b in zip(one, another, strict=True)]
        assert (found["paired"], found["pairs"], found["group"]) == (True, 3, "long")
        assert math.isclose(found["difference"], statistics.fmean(gains))
        error = statistics.stdev(gains) / math.sqrt(3)
        assert math.isclose(found["standard_error"], error)
        assert found["told_apart"] is (abs(statistics.fmean(gains)) > error)
        assert found["clear_from"] == 4.3
    assert document["notes"] == []


def test_what_differs_is_told_once_for_a_group(pair: tuple[Path, Path]) -> None:
    document = document_of(*pair)
    assert document["config"] == [
        {"key": "optimizer.learning_rate", "values": [0.001, 0.05]},
        {"key": "training.epochs", "values": [2, 12]},
    ]
    assert (document["data"], document["environment"]) == ([], [])
    assert [group["label"] for group in document["groups"]] == ["short", "long"]


def test_other_seeds_are_compared_as_means(tmp_path: Path) -> None:
    few = seeds(tmp_path, moons(), 2, "few")
    many = seeds(tmp_path, moons(training={"epochs": 2, "seed": 5}), 4, "many")
    document = document_of(few, many)
    (found,) = metric(document, "test_loss")["differences"]
    assert (found["paired"], found["pairs"]) == (False, None)
    parts = [reached(file, "test_loss") for file in (few, many)]
    error = math.sqrt(sum(statistics.variance(part) / len(part) for part in parts))
    assert math.isclose(found["standard_error"], error)
    assert "not paired" in next(iter(sentences(compare_groups([few, many]).document)))


def test_seeds_over_another_split_are_not_compared(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    other = seeds(tmp_path, moons(seed=9, training={"epochs": 2, "seed": 0}))
    document = document_of(pair[0], other)
    assert {*document["same_rows"]["moons-seeds"].values()} == {False}
    assert all(row["differences"] == [] for row in document["metrics"])
    assert document["notes"][0] == (
        "the test rows of short and moons-seeds differ: test metrics cannot be compared"
    )
    assert [*sentences(document)] == []


def test_a_member_that_is_not_finished_is_told_and_has_no_pair(tmp_path: Path) -> None:
    short, long = seeds(tmp_path, moons(), name="short"), seeds(tmp_path, longer(), name="long")
    record = long.parent / "seed-1" / "run.json"
    record.write_text(record.read_text().replace('"finished"', '"diverged"'))
    document = document_of(short, long)
    (found,) = metric(document, "test_loss")["differences"]
    one, another = reached(short, "test_loss"), reached(long, "test_loss")
    gains = [another[place] - one[place] for place in (0, 2)]
    assert (found["pairs"], found["difference"]) == (2, statistics.mean(gains))
    assert metric(document, "test_loss")["groups"][1]["n"] == 2
    assert document["notes"] == [
        "long: not counted: seed 1 (diverged)",
        "short and long: seed 1 is finished in one alone; differences are those of the pairs",
    ]


def test_a_difference_of_fewer_pairs_than_members_says_of_how_many(
    tmp_path: Path, pair: tuple[Path, Path]
) -> None:
    assert cells_of(*pair)[-1].endswith(f"± {errors_of(*pair)[0]:.2g}")
    short, long = seeds(tmp_path, moons(), name="short"), seeds(tmp_path, longer(), name="long")
    end(short, 0)
    assert cells_of(short, long)[-1].endswith(f"± {errors_of(short, long)[0]:.2g} (2 pairs)")
    end(long, 1)
    assert cells_of(short, long)[-1].endswith(" (1 pair)")
    end(short, 1)
    end(long, 0)
    assert "pair" not in cells_of(short, long)[-1]


def cells_of(*files: Path) -> list[str]:
    """The line of the test loss as the table has it."""
    table = metrics_table(compare_groups(files).document)
    assert table is not None
    (row,) = (row for row in table.rows if row[0] == "test_loss")
    return [str(cell) for cell in row]


def errors_of(*files: Path) -> list[float]:
    return [
        each["standard_error"] for each in metric(document_of(*files), "test_loss")["differences"]
    ]


def end(file: Path, member: int) -> None:
    """Let a member be one that diverged."""
    record = file.parent / f"seed-{member}" / "run.json"
    record.write_text(record.read_text().replace('"finished"', '"diverged"'))


def test_the_config_of_a_group_is_its_own_and_of_no_member(tmp_path: Path) -> None:
    short, long = seeds(tmp_path, moons(), name="short"), seeds(tmp_path, longer(), name="long")
    end(short, 0)
    keys = ["optimizer.learning_rate", "training.epochs"]
    assert [row["key"] for row in document_of(short, long)["config"]] == keys
    (short.parent / "config.yaml").unlink()
    document = document_of(short, long)
    assert {row["key"] for row in document["config"]} >= {*keys}
    assert [row["values"][0] for row in document["config"] if row["key"] in keys] == [0.001, 2]
    assert document["notes"][0].startswith(f"{short.parent / 'config.yaml'}: ")


def csv_of(directory: Path, *, noise: float = 0.1, **sections: Any) -> Settings:
    lines = [f"{n / 30:.4f} {(n / 30) ** 2 + noise * (n % 7):.4f}" for n in range(60)]
    path = write_csv(directory, "\n".join(["x y", *lines]))
    return regression(path, metrics=["r2"], training={"epochs": 3}, **sections)


def test_folds_of_one_split_are_paired_and_their_error_knows_of_shared_rows(
    tmp_path: Path,
) -> None:
    faster = csv_of(tmp_path, optimizer={"learning_rate": 0.1})
    files = folds(tmp_path, csv_of(tmp_path), name="a"), folds(tmp_path, faster, name="b")
    document = document_of(*files)
    assert document["same_rows"]["b"] == {"test": True, "train": True}
    for name in ("test_r2", "test_loss", "train_loss"):
        (found,) = metric(document, name)["differences"]
        one, another = (reached(file, name) for file in files)
        gains = [b - a for a, b in zip(one, another, strict=True)]
        assert found["pairs"] == 3
        error = statistics.stdev(gains) * math.sqrt(1 / 3 + 1 / 2)
        assert math.isclose(found["standard_error"], error)
    assert [*sentences(document)][-1].startswith("folds share training rows")


def test_other_folds_of_the_same_rows_are_compared_by_their_tests_alone(tmp_path: Path) -> None:
    files = (
        folds(tmp_path, csv_of(tmp_path), name="a"),
        folds(tmp_path, csv_of(tmp_path, seed=3), 4, name="b"),
    )
    document = document_of(*files)
    (found,) = metric(document, "test_r2")["differences"]
    assert found["paired"] is False
    variances = [
        statistics.variance(reached(file, "test_r2")) * (1 / count + 1 / (count - 1))
        for file, count in zip(files, (3, 4), strict=True)
    ]
    assert math.isclose(found["standard_error"], math.sqrt(sum(variances)))
    # A loss is that of scaled targets, whose scale is that of other training rows now.
    assert metric(document, "test_loss")["differences"] == []
    assert metric(document, "train_r2")["differences"] == []
    assert document["notes"] == [
        "the train rows of a and b differ: train metrics cannot be compared",
        "the losses of a and b are not measured alike, and cannot be compared",
        "a and b have other folds of the same rows: their means are compared, and no pairs",
    ]


def test_folds_of_other_data_are_not_compared(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    noisy = csv_of(tmp_path / "other", noise=0.3)
    document = document_of(folds(tmp_path, csv_of(tmp_path), name="a"), folds(tmp_path, noisy))
    assert metric(document, "test_r2")["groups"][1]["n"] == 3
    assert all(row["differences"] == [] for row in document["metrics"])


def test_losses_of_another_measure_are_not_compared(
    tmp_path: Path, pair: tuple[Path, Path]
) -> None:
    smooth = {"name": "binary_cross_entropy", "label_smoothing": 0.1}
    smoothed = seeds(tmp_path, moons(loss=smooth), name="smoothed")
    comparison = compare_groups([pair[0], smoothed])
    document = dict(comparison.document)
    assert metric(document, "test_loss")["differences"] == []
    assert len(metric(document, "test_accuracy")["differences"]) == 1
    told = "the losses of short and smoothed are not measured alike, and cannot be compared"
    assert document["notes"] == [told]
    (axes,) = draw_group_comparison(comparison).axes
    assert axes.get_xlabel() == "test_accuracy"
    comparison = compare_groups([*pair, smoothed])
    first, second = draw_group_comparison(comparison).axes
    assert [each.get_xlabel() for each in (first, second)] == ["test_loss", "test_accuracy"]
    assert drawn_groups(first) == 2
    assert drawn_groups(second) == 3


def drawn_groups(axes: Axes) -> int:
    """How many groups have their mean in a panel."""
    return sum(line.get_marker() == "|" for line in axes.lines)


def test_what_cannot_be_compared_is_drawn_where_there_is_nothing_else(
    tmp_path: Path, pair: tuple[Path, Path]
) -> None:
    figure = draw_group_comparison(compare_groups([pair[0], seeds(tmp_path, moons(seed=99))]))
    assert [drawn_groups(axes) for axes in figure.axes] == [2, 2]


def test_a_sentence_says_whether_a_difference_exceeds_its_error(pair: tuple[Path, Path]) -> None:
    document = document_of(*pair)
    (found,) = metric(document, "test_accuracy")["differences"]
    told = [*sentences(document)]
    assert told[-1].startswith("all seeds have one split of the data")
    assert told[1].startswith("test_accuracy: long has ")
    word = "more (better)" if found["difference"] > 0 else "less (worse)"
    assert word in told[1]
    for times, verdict in ((0.5, "do not tell them apart"), (2.0, "so few seeds"), (9.0, "clear")):
        found |= {"difference": times, "standard_error": 1.0, "told_apart": times > 1}
        row = {"metric": "test_loss", "direction": "min", "differences": [found]}
        assert verdict in next(iter(sentences({**document, "metrics": [row]})))
        assert "more (worse)" in next(iter(sentences({**document, "metrics": [row]})))


def test_groups_that_came_out_the_same_are_told_so(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    document = document_of(pair[0], seeds(tmp_path, moons(), name="again"))
    assert "test_loss: the same in again as in short" in sentences(document)


@pytest.mark.parametrize("value", [0.0, -0.0])
def test_nothing_has_no_sign(value: float) -> None:
    assert with_error(value, 0.5, "+") == "0 ± 0.5"


def test_three_groups_are_held_against_the_first(tmp_path: Path, pair: tuple[Path, Path]) -> None:
    comparison = compare_groups([pair[1], pair[0], seeds(tmp_path, moons(), 2, "two")])
    row = metric(dict(comparison.document), "test_accuracy")
    assert [each["group"] for each in row["differences"]] == ["short", "two"]
    assert [each["paired"] for each in row["differences"]] == [True, False]
    assert comparison.document["reference"] == "long"


def test_the_page_and_the_picture_hold_what_is_told(pair: tuple[Path, Path]) -> None:
    comparison: GroupComparison = compare_groups(pair)
    html = render("compare_groups.html.j2", page_document(comparison))
    page = read_page(html)
    assert_well_made(page)
    assert "2 groups compared" in page.text
    for line in sentences(comparison.document):
        assert line in page.text
    assert "data:image/svg+xml;base64," in html
    figure = draw_group_comparison(comparison)
    assert [axes.get_xlabel() for axes in figure.axes] == ["test_loss", "test_accuracy"]


def test_a_group_without_a_finished_member_is_refused(tmp_path: Path) -> None:
    short, long = seeds(tmp_path, moons(), 2, "short"), seeds(tmp_path, moons(), 2, "long")
    for run in (0, 1):
        record = long.parent / f"seed-{run}" / "run.json"
        record.write_text(record.read_text().replace('"finished"', '"interrupted"'))
    with pytest.raises(RunError, match=r"long: has no seed yet that is finished; go on with `nnc"):
        compare_groups([short, long])
    for run in (0, 1):
        record = long.parent / f"seed-{run}" / "run.json"
        record.write_text(record.read_text().replace('"interrupted"', '"diverged"'))
    with pytest.raises(RunError, match=r"long: has no seed that is finished: all diverged; train"):
        compare_groups([short, long])
    long.write_text('{"seeds": "many"}')
    with pytest.raises(RunError, match=r"is damaged: it does not say which seeds there are"):
        compare_groups([short, long])
