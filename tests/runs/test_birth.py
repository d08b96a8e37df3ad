"""A run is held by the process that creates it, before anyone sees it and until it is trained."""

from __future__ import annotations

import contextlib
import errno
import gc
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nnctl.errors import RunError, StorageError
from nnctl.runs.catalogue import entries_at
from nnctl.runs.directory import RunDirectory, create_run
from nnctl.runs.group import CrossValidationDirectory, SeedsDirectory, create_group
from nnctl.runs.json_file import write_json
from nnctl.runs.lock import hold_run, is_held
from nnctl.runs.pruning import candidate, remove
from nnctl.runs.status import run_status
from nnctl.runs.sweep import create_sweep

OPEN = Path("/proc/self/fd")  # a file for each descriptor
RECORD: dict[str, Any] = {"status": "running", "results": []}
# What another process says of a run: whether it may remove it.
ASK = """
import sys
from pathlib import Path
from nnctl.runs.catalogue import entries_at
from nnctl.runs.pruning import candidate
(entry,) = entries_at(Path(sys.argv[1]))
print(entry.status, candidate(entry).obstacle)
"""


def write_record(run: RunDirectory) -> None:
    data = {"source": None, "train_rows": 1, "validation_rows": 0, "test_rows": 0}
    write_json(run.run_json, {"status": "running", "seed": 0, "started": "2026", "data": data})


CREATE: dict[str, Callable[[Path], Any]] = {
    "run": lambda place: create_run(place, "it", write_record),
    "seeds": lambda place: create_group(SeedsDirectory, place, "it", RECORD, ""),
    "folds": lambda place: create_group(CrossValidationDirectory, place, "it", RECORD, ""),
    "sweep": lambda place: create_sweep(place, "it", RECORD, "", ""),
}


def told_elsewhere(path: Path) -> str:
    """What another process says of it."""
    done = subprocess.run(
        [sys.executable, "-c", ASK, str(path)], stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize("create", CREATE.values(), ids=CREATE)
def test_what_was_created_a_moment_ago_is_not_killed_and_stays(
    create: Callable[[Path], Any], tmp_path: Path
) -> None:
    created = create(tmp_path)
    assert told_elsewhere(created.path) == "running is being trained"
    (entry,) = entries_at(created.path)
    assert (entry.status, candidate(entry).obstacle) == ("running", "is being trained")
    with pytest.raises(RunError, match="is being trained by another process"):
        remove(entry)
    assert created.path.exists()


@pytest.mark.parametrize("create", CREATE.values(), ids=CREATE)
def test_whoever_created_it_trains_it_and_then_lets_go_of_it(
    create: Callable[[Path], Any], tmp_path: Path
) -> None:
    created = create(tmp_path)
    with hold_run(created) as descriptor:
        assert os.fstat(descriptor).st_ino == created.path.stat().st_ino
        assert is_held(created)
    assert not is_held(created)
    with hold_run(created):
        assert is_held(created)
    assert told_elsewhere(created.path) == "killed None"


def test_it_is_held_before_anyone_can_see_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    rename = Path.rename

    def look_first(self: Path, target: Path) -> Path:
        moved = rename(self, target)
        seen.append(run_status(RunDirectory(moved)))  # at once
        return moved

    monkeypatch.setattr(Path, "rename", look_first)
    run = create_run(tmp_path, "it", write_record)
    assert seen == ["running"]
    assert run.run_json.exists()


def test_a_run_that_nobody_wants_to_train_any_more_is_let_go_of(tmp_path: Path) -> None:
    run = create_run(tmp_path, "it", write_record)
    path = run.path
    assert is_held(RunDirectory(path))
    del run
    gc.collect()
    assert not is_held(RunDirectory(path))


def test_a_process_that_dies_lets_go_of_it(tmp_path: Path) -> None:
    code = "import os, sys; from tests.runs.test_birth import *; "
    code += "run = create_run(Path(sys.argv[1]), 'it', write_record); os._exit(9)"
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert run_status(RunDirectory(tmp_path / "it")) == "killed"


@contextlib.contextmanager
def forked(child: Callable[[], object]) -> Iterator[None]:
    """Let a fork of this process do something and live while the block runs."""
    ours, its = socket.socketpair()
    process = os.fork()
    if process == 0:
        with contextlib.suppress(BaseException):
            ours.close()
            child()
            its.sendall(b".")
            its.recv(1)
        os._exit(0)
    its.close()
    with ours:
        assert ours.recv(1) == b".", "it failed"
        yield
    os.waitpid(process, 0)


def test_who_was_forked_meanwhile_does_not_keep_it(tmp_path: Path) -> None:
    trained, dropped = (create_run(tmp_path, name, write_record) for name in ("a", "b"))
    paths = [trained.path, dropped.path]
    with contextlib.ExitStack() as stack:
        with hold_run(trained):
            stack.enter_context(forked(lambda: None))
        del dropped
        gc.collect()
        assert [is_held(RunDirectory(path)) for path in paths] == [False, False]


def test_who_was_forked_meanwhile_does_not_let_go_of_it(tmp_path: Path) -> None:
    run, newborn = (create_run(tmp_path, name, write_record) for name in ("a", "b"))
    holding = contextlib.ExitStack()
    holding.enter_context(hold_run(run))

    def end() -> None:
        nonlocal newborn
        holding.close()
        del newborn
        gc.collect()

    path = newborn.path
    with forked(end):
        assert is_held(run)
        assert is_held(RunDirectory(path))
    holding.close()


@pytest.mark.skipif(not OPEN.is_dir(), reason="the kernel does not tell what is open")
def test_what_cannot_be_created_in_the_end_is_not_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Path, target: Path) -> Path:
        raise OSError(errno.EIO, "failed", str(target))

    before = len([*OPEN.iterdir()])
    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", fail)
        with pytest.raises(StorageError):
            create_run(tmp_path, "it", write_record)
    assert len([*OPEN.iterdir()]) == before
    assert [*tmp_path.iterdir()] == []
