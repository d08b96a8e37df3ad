"""Commands of nnctl, each in a forked child, for a process that has threads and may not fork.

    python -m tests.robustness.fork_server CONFIG

Each line of standard input is the words of a command, its directory, and the name and the moment
of what strikes it; a line of standard output says how it ended. All of it is JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tests.cli.commands import environment
from tests.durability import children
from tests.durability.children import Ending
from tests.durability.faults import Fault


class Commands:
    """The process that runs commands, as seen from the tests."""

    def __init__(self, config: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(config)],
            env={**environment(), "OPENBLAS_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, words: Sequence[str], directory: Path, fault: Fault | None = None) -> Ending:
        """Run a command, and let the fault strike it."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        struck_by = None if fault is None else [fault.name, fault.at]
        self.process.stdin.write(json.dumps([[*words], str(directory), struck_by]) + "\n")
        self.process.stdin.flush()
        return Ending(**json.loads(self.process.stdout.readline()))

    def close(self) -> None:
        """End the process."""
        self.process.communicate()


def serve(config: Path) -> None:
    """Run one command after another until there are no more."""
    children.prepare(config, saving_interval=0.0)
    requests = os.fdopen(os.dup(0))
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)  # no command waits for a line that is meant for this process
    for line in requests:
        words, directory, struck_by = json.loads(line)
        fault = None if struck_by is None else Fault(*struck_by)
        print(json.dumps(asdict(children.run(words, Path(directory), fault))), flush=True)


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
