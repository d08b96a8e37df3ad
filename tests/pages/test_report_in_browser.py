"""The whole report of runs of several kinds, as a browser shows it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from selenium.webdriver import Keys
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By

from nnctl.runs.directory import RunDirectory
from nnctl.training.inference import load_model, models_over_epochs
from tests.cli.commands import ROOT, nnctl
from tests.pages.browser import complaints, media, requests, settled, visit
from tests.pages.live_section import Live

FIRST = "<script>alert(1)</script>"
SECOND = "</script><img src=x onerror=alert(2)> \"quoted' & more"
COLUMN = SECOND.replace('"', '\\"')  # as YAML writes it between quotes
HILLS = f"""\
name: hills
data:
  source: hills.csv
  target: height
  columns: {{"{COLUMN}": {{scaling: log}}}}
  split: {{test: 0.25}}
model: {{hidden: [{{units: 6, activation: gelu, normalization: layer}}]}}
loss: mean_squared_error
"""
EPOCHS = 4
LIVE = ("xor", "moons", "hills")


@dataclass(frozen=True)
class Report:
    """A run and the page about it."""

    run: RunDirectory
    page: Path


class Reports:
    """The pages of some runs, each trained when it is first asked for: two processes may test."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.made: dict[str, Report] = {}
        write_hills(directory)

    def __getitem__(self, name: str) -> Report:
        if name not in self.made:
            self.made[name] = self._make(name)
        return self.made[name]

    def _make(self, name: str) -> Report:
        config = (self.directory if name == "hills" else ROOT / "configs") / f"{name}.yaml"
        common = ("--quiet", "--no-plots", "--runs-dir", self.directory / "runs")
        short = ["--set", f"training.epochs={EPOCHS}", "--set", "expect={}"]
        if name == "moons":
            short += ["--set", "data.generator.samples=200"]
        outcome = nnctl("train", config, *common, *short)
        assert outcome.code == 0, outcome.err
        outcome = nnctl("report", outcome.out.strip())
        assert outcome.code == 0, outcome.err
        page = Path(outcome.out.strip())
        return Report(RunDirectory(page.parent), page)


@pytest.fixture(name="reports", scope="module")
def _reports(tmp_path_factory: pytest.TempPathFactory) -> Reports:
    return Reports(tmp_path_factory.mktemp("reports"))


def write_hills(directory: Path) -> None:
    """Write a regression of two features whose names would run if they were not text."""
    quoted = SECOND.replace('"', '""')
    east, north = np.random.default_rng(1).exponential(30.0, (2, 60))
    rows = [f"{a},{b},{a - np.log1p(b)}" for a, b in zip(east, north, strict=True)]
    text = "\n".join([f'{FIRST},"{quoted}",height', *rows])
    (directory / "hills.csv").write_text(text)
    (directory / "hills.yaml").write_text(HILLS)


@pytest.fixture(name="report", params=[*LIVE, "iris"])
def _report(request: pytest.FixtureRequest, browser: WebDriver, reports: Reports) -> str:
    name = str(request.param)
    visit(browser, reports[name].page)
    settled(browser)
    return name


def test_a_report_shows_all_that_it_holds_and_asks_for_nothing(
    browser: WebDriver, report: str
) -> None:
    script = """
    const broken = [...document.images].filter((image) => !image.naturalWidth);
    const anchors = [...document.querySelectorAll("a[href^='#']")].map((link) => link.hash);
    const lost = anchors.filter((hash) => !document.getElementById(hash.slice(1)));
    const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
    return [broken.length, anchors.length, lost, ids.length - new Set(ids).size];
    """
    broken, anchors, lost, repeated = browser.execute_script(script)
    assert (broken, lost, repeated) == (0, [], 0)
    assert anchors > 8
    assert len(browser.find_elements(By.TAG_NAME, "h1")) == 1
    assert bool(browser.find_elements(By.ID, "live-box")) == (report in LIVE)
    assert set(requests(browser)) == {browser.current_url}
    for scheme, medium in (("dark", "screen"), ("light", "print")):
        with media(browser, scheme, medium):
            settled(browser)
    assert complaints(browser) == []


@pytest.mark.parametrize("width", [400, 1280])
def test_a_report_fits_its_window(browser: WebDriver, report: str, width: int) -> None:
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 2, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        settled(browser)
        script = "const page = document.documentElement; return [page.scrollWidth, innerWidth]"
        wide, room = browser.execute_script(script)
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert room == width
    assert wide <= room
    assert complaints(browser) == []


@pytest.mark.parametrize("report", LIVE, indirect=True)
def test_the_network_in_a_report_is_that_of_each_epoch(
    browser: WebDriver, reports: Reports, report: str
) -> None:
    run = reports[report].run
    models, best = models_over_epochs(run.last), load_model(run.best)
    assert [model.epoch for model in models] == list(range(EPOCHS + 1))
    live = Live(browser)
    live.press("epoch", Keys.HOME)
    live.assert_shows(models[0])
    live.press("cross", Keys.SHIFT, Keys.ARROW_UP, Keys.ARROW_RIGHT, Keys.NULL)
    live.assert_shows(models[0])
    live.press("epoch", Keys.END)
    live.assert_shows(best if best.epoch == EPOCHS else models[-1])
    assert complaints(browser) == []


@pytest.mark.parametrize("report", ["hills"], indirect=True)
def test_names_in_a_report_are_only_text(browser: WebDriver, report: str) -> None:
    assert FIRST in browser.find_element(By.ID, "live-sentence").text
    text = browser.find_element(By.TAG_NAME, "main").text
    assert FIRST in text
    assert SECOND in text
    script = """
    const own = [...document.scripts].filter((script) => /alert\\(/.test(script.text));
    const images = [...document.images].filter((image) => !image.src.startsWith("data:"));
    return [own.map((script) => script.type), images.length];
    """
    holders, images = browser.execute_script(script)
    assert set(holders) <= {"application/json"}
    assert images == 0
    assert complaints(browser) == []


@pytest.mark.parametrize("report", ["xor"], indirect=True)
def test_a_report_works_by_keyboard(browser: WebDriver, report: str) -> None:
    page = browser.find_element(By.TAG_NAME, "body")
    page.send_keys(Keys.TAB)
    assert browser.switch_to.active_element.text == "Skip to the content"
    script = """
    return [...document.querySelectorAll("#live button, #live input, #live canvas[tabindex]")]
      .filter((element) => element.offsetParent && element.tabIndex < 0).length
    """
    assert browser.execute_script(script) == 0
    for name in ("play", "epoch", "cross", "first", "second"):
        element = browser.find_element(By.ID, f"live-{name}")
        assert element.accessible_name, name
        browser.execute_script("arguments[0].focus()", element)
        assert browser.switch_to.active_element == element
