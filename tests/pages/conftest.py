"""The browser of these tests: one a test process, since a start takes a second."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver

from tests.pages.browser import opened_browser


@pytest.fixture(name="browser", scope="session")
def _browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    with opened_browser(tmp_path_factory.mktemp("browser")) as browser:
        yield browser
