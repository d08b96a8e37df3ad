"""Two processes never train the same run at once."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from nnctl.errors import Problem, RunError
from nnctl.runs.atomic import storage_error

if TYPE_CHECKING:
    from nnctl.runs.directory import RunDirectory
    from nnctl.runs.group import GroupDirectory
    from nnctl.runs.sweep import SweepDirectory

    Directory: TypeAlias = RunDirectory | GroupDirectory | SweepDirectory

Held = TypeVar("Held", bound="Directory")
# Whoever asks whether a run is held locks it for an instant: that is no reason to give up.
ATTEMPTS, SECONDS_BETWEEN = 20, 0.01
# id of a directory that this process created and does not train yet -> what holds it since then
_NEWBORN: dict[int, int] = {}


@contextlib.contextmanager
def hold_run(run: Directory) -> Iterator[int]:
    """Keep every other process from training `run` while the block runs.

    The lock is the kernel's, on the directory itself: it leaves no file, and ends with the process
    that holds it, however that dies, or with the last one to which it handed the descriptor that
    the block is given. Raises RunError (4) while another process holds it.
    """
    newborn = _NEWBORN.pop(id(run), None)
    with _opened(run.path) if newborn is None else _taken_over(newborn) as descriptor:
        for _ in range(ATTEMPTS):
            if _is_locked(descriptor, fcntl.LOCK_EX):
                break
            time.sleep(SECONDS_BETWEEN)
        else:
            message = "is being trained by another process; wait for it, or stop it"
            raise RunError(Problem(message, file=str(run.path)))
        holder = os.getpid()
        try:
            yield descriptor
        finally:
            _unlock(descriptor, holder)


def is_held(run: Directory) -> bool:
    """Whether a process, this one or another, is training the run now."""
    with _opened(run.path) as descriptor:
        return not _is_locked(descriptor, fcntl.LOCK_SH)  # shared by all who ask at the same time


def hold_unborn(path: Path) -> int:
    """Lock a directory that has a hidden name yet; return the descriptor that holds it.

    The lock stays when the directory is renamed, so that nobody ever sees it without.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    _is_locked(descriptor, fcntl.LOCK_EX)
    return descriptor


def keep_held(run: Directory, descriptor: int) -> None:
    """Hold a run that was created a moment ago until `hold_run` does, or `run` is let go of."""
    _NEWBORN[id(run)] = descriptor
    weakref.finalize(run, _let_go, id(run), os.getpid())


def _let_go(key: int, holder: int) -> None:
    descriptor = _NEWBORN.pop(key, None)
    if descriptor is not None:
        _unlock(descriptor, holder)
        os.close(descriptor)


@contextlib.contextmanager
def _taken_over(descriptor: int) -> Iterator[int]:
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise storage_error(error, path, "opened") from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _unlock(descriptor: int, holder: int) -> None:
    """Let go of a lock that this process holds, also where forked ones have the descriptor."""
    if os.getpid() == holder:  # and is no fork, which may close a descriptor and no more
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_UN)


def lock_alone(descriptor: int, *, without_locks: bool) -> bool:
    """Take the lock of a directory that is open; False where another has it.

    `without_locks` is the answer on a file system that has none, as some of networks.
    """
    return _is_locked(descriptor, fcntl.LOCK_EX, without_locks)


def _is_locked(descriptor: int, kind: int, without_locks: bool = True) -> bool:
    """Take the lock, which ends with the descriptor; False where another has it.

    That there are no locks must not keep anyone from training.
    """
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return without_locks
    return True
