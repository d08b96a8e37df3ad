from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nnctl.runs.json_file import read_json, write_json
from tests.cli.commands import nnctl, python
from tests.cli.samples import CONFIGS
from tests.pages.html import Element, assert_well_made, read_page, table_of

MOST_BYTES = 2_000_000
NAMES = ("<script>alert(1)</script>", '"quo\'te" & </script><img src=x onerror=alert(2)>')
CLASSES = ("<b>bold</b>", "{{ 7*7 }} $$ `x`", "\u202eعربي 名前")
HOSTILE = """\
name: hostile
data: {source: hostile.csv, target: "t<i>", split: {test: 0.3, validation: 0.2}}
model: {hidden: [{units: 4, activation: tanh}]}
loss: categorical_cross_entropy
training: {epochs: 3}
"""


def reported(run: str, *options: object) -> Element:
    """Report on a run into a file of its own, and read the page."""
    outcome = nnctl("report", run, "-o", "page.html", *options)
    assert (outcome.code, outcome.out) == (0, "page.html\n")
    return read_page(Path("page.html").read_text(encoding="utf-8"))


@pytest.fixture(params=CONFIGS, scope="module")
def written(
    request: pytest.FixtureRequest, _trained: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, bytes]:
    """The page of each sample, made once: all that is asked of one is asked before the next."""
    path = tmp_path_factory.mktemp("page") / "page.html"
    outcome = nnctl("report", _trained / request.param, "-o", path)
    assert (outcome.code, outcome.out) == (0, f"{path}\n")
    return request.param, path.read_bytes()


@pytest.fixture(scope="module")
def page(written: tuple[str, bytes]) -> tuple[str, Element]:
    name, content = written
    return name, read_page(content.decode())


@pytest.fixture
def iris(_trained: Path, tmp_path: Path) -> Path:
    """A copy of a run, which a test may spoil."""
    return shutil.copytree(_trained / "iris", tmp_path / "runs" / "iris")


def shown(value: object) -> str:
    """A number as the pages have it."""
    return f"{value:.6g}" if isinstance(value, float) else f"{value:,}"


def test_a_page_is_well_made_and_small(
    page: tuple[str, Element], written: tuple[str, bytes]
) -> None:
    name, elements = page
    assert_well_made(elements)
    assert 50_000 < len(written[1]) < MOST_BYTES
    assert elements.one("summary").tag == "section"
    links = [each.attributes["href"] for each in elements.all("a")]
    assert {"#content", "#summary", "#test", "#diagnosis", "#config"} <= set(links)
    assert len([*elements.all("img")]) >= 3 - (name == "line")


def test_a_page_says_what_evaluate_says(page: tuple[str, Element], runs: Path) -> None:
    name, elements = page
    measured = json.loads(nnctl("evaluate", name, "--json").out)
    epoch = read_json(runs / name / "summary.json")["best_epoch"]
    rows = f"{measured['rows']:,} rows of the {measured['data']} set"
    table = table_of(elements, f"{rows}, weights of epoch {epoch}")
    beside = measured["baselines"].values()
    expected = [
        [metric, shown(value), *(shown(each[metric]) for each in beside if metric in each)]
        for metric, value in measured.items()
        if isinstance(value, float)
    ]
    assert [[cell for cell in row if cell != "–"] for row in table[1:]] == expected
    if "classes" in measured:
        (_, *scores) = table_of(elements, "Each class")
        assert scores == [[shown_cell(c) for c in each.values()] for each in measured["classes"]]
        caption = "Confusion: true classes in rows, predicted ones in columns"
        (_, *confusion) = table_of(elements, caption)
        assert [[int(cell) for cell in row[1:]] for row in confusion] == measured["confusion"]


def shown_cell(value: Any) -> str:
    return value if isinstance(value, str) else shown(value)


def test_a_page_says_what_the_summary_says(page: tuple[str, Element], runs: Path) -> None:
    name, elements = page
    summary = read_json(runs / name / "summary.json")
    (headings, *rows) = table_of(elements, f"Weights of epoch {summary['best_epoch']} on each set")
    told = {
        f"{s}_{row[0]}": cell for row in rows for s, cell in zip(headings[1:], row[1:], strict=True)
    }
    assert told == {key: shown(value) for key, value in summary["best"].items()}


