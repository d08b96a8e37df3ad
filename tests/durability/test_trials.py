from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.cli.commands import ROOT, environment

# As many as take half a minute. A file is saved in six changes: only a stride that shares no factor
# with six meets each of these, and strides that differ meet other moments than one another.
SMALL_FORMS = (
    ("kills", "--every", "5"),
    ("errors", "--every", "7"),
    ("limits", "--every", "8"),
    ("pairs", "--every", "7"),
    ("pauses", "--every", "2"),
    ("extensions", "--every", "31"),
    ("damages", "--every", "29"),
    ("folds", "--every", "97"),
    ("seeds", "--every", "331"),
    ("settings", "--every", "6"),
    ("random", "--kills", "20"),
)
MOST_SECONDS = 600


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork a process")
@pytest.mark.parametrize("words", SMALL_FORMS, ids=lambda words: words[0])
def test_a_run_that_is_struck_and_resumed_ends_in_the_same_bytes(words: tuple[str, ...]) -> None:
    assert run("trials", *words).endswith(" s)\n")


def run(program: str, *words: str) -> str:
    """Run a proof; return what it printed, once it has held."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.durability.{program}", *words],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=MOST_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
