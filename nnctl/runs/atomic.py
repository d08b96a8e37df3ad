"""A file is replaced whole or not at all, whatever happens while it is written."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import shutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
PERMISSIONS = 0o777  # of owner, group and others; no set-user-ID
PRIVATE = 0o600  # until it is known who may read


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
    """Replace the file at `path` by `data`, or leave it as it was and raise StorageError (7)."""
    with written_whole(path) as file:
        file.write(data)


def require_writable(path: Path) -> None:
    """Raise StorageError (7) where no file could be written at `path`, before the work for it."""
    with _storage_errors(path):
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if path.exists() and not path.is_file():
            return  # to open a named pipe would wait for its reader
        trial = temporary_path(path.resolve())
        trial.unlink(missing_ok=True)
        trial.touch()
        trial.unlink()


class OutputFile(io.FileIO):
    """An open file that writes all that it is given, or raises StorageError with its path."""

    def __init__(self, path: Path, descriptor: int) -> None:
        super().__init__(descriptor, "wb")
        self.path = path

    def write(self, data: Any) -> int:
        """Write all of the bytes in `data`."""
        with _storage_errors(self.path):
            write_fully(self.fileno(), data)
        return len(data)


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[OutputFile]:
    """Give a file to write piece by piece; it stands at `path` when the block has ended well.

    The bytes are written to a temporary sibling, synced, and renamed over `path`, so that a reader
    (or a machine that lost power) sees the old file or the new one; after any exception the old
    one. Links are followed, a file that is replaced keeps its permissions, and what is no regular
    file (`/dev/stdout`, a named pipe) is written to, never replaced. Raises StorageError (7).
    """
    with _storage_errors(path):
        is_special = path.exists() and not path.is_file()
    with _opened_as_it_is(path) if is_special else _replaced_at_the_end(path) as file:
        yield file


def _opened_as_it_is(path: Path) -> OutputFile:
    with _storage_errors(path):
        return OutputFile(path, os.open(path, os.O_WRONLY | os.O_CLOEXEC))


@contextlib.contextmanager
def _replaced_at_the_end(path: Path) -> Iterator[OutputFile]:
    with _storage_errors(path):
        target = path.resolve()
        temporary = temporary_path(target)
        # A killed process may have left this name: in a container, process numbers come back.
        temporary.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        mode = _mode_of(target)
        file = OutputFile(path, os.open(temporary, flags, 0o666 if mode is None else PRIVATE))
    try:
        if mode is not None:
            with _storage_errors(path):
                os.fchmod(file.fileno(), mode)
        yield file
        with _storage_errors(path):
            os.fsync(file.fileno())
            file.close()
            temporary.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            file.close()
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    with _storage_errors(path):
        sync_directory(target.parent)


def _mode_of(path: Path) -> int | None:
    """Return who may do what with the file, or None where there is none yet."""
    try:
        return stat.S_IMODE(path.stat().st_mode) & PERMISSIONS
    except FileNotFoundError:
        return None


@contextlib.contextmanager
def _storage_errors(path: Path) -> Iterator[None]:
    """Turn an OSError of the block, in which `path` is written, into a StorageError."""
    try:
        yield
    except OSError as error:
        raise storage_error(error, path, "written") from error


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


def keep_copy(path: Path, copy: Path) -> None:
    """Let `copy` be what `path` is now, whole or not at all; StorageError (7) where it cannot be.

    Both names stand for the same bytes, so that none are written, until `path` is replaced.
    """
    temporary = temporary_path(copy)
    try:
        if copy.exists() and copy.samefile(path):
            return  # of two names of one file, rename would remove neither
        temporary.unlink(missing_ok=True)
        temporary.hardlink_to(path)
        temporary.replace(copy)
        sync_directory(copy.parent)
    except FileNotFoundError as error:
        raise storage_error(error, path, "read") from error
    except OSError:  # a file system without links
        write_atomically(copy, path.read_bytes())


def require_room(path: Path, needed: int) -> None:
    """Raise StorageError (7) unless the disk that holds `path` has `needed` bytes left."""
    free = shutil.disk_usage(path.parent).free
    if free < needed:
        message = (
            f"the disk has {free:,} bytes left, and checkpoints will need {needed:,}; free some "
            "space, or choose another --runs-dir"
        )
        raise StorageError(Problem(message, file=str(path.parent)))
