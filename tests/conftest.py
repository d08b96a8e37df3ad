"""What every test stands on: one BLAS thread, files in memory, and no options of the owner's."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import forked
from tests.documents import environment

MEMORY = Path("/dev/shm")
LEAST_ROOM = 4 << 30  # bytes: the tests of one run leave half of a GiB, and pytest keeps three
LONG = ("test_course", "test_readme", "test_mpi", "test_trials", "test_syscalls")
# Test processes run side by side; more BLAS threads would only wait for one another.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# Half of what a test with a run waits for is a disk: each save is synced, which memory need not be.
if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > LEAST_ROOM:
    os.environ.setdefault("TMPDIR", str(MEMORY))
    tempfile.tempdir = None  # is found anew
# A shell lets what it starts in the background ignore Ctrl-C, and so would the commands under test.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what takes long first: at the end a process would wait for the other's long test."""
    items.sort(key=lambda item: item.path.stem not in LONG)


@pytest.fixture(autouse=True)
def _no_environment_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what changes where runs stand or how text looks."""
    for name in ("NNCTL_RUNS_DIR", "FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture(scope="session")
def commands() -> Iterator[Path]:
    """Return a directory in which a shell finds an `nnctl` that has imported all that it needs."""
    if sys.platform != "linux":  # elsewhere libraries may not stand a fork
        yield Path(sys.executable).parent
        return
    with forked.commands(environment()) as directory:
        yield directory
