"""`nnctl` for a shell under test: forked from a process that has imported all of it already.

    python -m tests.forked SOCKET

Documents show a hundred commands, most of which take less time than their imports. Each call of
the script that `commands` writes is answered by a process of its own that has the caller's streams,
directory and environment, does what `python -m nnctl` does, and ends as that does.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import select
import shlex
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

import nnctl
from nnctl.cli.app import main

ROOMS = ("cli", "config", "data", "nn", "training", "runs", "analysis", "plots", "pages")
STREAMS = (0, 1, 2)
BUG = 1
MOST_BYTES = 1 << 16  # read at once
CALLER = """\
import json, os, socket, sys
address = sys.argv.pop(1)
with socket.socket(socket.AF_UNIX) as line:
    line.connect(address)
    socket.send_fds(line, [b"."], (0, 1, 2))
    line.sendall(json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode())
    line.shutdown(socket.SHUT_WR)
    sys.exit(int(line.recv(9)))
"""


@contextmanager
def commands(environment: Mapping[str, str]) -> Iterator[Path]:
    """Yield a directory for the PATH of a shell, in which `nnctl` is such a command."""
    with TemporaryDirectory() as name:
        address, script = f"{name}/socket", Path(name) / "nnctl"
        caller = shlex.join([sys.executable, "-IS", "-c", CALLER, address])
        script.write_text(f'#!/bin/sh\nexec {caller} "$@"\n')
        script.chmod(0o755)
        server = subprocess.Popen(
            [sys.executable, "-m", __name__, address],
            env={**environment, "OPENBLAS_NUM_THREADS": "1"},  # who forks must have one thread
            stdin=subprocess.PIPE,  # with its end the server ends
            stdout=subprocess.PIPE,
        )
        with server:
            assert server.stdout is not None
            assert server.stdout.readline(), "the server did not start"
            yield Path(name)


def serve(address: str) -> None:
    """Answer each call with a fork of this process, until standard input ends."""
    for _, name, _ in pkgutil.walk_packages(nnctl.__path__, "nnctl."):
        if name.split(".")[1] in ROOMS:
            importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for a command but its caller
    gc.freeze()  # a collection in a child would copy every page of this process
    with closing(socket.socket(socket.AF_UNIX)) as listening:
        listening.bind(address)
        listening.listen()
        print("ready", flush=True)
        while select.select([listening, sys.stdin], [], [])[0] == [listening]:
            line, _ = listening.accept()
            if os.fork() == 0:
                be_a_command(line)
            line.close()


def be_a_command(line: socket.socket) -> NoReturn:
    """Be the command that is asked for and nothing else, and tell how it ended."""
    code = BUG
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _, streams, _, _ = socket.recv_fds(line, 1, len(STREAMS))
        request = b"".join(iter(lambda: line.recv(MOST_BYTES), b""))
        words, directory, environment = json.loads(request)
        for stream, received in zip(STREAMS, streams, strict=True):
            os.dup2(received, stream)
            os.close(received)
        os.chdir(directory)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv = ["nnctl", *words]
        main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    except BaseException:
        traceback.print_exc()
    finally:
        for printed in (sys.stdout, sys.stderr):
            with suppress(BrokenPipeError):
                printed.flush()
        line.sendall(b"%d" % code)
        os._exit(code)  # to put all that was imported in order would take a tenth of a second


if __name__ == "__main__":
    serve(sys.argv[1])
