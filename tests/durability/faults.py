"""What is done to a process: a kill, an error or a signal, at the N-th change or batch it makes."""

from __future__ import annotations

import errno
import os
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tests.durability.trainings import digest

STANDARD_STREAMS = 2  # the largest descriptor of a stream that is no file of a run
REPORTED = {  # Python's audit events of calls that change a disk
    "os.rename": "rename",
    "os.link": "link",
    "os.symlink": "symlink",
    "os.mkdir": "mkdir",
    "os.remove": "unlink",
    "os.rmdir": "rmdir",
    "os.truncate": "truncate",
    "os.chmod": "chmod",
}
UNREPORTED = ("write", "fsync")
NEEDING_ROOM = frozenset({"open", "write", "mkdir", "link"})
SAVED = ("best.npz", "last.npz")


@dataclass(frozen=True)
class Fault:
    """One key of `FAULTS`, and the change, write, batch or byte (from 1) at which it strikes."""

    name: str
    at: int

    def __str__(self) -> str:
        """`kill at change 17`."""
        return f"{self.name} at {FAULTS[self.name].counted} {self.at}"


@dataclass
class Watch:
    """Counts the changes that this process makes to the disk; a fault strikes among them.

    Once begun it stays: it is for a process that was forked to be killed.
    """

    fault: Fault | None
    tell: Callable[[str], object]  # tells whoever waits for this process what was struck
    counts: dict[str, int] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)  # a call and its path each
    saved: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in SAVED})

    def begin(self) -> None:
        """Look at every change from now on."""
        if self.fault is not None:
            FAULTS[self.fault.name].begin(self)
        sys.addaudithook(self._audit)
        for name in UNREPORTED:
            setattr(os, name, partial(self._call, name, getattr(os, name)))

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if not isinstance(path, int) and flags & (os.O_CREAT | os.O_TRUNC):
                self._change("open", path)
        elif event in REPORTED:
            self._change(REPORTED[event], arguments[0])
            if event == "os.rename" and (name := Path(os.fsdecode(arguments[1])).name) in SAVED:
                self.saved[name].append(digest(Path(os.fsdecode(arguments[0]))))

    def _call(self, name: str, call: Callable[..., Any], descriptor: int, *data: Any) -> Any:
        if descriptor <= STANDARD_STREAMS:
            return call(descriptor, *data)
        half = partial(call, descriptor, *(d[: len(d) // 2] for d in data))
        written = self._change(name, descriptor, half if data else None)
        try:
            return written or call(descriptor, *data)
        except OSError:
            self.struck()
            raise

    def _change(
        self, name: str, path: str | bytes | int, half: Callable[[], int] | None = None
    ) -> int | None:
        """Count a change and let the fault strike; return what a write that fell short wrote."""
        path = path_of(path) if isinstance(path, int) else os.fsdecode(path)
        of_names = name == "fsync" and Path(path).is_dir()
        self.changes.append(f"{name} {path}{f' after {self.changes[-1]}' if of_names else ''}")
        self.counts[name] = self.counts.get(name, 0) + 1
        if self.fault is None:
            return None
        return FAULTS[self.fault.name].strike(self, name, half)

    def struck(self, what: str | None = None) -> None:
        """Tell what was struck, the last change where nothing else is said."""
        self.tell(what or self.changes[-1])


def path_of(descriptor: int) -> str:
    """Return the path of an open file where the system tells it."""
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}")  # noqa: PTH115  a Path would be slow
    except OSError:
        return str(descriptor)


@dataclass(frozen=True)
class Kind:
    """How a fault comes about."""

    counted: str  # what `Fault.at` counts
    endings: frozenset[int | None]  # the exit codes that it may lead to; None: killed
    begin: Callable[[Watch], None] = lambda *_: None
    strike: Callable[[Watch, str, Callable[[], int] | None], int | None] = lambda *_: None


def kill(watch: Watch, name: str, half: Callable[[], int] | None) -> None:
    """Die before the change."""
    if len(watch.changes) == at(watch):
        die(watch)


def kill_in_write(watch: Watch, name: str, half: Callable[[], int] | None) -> None:
    """Die when half of the bytes are written."""
    if half is not None and watch.counts[name] == at(watch):
        half()
        die(watch)


def fail_once(watch: Watch, name: str, half: Callable[[], int] | None) -> None:
    """Fail as a disk does that has a bad sector."""
    if len(watch.changes) == at(watch):
        watch.struck()
        raise OSError(errno.EIO, os.strerror(errno.EIO))


def stay_full(watch: Watch, name: str, half: Callable[[], int] | None) -> int | None:
    """Fail as a disk does that is full: half a write fits, and nothing after it."""
    if len(watch.changes) < at(watch) or name not in NEEDING_ROOM:
        return None
    watch.struck()
    if len(watch.changes) == at(watch) and half is not None:
        return half()
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def limit_files(watch: Watch) -> None:
    """Let no file grow beyond a size: a write takes what fits, and fails the next time."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (at(watch), at(watch)))


def interrupt_batch(watch: Watch) -> None:
    """Press Ctrl-C in the middle of a batch."""
    from nnctl.training.steps import Steps

    propagate, batches = Steps.propagate, iter(range(1, sys.maxsize))

    def counted(*arguments: Any) -> Any:
        if next(batches) == at(watch):
            watch.struck("a batch")
            os.kill(os.getpid(), signal.SIGINT)
        return propagate(*arguments)

    setattr(Steps, "propagate", counted)  # noqa: B010  mypy lets nobody assign a method


def at(watch: Watch) -> int:
    """Return when the fault strikes."""
    assert watch.fault is not None
    return watch.fault.at


def die(watch: Watch) -> None:
    """End as by the power switch."""
    watch.struck()
    os.kill(os.getpid(), signal.SIGKILL)


KILLED = frozenset({None, 0})
FAILED = frozenset({0, 7})
FAULTS = {
    "kill": Kind("change", KILLED, strike=kill),
    "kill-in-write": Kind("write", KILLED, strike=kill_in_write),
    "EIO": Kind("change", FAILED, strike=fail_once),
    "ENOSPC": Kind("change", FAILED, strike=stay_full),
    "file-size-limit": Kind("byte", FAILED, begin=limit_files),
    "interrupt": Kind("batch", frozenset({0, 130}), begin=interrupt_batch),
}