def test_a_page_says_what_diagnose_says(page: tuple[str, Element], runs: Path) -> None:
    name, elements = page
    diagnosed = json.loads(nnctl("diagnose", name, "--json").out)
    section = elements.one("diagnosis")
    findings = [each.text for each in section.all("h3")][: len(diagnosed["findings"])]
    for finding, heading in zip(diagnosed["findings"], findings, strict=True):
        assert heading.lower().startswith(finding["rule"])
        assert finding["what"].replace("`", "") in heading
        assert finding["reference"] in section.text
    told = {row.text for row in section.all("dt")}
    assert told == {*diagnosed["in_order"], *diagnosed["unknown"]}


def test_the_config_stands_in_the_page_as_it_was_run(page: tuple[str, Element], runs: Path) -> None:
    name, elements = page
    (text,) = [each.text for each in elements.one("config").all("pre")]
    assert text == (runs / name / "config.yaml").read_text().rstrip("\n")


def test_the_page_of_a_run_is_the_same_wherever_it_is_made(
    iris: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert nnctl("report", "iris").out == "runs/iris/report.html\n"
    first = (iris / "report.html").read_bytes()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert python("-m", "nnctl", "report", iris, "-o", "page.html").out == "page.html\n"
    assert Path("page.html").read_bytes() == first


@pytest.mark.usefixtures("runs")
def test_json_tells_what_stands_in_the_page() -> None:
    outcome = nnctl("report", "and", "-o", "page.html", "--json")
    told = json.loads(outcome.out)
    assert told["bytes"] == Path("page.html").stat().st_size
    assert (told["path"], told["findings"], told["left_out"]) == ("page.html", 0, {})
    assert told["sections"][0] == "summary"
    assert {"history", "confusion", "boundary"} <= set(told["pictures"])


@pytest.mark.parametrize("name", ["page.txt", "page", "page.html.gz", "."])
@pytest.mark.usefixtures("runs")
def test_a_page_is_named_as_html(name: str) -> None:
    outcome = nnctl("report", "and", "-o", name)
    message = f"error: a report is a page of HTML; name it .html (received {name})\n"
    assert (outcome.code, outcome.out, outcome.err) == (2, "", message)
    assert not Path(name).is_file()


@pytest.mark.usefixtures("runs")
def test_only_pages_of_nnctl_are_written_over_unless_forced() -> None:
    Path("page.html").write_text("<!doctype html><title>mine</title>")
    outcome = nnctl("report", "and", "-o", "page.html")
    message = "page.html: the file exists already, and nnctl did not make it; name another, or "
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == f"error: {message}write over it with --force\n"
    assert Path("page.html").read_text() == "<!doctype html><title>mine</title>"
    assert nnctl("report", "and", "-o", "page.html", "--force").code == 0
    assert nnctl("report", "and", "-o", "page.html").code == 0


@pytest.mark.usefixtures("runs")
def test_a_page_that_cannot_be_written_is_told_before_the_work() -> None:
    outcome = nnctl("report", "and", "-o", "nowhere/page.html")
    assert (outcome.code, outcome.out) == (7, "")
    assert "nowhere/page.html" in outcome.err


def test_a_run_that_is_none_is_refused() -> None:
    outcome = nnctl("report", "nobody")
    assert (outcome.code, outcome.out) == (4, "")
    assert outcome.err.startswith("error: there is no run 'nobody'")


def test_rows_that_are_gone_are_a_notice_and_no_error(iris: Path) -> None:
    text = (iris / "config.yaml").read_text()
    (iris / "config.yaml").write_text(re.sub(r"source: .*iris\.csv", "source: /gone.csv", text))
    outcome = nnctl("report", "iris")
    assert (outcome.code, outcome.out) == (0, "runs/iris/report.html\n")
    (line,) = outcome.err.splitlines()
    assert line.startswith("note: the run's rows cannot be read")
    page = read_page((iris / "report.html").read_text(encoding="utf-8"))
    assert_well_made(page)
    assert "/gone.csv" in page.one("summary").text
    (_, *rows) = table_of(page, "The test set, as it was measured at the end of the training")
    assert rows[0][1] == shown(read_json(iris / "summary.json")["best"]["test_loss"])


def test_a_run_that_never_ended_has_a_page(iris: Path) -> None:
    (iris / "summary.json").unlink()
    (iris / "metrics.csv").unlink()
    (iris / "checkpoints" / "baselines.npz").unlink()
    write_json(iris / "run.json", read_json(iris / "run.json") | {"status": "interrupted"})
    page = reported("iris")
    assert_well_made(page)
    assert "It was interrupted after 2 epochs" in page.text
    assert table_of(page, "Three of the epochs")[0][1:] == [
        "epoch 1, first",
        "epoch 2, best",
        "epoch 2, last",
    ]


def test_a_damaged_last_checkpoint_is_told_and_a_damaged_best_refused(iris: Path) -> None:
    checkpoints = iris / "checkpoints"
    (checkpoints / "last.npz").write_bytes(b"PK")
    outcome = nnctl("report", "iris")
    assert (outcome.code, outcome.out) == (0, "runs/iris/report.html\n")
    assert "which rows are in which set is read in runs/iris/checkpoints/previous" in outcome.err
    assert_well_made(read_page((iris / "report.html").read_text(encoding="utf-8")))
    (checkpoints / "best.npz").write_bytes(b"PK")
    outcome = nnctl("report", "iris")
    assert (outcome.code, outcome.out) == (4, "")
    assert outcome.err.startswith("error: runs/iris/checkpoints/best.npz: ")


def test_a_resumed_run_tells_when_and_what_was_changed(iris: Path) -> None:
    outcome = nnctl("resume", "iris", "--set", "training.epochs=3", "--quiet")
    assert outcome.code == 0
    (_, row) = table_of(reported("iris"), "When training went on")
    assert row[1:] == ["2", "0", "training.epochs: 2 → 3"]


@pytest.mark.usefixtures("samples")
def test_a_fold_has_a_page_like_any_run() -> None:
    assert nnctl("cross-validate", "iris.yaml", "--folds", "2", "--quiet").code == 0
    page = reported("runs/iris-cv/fold-2")
    assert_well_made(page)
    assert "fold 2 of 2" in page.one("summary").text
    assert "same network again" not in page.one("config").text


@pytest.fixture(params=[2, 3], ids=["live", "not live"])
def hostile(request: pytest.FixtureRequest, tmp_path: Path) -> Element:
    """The page of a run whose names would be markup, with or without a network that runs in it."""
    names = [*NAMES, "line\\nbreak " + "w" * 3000][: request.param]
    lines = [",".join(quoted([*names, "t<i>"])), *rows_of(len(names))]
    Path("hostile.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    Path("hostile.yaml").write_text(HOSTILE)
    assert nnctl("train", "hostile.yaml", "--quiet", "--no-plots").code == 0
    page = reported("hostile")
    assert ("live" in {each.attributes.get("id") for each in page.all("section")}) == (
        len(names) == 2
    )
    return page


def quoted(cells: list[str]) -> list[str]:
    return ['"' + cell.replace('"', '""') + '"' for cell in cells]


def rows_of(n_features: int) -> Iterator[str]:
    for row in range(60):
        numbers = [str((7 * row + 3 * feature) % 11) for feature in range(n_features)]
        yield ",".join([*numbers, *quoted([CLASSES[row % 3]])])


def test_hostile_names_are_text(hostile: Element) -> None:
    assert_well_made(hostile)
    page = Path("page.html").read_text(encoding="utf-8")
    assert len(page.encode()) < MOST_BYTES
    assert not re.search(r"<script>alert|<img src=x|<b>|<i>|\u202e", page)
    assert len(page) < MOST_BYTES
    features = [row[0] for row in table_of(hostile, "Features")[1:]]
    assert features[:2] == list(NAMES)
    classes = [row[0] for row in table_of(hostile, "Each class")[1:]]
    assert sorted(classes) == sorted([*CLASSES[:2], CLASSES[2].replace("\u202e", "\\u202e")])
    data = [each for each in hostile.all("script") if each.attributes.get("type")]
    for script in data:
        (text,) = script.children
        assert isinstance(text, str)
        assert NAMES[0] in json.dumps(json.loads(text))
        assert "<" not in text
