from __future__ import annotations

import fcntl
import os
import signal
import threading
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from nnctl.errors import RunError, StorageError
from nnctl.runs.directory import RunDirectory
from nnctl.runs.lock import hold_run, is_held


def hold_until_killed(path: Path, connection: Connection) -> None:
    with hold_run(RunDirectory(path)):
        connection.send("held")
        connection.recv()


def test_a_run_held_by_another_process_is_refused_until_that_dies(tmp_path: Path) -> None:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    other = context.Process(target=hold_until_killed, args=(tmp_path, theirs))
    other.start()
    assert ours.poll(timeout=30)
    with (
        pytest.raises(RunError, match="is being trained by another process; wait for it"),
        hold_run(RunDirectory(tmp_path)),
    ):
        pass
    assert other.pid is not None
    os.kill(other.pid, signal.SIGKILL)
    other.join(timeout=30)
    with hold_run(RunDirectory(tmp_path)):
        assert list(tmp_path.iterdir()) == []


def test_a_run_is_free_again_after_the_block_even_when_that_fails(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    with pytest.raises(ZeroDivisionError), hold_run(run):
        raise ZeroDivisionError
    with hold_run(run), pytest.raises(RunError), hold_run(run):
        pass
    with hold_run(run):
        pass


def test_the_lock_stays_with_a_run_that_is_renamed(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    with hold_run(RunDirectory(before)):
        before.rename(after)
        with pytest.raises(RunError), hold_run(RunDirectory(after)):
            pass


def test_a_missing_run_cannot_be_held(tmp_path: Path) -> None:
    with (
        pytest.raises(StorageError, match="cannot be opened"),
        hold_run(RunDirectory(tmp_path / "x")),
    ):
        pass


def test_whoever_asks_is_told_whether_a_run_is_held(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    assert not is_held(run)
    with hold_run(run):
        assert is_held(run)
    assert not is_held(run)


def test_several_may_ask_at_the_same_time(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_SH)  # as one who asks does for an instant
    assert not is_held(RunDirectory(tmp_path))
    os.close(descriptor)


def test_one_who_asks_keeps_nobody_from_training(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    soon = 0.05
    answered = threading.Timer(soon, os.close, [descriptor])
    answered.start()
    with hold_run(RunDirectory(tmp_path)):
        answered.join()
