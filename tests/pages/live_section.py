"""The live section of an open page, as a person at the browser sees and moves it."""

from __future__ import annotations

import json

import numpy as np
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from nnctl.nn.arrays import FloatArray
from nnctl.training.inference import Model
from tests.pages.browser import settled
from tests.pages.networks import expected

TOLERANCE = 1e-5  # absolute for numbers below 1, relative above


class Live:
    """The live section of a page that is open."""

    def __init__(self, browser: WebDriver) -> None:
        self.browser = browser

    def __getitem__(self, name: str) -> WebElement:
        return self.browser.find_element(By.ID, f"live-{name}")

    def press(self, name: str, *keys: str) -> None:
        self[name].send_keys(*keys)
        settled(self.browser)

    @property
    def point(self) -> FloatArray:
        """Where the probe is (2,)."""
        return np.array(json.loads(self["cross"].get_attribute("data-point") or ""), np.float64)

    def values(self, box: str) -> list[float]:
        """All numbers of the tables in a box, in full precision, in order."""
        script = "return [...document.querySelectorAll(`#live-${arguments[0]} td`)]"
        script += ".map((cell) => Number(cell.dataset.value))"
        found: list[float] = self.browser.execute_script(script, box)
        return found

    def assert_shows(self, model: Model, most: int = 12) -> None:
        """The tables have what NumPy computes for the model at the probe."""
        (wanted,) = expected(model, self.point[np.newaxis])
        np.testing.assert_allclose(self.values("answer"), wanted["answers"], TOLERANCE, TOLERANCE)
        units = [
            number
            for layer in wanted["layers"]
            for pair in list(zip(layer["z"], layer["a"], strict=True))[:most]
            for number in pair
        ]
        np.testing.assert_allclose(self.values("layers"), units, TOLERANCE, TOLERANCE)
