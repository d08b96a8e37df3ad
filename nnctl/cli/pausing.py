"""Ctrl-C and SIGTERM in training: the first pauses it, the second ends it at once."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from nnctl.cli.console import Terminated

MESSAGE = b"\nstopping after this batch; once more stops at once\n"


@dataclass
class Pause:
    """Which signal came, if one did."""

    signal: int | None = None

    def raise_again(self) -> None:
        """End the command as the signal would have."""
        if self.signal == signal.SIGINT:
            raise KeyboardInterrupt
        if self.signal is not None:
            raise Terminated


@contextlib.contextmanager
def pausing(request: Callable[[], None]) -> Iterator[Pause]:
    """Call `request` when a signal comes; a second one is the kernel's, which asks nobody.

    It is so to the end of the process, for what the first one raised is still to be put in order. A
    run can be resumed from whatever moment it is killed at, so nothing good is lost by that. A
    signal that the caller had us ignore, as `nohup` and shells do for jobs in the background, is
    ignored still.
    """
    pause = Pause()
    heeded = {
        number: signal.getsignal(number)
        for number in (signal.SIGINT, signal.SIGTERM)
        if signal.getsignal(number) != signal.SIG_IGN
    }

    def handle(number: int, _frame: object) -> None:
        pause.signal = number
        for each in heeded:
            signal.signal(each, signal.SIG_DFL)
        request()
        with contextlib.suppress(OSError):
            os.write(2, MESSAGE)  # print might be in the middle of a line of its own

    for number in heeded:
        signal.signal(number, handle)
    try:
        yield pause
    finally:
        for number, handler in heeded.items():
            if pause.signal is None:
                signal.signal(number, handler)
