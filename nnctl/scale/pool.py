"""Processes that wait for trials: started once, replaced where one dies."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any

from nnctl.runs.sweep import SweepDirectory
from nnctl.scale.crew import Crew
from nnctl.scale.space import Parameters
from nnctl.scale.worker import PAUSE

# A worker looks for modules where this process does.
BEGIN = """\
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from nnctl.scale.worker import main
main(*sys.argv[2:])
"""
# A trial uses as many BLAS threads as its config says; libraries need not start more than one.
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
# Ctrl-C in a terminal reaches the workers too; the sweep tells them what to do about it.
LEFT_TO_THE_SWEEP = (signal.SIGINT, signal.SIGTERM)


@dataclass(eq=False)
class Member:
    """A worker, and the trials that it has in hand."""

    process: subprocess.Popen[bytes]
    connection: Connection
    trials: Mapping[int, Parameters] = field(default_factory=dict)


class Pool(Crew[Member]):
    """So many workers of a sweep.

    Each holds the sweep's lock, by the descriptor `held`: whoever goes on with the sweep waits
    until the last of them has ended.
    """

    def __init__(self, directory: SweepDirectory, count: int, held: int) -> None:
        self.directory, self.held = directory, held
        self.bell, self._bell_rope = os.pipe()
        self.members: list[Member] = []
        try:
            for _ in range(count):
                self.members.append(self._started())
        except BaseException:
            self.close()
            raise

    def _started(self) -> Member:
        ours, theirs = Pipe()
        words = [json.dumps(sys.path), str(theirs.fileno()), str(self.directory.path.absolute())]
        before = signal.pthread_sigmask(signal.SIG_BLOCK, LEFT_TO_THE_SWEEP)
        try:
            process = subprocess.Popen(
                [sys.executable, "-c", BEGIN, *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={**os.environ, **ONE_THREAD},
                pass_fds=(theirs.fileno(), self.held),
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        return Member(process, ours)

    @property
    def takes_several(self) -> bool:
        return True

    def give(self, member: Member, trials: Mapping[int, Parameters], reported: str | None) -> None:
        """Let a worker train trials; that it has died is told by `heard`.

        After each epoch of one it writes that and its `reported` metric, and waits for the answer.
        """
        member.trials = trials
        self._send(member, {"trials": [*trials.items()], "reported": reported})

    def answer(self, member: Member, is_pruned: bool) -> None:
        """Tell a worker whether the trial in hand is to end."""
        self._send(member, is_pruned)

    def pause(self) -> None:
        """Ask all workers to end after the batch in hand."""
        for member in self.busy:
            self._send(member, PAUSE)

    def ring(self) -> None:
        """Let `heard` return; a signal handler may call it at any time."""
        os.write(self._bell_rope, b".")

    def heard(self) -> Iterator[tuple[Member, bytes | None]]:
        """Wait, and yield each worker that has written, with its message; None if it died."""
        connections = {member.connection: member for member in self.members}
        for ready in wait([self.bell, *connections]):
            if ready == self.bell:
                os.read(self.bell, 1)
                continue
            member = connections[ready]  # type: ignore[index]
            try:
                message = member.connection.recv_bytes()
            except (EOFError, OSError):
                yield member, None
            else:
                yield member, message

    def replace(self, member: Member) -> int:
        """Put a new worker where one has died; return how it did, as `Popen.returncode` has it."""
        member.connection.close()
        code = member.process.wait()
        self.members.remove(member)
        self.members.append(self._started())
        return code

    def close(self) -> None:
        """End all workers, whatever they do."""
        for member in self.members:
            member.connection.close()
        for member in self.members:
            member.process.wait()
        self.members = []
        os.close(self.bell)
        os.close(self._bell_rope)

    @staticmethod
    def _send(member: Member, message: Any) -> None:
        with contextlib.suppress(OSError):
            member.connection.send_bytes(json.dumps(message).encode())
