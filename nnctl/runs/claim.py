"""How a directory comes to stand: its name is claimed, and it appears under it whole.

`mkdir` claims a name, and a lock of the kernel's on the directory says that the process which
claimed it lives. A claim that is empty, and that nobody holds, was left by a process that was
killed: the next one takes it, instead of a number behind the name. It may be a directory that a
person made for the run, too: who may read it stays as it was, and whoever fails leaves it there.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from nnctl.errors import UsageError
from nnctl.runs.atomic import (
    remove_stale_temporaries,
    storage_error,
    sync_directory,
    temporary_path,
)
from nnctl.runs.lock import Held, hold_unborn, keep_held, lock_alone

LATEST = "latest"  # what a run is asked for by, and not called


def create_held(
    kind: Callable[[Path], Held], runs_dir: Path, name: str, fill: Callable[[Path], None]
) -> Held:
    """Create a run, or a directory of runs, that this process holds before anyone can see it.

    It lets go of it at the end of the first `hold_run`, or with what is returned. Raises as
    `create_directory` does.
    """
    with contextlib.ExitStack() as stack:
        descriptors: list[int] = []

        def fill_and_hold(path: Path) -> None:
            fill(path)
            descriptors.append(hold_unborn(path))
            stack.callback(os.close, descriptors[0])

        directory = kind(create_directory(runs_dir, name, fill_and_hold))
        keep_held(directory, descriptors[0])
        stack.pop_all()
    return directory


def create_directory(runs_dir: Path, name: str, fill: Callable[[Path], None]) -> Path:
    """Create the directory `name`, or `name-2`, `name-3` ... where that is taken, whole.

    `fill` writes the first files into a hidden sibling, which is then renamed over the empty
    claim. Whoever looks sees an empty directory or a complete one; when `fill` raises, nothing is
    left. Raises StorageError (7) where the directory cannot be written, UsageError (2) for a bad
    name.
    """
    check_name(name)
    try:
        runs_dir.mkdir(parents=True, exist_ok=True)
        remove_stale_temporaries(runs_dir)
        with claimed(runs_dir, name) as claim, undone_on_failure(claim):
            build(claim, fill)
    except OSError as error:
        raise storage_error(error, runs_dir / name, "created") from error
    return claim


def check_name(name: str) -> None:
    """Raise UsageError for a name that a directory of runs cannot hold, or that says nothing."""
    plain = name == Path(name).name and name.isprintable() and not name.startswith(".")
    if not name or not plain or name == LATEST:
        raise UsageError(f"a run cannot be called {name!r}; give a plain name such as iris-deep")


@contextlib.contextmanager
def claimed(runs_dir: Path, name: str) -> Iterator[Path]:
    """Claim the first name that is free, and hold it while the block runs."""
    for number in itertools.count(1):
        path = runs_dir / (name if number == 1 else f"{name}-{number}")
        is_ours = make(path)
        descriptor = held(path, is_ours=True) if is_ours else left_behind(path)
        if descriptor is not None:
            with contextlib.ExitStack() as stack:
                stack.callback(os.close, descriptor)  # and with it goes the lock
                if is_ours:
                    stack.enter_context(removed_on_failure(path))
                yield path
            return


def left_behind(path: Path) -> int | None:
    """Return a descriptor that holds an empty directory of ours; None where it is none.

    Of two processes that find the same directory empty one gets the lock. The other, or whoever
    gets it later, then finds that another directory was renamed to the path, or is still refused.
    """
    with contextlib.suppress(OSError):  # such as of another user's directory, or of a file
        if path.lstat().st_uid == os.geteuid() and is_empty(path):
            return held(path, is_ours=False)
    return None


def make(path: Path) -> bool:
    """Make the directory; False where something is called so already."""
    try:
        path.mkdir()
    except FileExistsError:
        return False
    return True


def is_empty(path: Path) -> bool:
    """Whether a directory holds nothing."""
    with os.scandir(path) as entries:
        return next(entries, None) is None


def held(path: Path, *, is_ours: bool) -> int | None:
    """Open the directory and lock it; None where another process was faster."""
    with contextlib.ExitStack() as stack, contextlib.suppress(FileNotFoundError):
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(path, flags)
        stack.callback(os.close, descriptor)
        # Where there are no locks, nobody can tell an old claim from that of a living process.
        if lock_alone(descriptor, without_locks=is_ours) and is_still(path, descriptor):
            stack.pop_all()
            return descriptor
    return None


def is_still(path: Path, descriptor: int) -> bool:
    """Whether an open directory is the one at the path, and empty."""
    opened, there = os.fstat(descriptor), path.lstat()
    same = (opened.st_dev, opened.st_ino) == (there.st_dev, there.st_ino)
    return same and is_empty(path)


def build(claim: Path, fill: Callable[[Path], None]) -> None:
    """Fill a hidden sibling, and rename it over the claim."""
    path = temporary_path(claim)
    shutil.rmtree(path, ignore_errors=True)  # of a killed process that had our number
    path.mkdir()
    fill(path)
    mode, usual = (stat.S_IMODE(directory.stat().st_mode) for directory in (claim, path))
    if mode != usual:
        path.chmod(mode)
    sync_directory(path)
    path.rename(claim)
    sync_directory(claim.parent)


@contextlib.contextmanager
def undone_on_failure(claim: Path) -> Iterator[None]:
    """Leave nothing of what was begun where the block fails."""
    try:
        yield
    except BaseException:
        shutil.rmtree(temporary_path(claim), ignore_errors=True)
        raise


@contextlib.contextmanager
def removed_on_failure(claim: Path) -> Iterator[None]:
    """Free the name where the block fails."""
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            claim.rmdir()
        raise
