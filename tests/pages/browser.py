"""A real browser without a window, for the tests of pages; and pages to open in it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.chrome.webdriver import WebDriver

from nnctl.pages.rendering import environment

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
DRIVER = "chromedriver"
REQUIRED = "NNCTL_TEST_BROWSER"
OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,1000",
    "--force-device-scale-factor=1",
)
PAGE = """
{%- extends "base.html.j2" %}
{% block title %}live{% endblock %}
{% block style %}{{ asset("live.css") }}{% endblock %}
{% block header %}<h1>live</h1>{% endblock %}
{% block main %}<section>{% include "live.html.j2" %}</section>{% endblock %}
"""


@contextmanager
def opened_browser(profile: Path) -> Iterator[WebDriver]:
    """Start a browser with an empty profile; skip where there is none, unless it is required."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    driver = shutil.which(DRIVER)
    if found is None or driver is None:
        reason = f"install chromium and {DRIVER} to test pages in a browser"
        if os.environ.get(REQUIRED) == "1":
            pytest.fail(f"{reason} ({REQUIRED}=1 requires it)")
        pytest.skip(reason)
    options = Options()
    options.binary_location = found
    for option in (*OPTIONS, f"--user-data-dir={profile}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = webdriver.Chrome(options=options, service=Service(driver))
    try:
        yield browser
    finally:
        browser.quit()


def live_page(live: dict[str, Any]) -> str:
    """Return a page that holds nothing but the live section of a document."""
    return environment().from_string(PAGE).render(live=live)


def open_page(browser: WebDriver, path: Path, text: str) -> None:
    """Write a page to a file and open it."""
    path.write_text(text, encoding="utf-8")
    visit(browser, path)


def visit(browser: WebDriver, path: Path) -> None:
    """Open a page, with the pointer in a corner: a page that scrolls under it would notice it."""
    corner = {"type": "mouseMoved", "x": 1, "y": 1}
    browser.execute_cdp_cmd("Input.dispatchMouseEvent", corner)
    browser.get(path.as_uri())


def complaints(browser: WebDriver) -> list[str]:
    """Return what the browser has written to its console since it was last asked."""
    return [entry["message"] for entry in browser.get_log("browser")]  # type: ignore[no-untyped-call]


def settled(browser: WebDriver, frames: int = 2) -> None:
    """Wait until the page has drawn what it was told."""
    script = """
    let [frames, done] = arguments;
    const step = () => (frames-- > 0 ? requestAnimationFrame(step) : done());
    step();
    """
    browser.execute_async_script(script, frames)


@contextmanager
def media(browser: WebDriver, scheme: str, medium: str = "screen") -> Iterator[None]:
    """Show the page as to someone who wants it light or dark, or on paper."""
    command = "Emulation.setEmulatedMedia"
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd(command, {"media": medium, "features": features})
    try:
        yield
    finally:
        features = [{"name": "prefers-color-scheme", "value": "light"}]
        browser.execute_cdp_cmd(command, {"media": "", "features": features})


def requests(browser: WebDriver) -> list[str]:
    """Return the addresses that the open page has asked for beside data, its own among them."""
    entries = browser.get_log("performance")  # type: ignore[no-untyped-call]
    messages = [json.loads(entry["message"])["message"] for entry in entries]
    sent = [each["params"] for each in messages if each["method"] == "Network.requestWillBeSent"]
    own = [request for request in sent if request["documentURL"] == browser.current_url]
    addresses = [request["request"]["url"] for request in own]
    return [address for address in addresses if not address.startswith("data:")]
