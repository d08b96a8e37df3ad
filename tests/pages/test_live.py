"""The live section in a browser: its numbers are NumPy's at each epoch and each point."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from nnctl.analysis.live import live_document
from nnctl.data.table import table_from_columns
from nnctl.nn.arrays import FloatArray
from nnctl.nn.layout import LayerSpec
from nnctl.runs.history import read_history
from nnctl.training.inference import Model, load_model, models_over_epochs
from tests.pages.browser import complaints, live_page, media, open_page, requests, settled
from tests.pages.live_section import Live
from tests.pages.networks import TANH, expected, model_of, trained_model, with_network
from tests.training.experiments import Settings, trained, write_csv

EPOCHS = 5
MOONS: Settings = {
    "data": {
        "generator": {"name": "moons", "samples": 60},
        "split": {"validation": 0.2},
    },
    "model": {"hidden": [{"units": 14, "activation": "tanh", "normalization": "batch"}]},
    "loss": "binary_cross_entropy",
    "optimizer": {"name": "adam", "learning_rate": 0.05},
    "training": {"epochs": EPOCHS},
}


@dataclass(frozen=True)
class Moons:
    """The networks over the epochs of a run, and its page."""

    models: tuple[Model, ...]
    page: Path
    text: str


@pytest.fixture(name="moons", scope="module")
def _moons(tmp_path_factory: pytest.TempPathFactory) -> Moons:
    directory = tmp_path_factory.mktemp("moons")
    run = trained(directory, MOONS).run
    models = models_over_epochs(run.last)
    x1, x2 = np.random.default_rng(0).normal(size=(2, 50))
    table = table_from_columns({"x1": x1, "x2": x2, "label": ["0", "1"] * 25}, "rows")
    live = live_document(models, load_model(run.best), table, read_history(run.metrics))
    assert live is not None
    return Moons(models, directory / "page.html", live_page(live))


@pytest.fixture(name="live")
def _live(browser: WebDriver, moons: Moons) -> Iterator[Live]:
    """The section as the test before left it: a page takes half a second to open."""
    if browser.current_url != moons.page.as_uri():
        open_page(browser, moons.page, moons.text)
    yield Live(browser)
    assert complaints(browser) == []


def opened(
    browser: WebDriver, path: Path, model: Model, **rows: FloatArray | Sequence[str]
) -> Live:
    table = table_from_columns(rows, "rows") if rows else None
    live = live_document([], model, table, {})
    assert live is not None
    open_page(browser, path / "page.html", live_page(live))
    settled(browser)
    return Live(browser)


def test_the_slider_goes_over_the_epochs_by_keyboard(live: Live, moons: Moons) -> None:
    models = moons.models
    assert [model.epoch for model in models] == list(range(EPOCHS + 1))
    losses = json.loads(re.findall(r'"losses":({.*?})', moons.text)[0])
    live.press("epoch", Keys.HOME)
    for model in models:
        text = live["moment"].text
        if model.epoch == 0:
            assert text == "before training"
        else:
            assert text.startswith(f"epoch {model.epoch} of {EPOCHS} · ")
            for name, values in losses.items():
                shown = re.findall(rf"{name} ([\d.]+)", text)
                assert float(shown[0]) == pytest.approx(values[model.epoch], rel=1e-4)
        assert live["epoch"].get_attribute("aria-valuetext") == text.split(" · ")[0]
        live.assert_shows(model)
        live.press("epoch", Keys.ARROW_RIGHT)
    live.press("epoch", Keys.HOME)
    assert live["moment"].text == "before training"
    live.press("epoch", Keys.END)
    assert f"epoch {EPOCHS} of {EPOCHS}" in live["moment"].text


def test_the_page_begins_at_the_epoch_that_it_speaks_of(live: Live, moons: Moons) -> None:
    live.browser.refresh()
    (chosen,) = re.findall(r'"chosen":(\d+)', moons.text)
    assert live["moment"].text.endswith(" · the epoch of this report")
    live.assert_shows(moons.models[int(chosen)])


def test_the_probe_follows_the_pointer(live: Live, moons: Moons) -> None:
    live.press("epoch", Keys.END)
    cross = live["cross"]
    seen = []
    for across, down in ((-100, -80), (120, -60), (50, 130)):
        ActionChains(live.browser).move_to_element_with_offset(cross, across, down).perform()
        settled(live.browser)
        live.assert_shows(moons.models[-1])
        assert [float(live[name].get_attribute("value") or "") for name in ("first", "second")] == [
            *live.point
        ]
        seen.append(live.point)
    assert seen[0][0] < seen[2][0] < seen[1][0]
    assert seen[2][1] < seen[1][1] < seen[0][1]


def test_the_probe_stands_where_the_pointer_is(live: Live) -> None:
    script = """
    const canvas = document.getElementById("live-cross");
    const { features } = JSON.parse(document.getElementById("live-data").textContent);
    return nnctlCanvas.frameOf(canvas, features).toPixels(arguments[0]);
    """
    cross = live["cross"]
    size = cross.size
    ActionChains(live.browser).move_to_element_with_offset(cross, 70, -40).perform()
    settled(live.browser)
    x, y = live.browser.execute_script(script, live.point.tolist())
    assert x == pytest.approx(size["width"] / 2 + 70, abs=3)
    assert y == pytest.approx(size["height"] / 2 - 40, abs=3)


def test_the_probe_moves_by_keyboard_and_in_larger_steps_with_shift(
    live: Live, moons: Moons
) -> None:
    live.press("epoch", Keys.END)
    start = live.point
    live.press("cross", Keys.ARROW_RIGHT)
    small = live.point - start
    live.press("cross", Keys.ARROW_UP)
    up = live.point - start - small
    live.press("cross", Keys.SHIFT, Keys.ARROW_LEFT, Keys.NULL)
    large = live.point - start - small - up
    assert small[0] > 0
    assert small[1] == up[0] == large[1] == 0
    assert up[1] > 0
    assert large[0] / small[0] == pytest.approx(-10, rel=0.2)
    live.assert_shows(moons.models[-1])
    live.press("cross", Keys.SHIFT, *[Keys.ARROW_DOWN] * 15, Keys.NULL)
    features = json.loads(live["data"].get_attribute("textContent") or "")["features"]
    assert live.point[1] == features[1]["low"]


def test_a_click_holds_the_probe_until_another_or_escape(live: Live) -> None:
    def move(across: int, down: int, *, click: bool = False) -> FloatArray:
        chain = ActionChains(live.browser).move_to_element_with_offset(live["cross"], across, down)
        (chain.click() if click else chain).perform()
        settled(live.browser)
        return live.point

    place = move(60, 40, click=True)
    np.testing.assert_array_equal(move(-60, -40), place)
    live["cross"].send_keys(Keys.ESCAPE)
    free = move(-61, -41)
    assert free[0] < place[0]
    assert free[1] > place[1]
    held = move(10, 10, click=True)
    np.testing.assert_array_equal(move(-60, -40), held)
    move(-60, -40, click=True)
    assert move(60, 40)[0] > held[0]
    assert "A click holds the place" in live["help"].text


@pytest.mark.parametrize(
    ("key", "axis", "end"),
    [
        (Keys.HOME, 0, "low"),
        (Keys.END, 0, "high"),
        (Keys.PAGE_DOWN, 1, "low"),
        (Keys.PAGE_UP, 1, "high"),
        (Keys.SPACE, None, ""),
    ],
)
def test_no_key_on_the_plane_scrolls_the_page_away(
    live: Live, key: str, axis: int | None, end: str
) -> None:
    script = "document.body.style.minHeight = '5000px'; scrollTo({ top: 200, behavior: 'instant' })"
    live.browser.execute_script(script)
    live.press("cross", Keys.ARROW_LEFT, Keys.ARROW_DOWN)
    before = live.browser.execute_script("return scrollY")
    live.press("cross", key)
    settled(live.browser, frames=30)
    assert live.browser.execute_script("return scrollY") == before > 0
    features = json.loads(live["data"].get_attribute("textContent") or "")["features"]
    if axis is not None:
        assert live.point[axis] == features[axis][end]
    field = live["second" if axis else "first"].get_attribute("value") or ""
    assert len(re.sub(r"[^0-9]", "", field).strip("0")) <= 6
    live.press("cross", Keys.ESCAPE)


def test_bars_do_not_run_through_their_numbers(live: Live) -> None:
    script = """
    const box = (element) => element.getBoundingClientRect();
    return [...document.querySelectorAll(".live-cell")]
      .map((cell) => [cell.querySelector(".live-bar"), cell.querySelector(".live-number")])
      .filter(([bar]) => box(bar).width > 0)
      .map(([bar, number]) => box(bar).top - box(number).bottom);
    """
    gaps = live.browser.execute_script(script)
    assert len(gaps) > 10
    assert min(gaps) > -3  # of a line's height, of which digits leave more free


def test_the_probe_takes_exact_numbers(live: Live, moons: Moons) -> None:
    live.press("epoch", Keys.END)
    for name, number in (("first", "0.123456789"), ("second", "-7.5")):
        live[name].clear()
        live.press(name, number)
    np.testing.assert_array_equal(live.point, [0.123456789, -7.5])
    live.assert_shows(moons.models[-1])
    assert live["sentence"].text.startswith("At x1 = 0.12346, x2 = -7.5: class ")
    live["first"].clear()
    settled(live.browser)
    assert live.point[0] == 0.123456789


def test_wide_layers_are_shortened_and_counted(live: Live) -> None:
    assert len(live["layers"].find_elements(By.CSS_SELECTOR, "tbody tr")) == 12 + 1
    assert "and 2 more units" in live["layers"].text
    assert "z, normalized" in live["layers"].text


def test_playing_goes_to_the_last_epoch_and_begins_anew(live: Live) -> None:
    live.press("epoch", Keys.END)
    script = """
    window.played = [];
    const moment = document.getElementById("live-moment");
    const note = () => played.push(moment.textContent.split(" · ")[0]);
    new MutationObserver(note).observe(moment, { childList: true });
    document.getElementById("live-play").click();
    return document.getElementById("live-play").textContent;
    """
    assert live.browser.execute_script(script) == "❚❚ Pause"
    WebDriverWait(live.browser, 10).until(lambda _: live["play"].text == "▶ Play")
    epochs = [f"epoch {epoch} of {EPOCHS}" for epoch in range(1, EPOCHS + 1)]
    assert live.browser.execute_script("return played") == ["before training", *epochs]


def test_playing_pauses_where_it_is(live: Live) -> None:
    live.press("epoch", Keys.HOME)
    live["play"].click()
    WebDriverWait(live.browser, 10).until(lambda _: live["moment"].text != "before training")
    live["play"].click()
    stopped = live["epoch"].get_attribute("value")
    assert live["play"].text == "▶ Play"
    settled(live.browser, frames=15)
    assert live["epoch"].get_attribute("value") == stopped
    live["play"].click()
    live.press("epoch", Keys.ARROW_RIGHT)
    assert live["play"].text == "▶ Play"


MIDDLE = (slice(12, 28), slice(12, 28))
DARK, LIGHT = 120, 160  # a mean of the middle's bytes is below, or above
ALIKE, OTHER = 2.0, 6.0  # of 255: a grid may be coarser where the machine is busy


def picture(live: Live) -> FloatArray:
    """The plane once it is drawn, small: bytes (40, 40, 3)."""
    settled(live.browser)
    return picture_now(live)


def picture_now(live: Live, name: str = "live-plane") -> FloatArray:
    script = """
    const small = Object.assign(document.createElement("canvas"), { width: 40, height: 40 });
    const context = small.getContext("2d");
    context.drawImage(document.getElementById(arguments[0]), 0, 0, 40, 40);
    return [...context.getImageData(0, 0, 40, 40).data];
    """
    bytes_ = live.browser.execute_script(script, name)
    return np.array(bytes_, np.float64).reshape(40, 40, 4)[..., :3]


def difference(one: FloatArray, other: FloatArray) -> float:
    return float(np.abs(one - other).mean())


def test_a_unit_is_drawn_large_and_the_prediction_again(live: Live) -> None:
    live.press("epoch", Keys.END)
    whole = picture(live)
    button = live["layers"].find_element(By.CSS_SELECTOR, "button")
    assert button.accessible_name == "draw what unit 1 of hidden 1 sees"
    button.send_keys(Keys.ENTER)
    assert difference(picture(live), whole) > OTHER
    assert live["drawn"].text == "drawn is what unit 1 of hidden 1 sees"
    assert button.get_attribute("aria-pressed") == "true"
    live["back"].send_keys(Keys.ENTER)
    assert difference(picture(live), whole) < ALIKE
    assert button.get_attribute("aria-pressed") == "false"
    assert live["drawn"].text == ""


def test_the_plane_is_another_one_at_another_epoch(live: Live) -> None:
    live.press("epoch", Keys.END)
    last = picture(live)
    live.press("epoch", Keys.HOME)
    assert difference(picture(live), last) > OTHER


def test_colours_follow_the_page(live: Live) -> None:
    light = picture(live)
    with media(live.browser, "dark"):
        dark = picture(live)
    assert dark[MIDDLE].mean() < DARK
    assert light[MIDDLE].mean() > LIGHT
    assert difference(light, picture(live)) < ALIKE


def printed(live: Live) -> FloatArray:
    """The plane as paper has it: bytes (40, 40, 3)."""
    script = "const image = document.getElementById('live-paper-plane'); return [image.complete,"
    script += "image.naturalWidth, image.getBoundingClientRect().width]"
    complete, pixels, width = live.browser.execute_script(script)
    assert complete
    assert pixels > 2 * width > 0
    return picture_now(live, "live-paper-plane")


def test_paper_has_a_light_image_of_what_is_drawn_whatever_the_page_is(live: Live) -> None:
    with media(live.browser, "dark"):
        live.browser.refresh()
        settled(live.browser)
        assert picture_now(live)[MIDDLE].mean() < DARK
        with media(live.browser, "dark", "print"):
            assert not live["controls"].is_displayed()
            assert not live["plane"].is_displayed()
            assert printed(live)[MIDDLE].mean() > LIGHT
    assert live["plane"].is_displayed()


def test_printing_leaves_the_plane_as_it_was(live: Live) -> None:
    before = picture(live)
    pdf = live.browser.execute_cdp_cmd("Page.printToPDF", {"landscape": True})
    assert len(pdf["data"]) > 20_000
    assert difference(picture(live), before) < ALIKE


def test_the_image_for_paper_follows_what_is_drawn(live: Live) -> None:
    live.press("epoch", Keys.END)
    with media(live.browser, "light", "print"):
        last = printed(live)
    live.press("epoch", Keys.HOME)

    def has_changed(_: object) -> bool:
        return difference(picture_now(live, "live-paper-plane"), last) > OTHER

    WebDriverWait(live.browser, 10).until(has_changed)


def test_the_page_asks_for_nothing_and_may_not(live: Live) -> None:
    requests(live.browser)  # what is older is forgotten
    live.browser.refresh()
    assert requests(live.browser) == [live.browser.current_url]
    script = """
    const done = arguments[0];
    addEventListener("securitypolicyviolation", (event) => done(event.effectiveDirective));
    fetch("https://example.invalid/").catch(() => {});
    """
    assert live.browser.execute_async_script(script) == "connect-src"
    assert "Content Security Policy" in " ".join(complaints(live.browser))


def test_points_that_the_network_takes_for_another_class_are_counted(
    browser: WebDriver, tmp_path: Path
) -> None:
    model = with_network(trained_model(3), [LayerSpec(8, TANH), LayerSpec(3, TANH)])
    model = replace(model, loss=trained_model(3).loss)
    rng = np.random.default_rng(3)
    features = rng.normal(scale=4.0, size=(90, 2))
    labels = rng.integers(0, 3, 90)
    names = [str(label) for label in labels]
    live = opened(browser, tmp_path, model, x1=features[:, 0], x2=features[:, 1], label=names)
    wrong = sum(
        answer["predicted"] != label
        for answer, label in zip(expected(model, features), labels, strict=True)
    )
    assert 0 < wrong < 90
    assert live["errors"].text == f"◯ misclassified: {wrong} of 90 drawn points"
    assert [item.text[-1] for item in live["classes"].find_elements(By.TAG_NAME, "li")] == [
        *model.preprocessing.classes
    ]
    assert not live["controls"].is_displayed()
    live.assert_shows(model)
    assert complaints(browser) == []


def test_a_regression_of_several_targets_draws_the_chosen_one(
    browser: WebDriver, tmp_path: Path
) -> None:
    model = with_network(model_of(0, 2), [LayerSpec(6, TANH), LayerSpec(2, TANH)])
    live = opened(browser, tmp_path, model)
    live.assert_shows(model)
    first, low = picture(live), live["scale-low"].text
    live.press("target", Keys.ARROW_DOWN)
    assert difference(picture(live), first) > OTHER
    assert live["scale-low"].text != low
    assert float(live["scale-low"].text) < float(live["scale-high"].text)
    assert "target 1 = " in live["sentence"].text
    assert complaints(browser) == []


HOSTILE = (
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(2)>",
    "a\"b' & <b>",
    "\u202eright to left",
)


def test_hostile_names_are_text(browser: WebDriver, tmp_path: Path) -> None:
    first, second, *classes = HOSTILE
    path = write_csv(tmp_path, "one two label\n" + "".join(f"{n} {n} L{n % 2}\n" for n in range(8)))
    settings: Settings = {
        "data": {"source": str(path), "target": "label"},
        "loss": "binary_cross_entropy",
        "training": {"epochs": 1},
    }
    model = load_model(trained(tmp_path, settings).run.best)
    preprocessing = model.preprocessing
    features = tuple(
        replace(feature, name=name)
        for feature, name in zip(preprocessing.features, (first, second), strict=True)
    )
    renamed = replace(preprocessing, features=features, classes=tuple(classes))
    live = opened(browser, tmp_path, replace(model, preprocessing=renamed))
    assert first in live["sentence"].text
    assert second in live["sentence"].text
    assert [item.text for item in browser.find_elements(By.CSS_SELECTOR, "#live-answer tbody th")]
    assert classes[0] in live["answer"].text
    assert browser.find_elements(By.CSS_SELECTOR, "img:not(.live-paper), b, script[src]") == []
    names = [label.text for label in browser.find_elements(By.CSS_SELECTOR, ".live-inputs label")]
    assert names == [first, second]
    assert complaints(browser) == []


def test_numbers_beyond_all_reach_are_said_to_be(browser: WebDriver, tmp_path: Path) -> None:
    model = with_network(trained_model(0), [LayerSpec(1, replace(TANH))], spread=1.0)
    preprocessing = model.preprocessing
    features = tuple(replace(feature, logarithm=True) for feature in preprocessing.features)
    model = replace(model, preprocessing=replace(preprocessing, features=features))
    live = opened(browser, tmp_path, model)
    live["first"].clear()
    live.press("first", "-3")
    assert live["sentence"].text.endswith(": no number, the values are out of its reach.")
    assert complaints(browser) == []


def test_without_scripts_a_sentence_stands_in_its_place(
    browser: WebDriver, moons: Moons, tmp_path: Path
) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        open_page(browser, tmp_path / "page.html", moons.text)
        text = browser.find_element(By.TAG_NAME, "main").text
        shown = browser.find_element(By.ID, "live-box").is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    assert text.startswith("Here the network itself runs where a browser runs scripts")
    assert not shown


def test_a_network_that_is_too_large_is_a_sentence(browser: WebDriver, tmp_path: Path) -> None:
    live = {"data": None, "features": ["a", "b"], "notes": ["there is nothing to try here"]}
    open_page(browser, tmp_path / "page.html", live_page(live))
    assert browser.find_element(By.TAG_NAME, "main").text == "there is nothing to try here"
    assert complaints(browser) == []
