"""Two processes never train the same run at once."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator

from nnctl.errors import Problem, RunError
from nnctl.runs.atomic import storage_error
from nnctl.runs.directory import RunDirectory


@contextlib.contextmanager
def hold_run(run: RunDirectory) -> Iterator[None]:
    """Keep every other process from training `run` while the block runs.

    The lock is the kernel's, on the directory itself: it leaves no file, and ends with the process
    that holds it, however that dies. Raises RunError (4) while another process holds it.
    """
    try:
        descriptor = os.open(run.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise storage_error(error, run.path, "opened") from error
    try:
        _lock(descriptor, run)
        yield
    finally:
        os.close(descriptor)


def is_held(run: RunDirectory) -> bool:
    """Whether a process, this one or another, is training the run now."""
    try:
        with hold_run(run):
            return False
    except RunError:
        return True


def _lock(descriptor: int, run: RunDirectory) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        message = "is being trained by another process; wait for it, or stop it"
        raise RunError(Problem(message, file=str(run.path))) from error
    except OSError:
        return  # some network file systems have no locks: that must not keep anyone from training
