"""A file is replaced whole or not at all, whatever happens while it is written."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import time
from pathlib import Path

from nnctl.errors import Problem, StorageError

STORAGE_REMEDIES = {
    errno.ENOSPC: "free some space on the disk",
    errno.EDQUOT: "free some space in your quota",
    errno.EROFS: "choose a place on a disk that can be written",
    errno.EACCES: "change the permissions or choose another place",
    errno.EPERM: "change the permissions or choose another place",
    errno.EFBIG: "raise the limit on file sizes (`ulimit -f unlimited`)",
}
OTHER_REMEDY = "check the path and the disk"

TEMPORARY_NAME = re.compile(r"\..+\.([1-9][0-9]{0,8})\.tmp", re.DOTALL)
DIRECTORY_GRACE_SECONDS = 60.0


def storage_error(error: OSError, path: Path, action: str) -> StorageError:
    """Turn `error`, met when `path` was to be read or written, into one line with a remedy."""
    remedy = STORAGE_REMEDIES.get(error.errno or 0, OTHER_REMEDY)
    reason = error.strerror or str(error)
    return StorageError(Problem(f"cannot be {action} ({reason}); {remedy}", file=str(path)))


def temporary_path(path: Path) -> Path:
    """Return the hidden sibling in which this process builds `path`."""
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


def write_fully(descriptor: int, data: bytes) -> None:
    """Write all of `data`.

    One `write` may take only a part: at a limit it first writes what fits, and fails the next time.
    """
    remaining = memoryview(data)
    while remaining:
        remaining = remaining[os.write(descriptor, remaining) :]


def sync_directory(directory: Path) -> None:
    """Make the names in `directory` durable, as fsync makes a file's bytes durable."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems cannot sync a directory
            raise
    finally:
        os.close(descriptor)


def write_atomically(path: Path, data: bytes) -> None:
    """Replace the file at `path` by `data`, or leave it as it was and raise StorageError (7).

    The bytes are written to a temporary sibling, synced, and renamed over `path`, so that a reader
    (or a machine that lost power) sees the old file or the new one. Links are followed, and what is
    no regular file (`/dev/stdout`, a named pipe) is written to, never replaced.
    """
    try:
        if path.exists() and not path.is_file():
            _write_into(path, data)
        else:
            _replace(path.resolve(), data)
    except OSError as error:
        raise storage_error(error, path, "written") from error


def _write_into(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        write_fully(descriptor, data)
    finally:
        os.close(descriptor)


def _replace(path: Path, data: bytes) -> None:
    temporary = temporary_path(path)
    # A killed process may have left this name: in a container, process numbers come back.
    temporary.unlink(missing_ok=True)
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        try:
            write_fully(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def remove_stale_temporaries(directory: Path) -> None:
    """Remove what killed processes left half-built in `directory`; never fails, never descends.

    Call it where this process is the only writer, or where every writer runs on this machine. A
    temporary directory is a run that is being created, maybe from another machine whose processes
    cannot be seen here: it is left alone for its first minute.
    """
    with contextlib.suppress(OSError):
        for path in list(directory.iterdir()):
            match = TEMPORARY_NAME.fullmatch(path.name)
            if match and not _is_running_elsewhere(int(match[1])):
                _remove_temporary(path)


def _is_running_elsewhere(process: int) -> bool:
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)  # signal 0 asks whether the process is there and sends nothing
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _remove_temporary(path: Path) -> None:
    with contextlib.suppress(OSError):
        if path.is_symlink() or not path.is_dir():
            path.unlink()
        elif time.time() - path.stat().st_mtime > DIRECTORY_GRACE_SECONDS:
            shutil.rmtree(path, ignore_errors=True)
