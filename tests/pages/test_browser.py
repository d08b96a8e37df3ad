from __future__ import annotations

from pathlib import Path

import pytest

from tests.pages.browser import REQUIRED, opened_browser


@pytest.mark.parametrize(
    ("required", "outcome"), [(None, pytest.skip.Exception), ("1", pytest.fail.Exception)]
)
def test_without_a_browser_tests_are_skipped_unless_it_is_required(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    required: str | None,
    outcome: type[BaseException],
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(REQUIRED, raising=False)
    if required is not None:
        monkeypatch.setenv(REQUIRED, required)
    with pytest.raises(outcome, match="install chromium"), opened_browser(tmp_path):
        pass
