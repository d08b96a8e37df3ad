"""Commands of nnctl as processes of their own, alone or under what makes them fail."""

from __future__ import annotations

import re
import resource
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from tests.cli.commands import environment
from tests.durability.checking import RUNS
from tests.durability.children import Ending

MOST_SECONDS = 120  # a command that takes longer is stuck
CHANGING = (
    "write,pwrite64,writev,fsync,fdatasync,ftruncate,truncate,fchmod,openat,"
    "rename,renameat,renameat2,link,linkat,symlink,symlinkat,mkdir,mkdirat,unlink,unlinkat,rmdir"
)
CALL = re.compile(r"(\w+)\((.*)")
OF_THE_RUNS = re.compile(rf'["/<]{RUNS}["/>]')
LOG = "calls.txt"
SMALL_FILE_SYSTEM = """\
mount -t tmpfs -o size="$1"k tmpfs "$2" && cd "$2" || exit 99
left="$3"; shift 3
"$@"; code=$?
cp -a . "$left" || exit 99
exit $code
"""


@dataclass(frozen=True)
class Call:
    """The N-th call (from 1) of its name in a process."""

    name: str
    number: int
    line: str  # of strace
    before: str  # the line of the call before it that changes the runs

    def __str__(self) -> str:
        """`fsync 12`."""
        return f"{self.name} {self.number}"


class MissedError(Exception):
    """Another call was struck: when checkpoints are saved follows the clock, and so may calls."""


def run(
    words: Sequence[str],
    directory: Path,
    before: Sequence[str] = (),
    prepare: Callable[[], object] | None = None,
) -> Ending:
    """Run `BEFORE nnctl WORDS` in `directory`."""
    done = subprocess.run(
        [*before, sys.executable, "-m", "nnctl", *words],
        cwd=directory,
        env={**environment(), "OPENBLAS_NUM_THREADS": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=MOST_SECONDS,
        check=False,
        preexec_fn=prepare,
    )
    killed = done.returncode == -signal.SIGKILL
    return Ending(None if killed else done.returncode, "", done.stdout)


def changing_calls(words: Sequence[str], directory: Path) -> list[Call]:
    """Run a command; return those of its calls that change the runs directory."""
    ended = run(words, directory, strace(CHANGING))
    assert ended.code == 0, ended.said
    counts: Counter[str] = Counter()
    found, before = [], ""
    for line in (directory / LOG).read_text().splitlines():
        if match := CALL.match(line):
            counts[match[1]] += 1
            if changes_the_runs(line):
                found.append(Call(match[1], counts[match[1]], line, before))
                before = line
    return found


def changes_the_runs(line: str) -> bool:
    """Whether a line of strace is of a call that changes the runs directory."""
    reads = line.startswith("openat") and "O_CREAT" not in line
    return bool(OF_THE_RUNS.search(line)) and not reads


def strike(call: Call, tampering: str, words: Sequence[str], directory: Path) -> Ending:
    """Run a command one call of which is tampered with; raise MissedError if it is another."""
    inject = f"inject={call.name}:{tampering}:when={call.number}"
    ended = run(words, directory, [*strace(call.name), "-e", inject])
    struck = (directory / LOG).read_text().splitlines()[call.number - 1 : call.number]
    if [names_in_the_runs(line) for line in struck] != [names_in_the_runs(call.line)]:
        raise MissedError(f"{call} is {struck}, and not {call.line}")
    return ended


def names_in_the_runs(line: str) -> list[str]:
    """Return what a call in a line of strace names of the runs, without numbers of processes."""
    call, _, _result = line.rpartition(") = ")
    return [re.sub(r"\d+", "#", name) for name in re.findall(rf'{RUNS}[^">]*', call)]


def strace(calls: str) -> list[str]:
    """Return the command before the command; only the process itself is traced, and no child."""
    return ["strace", "-qq", "-y", "-o", LOG, "-e", "signal=none", "-e", f"trace={calls}"]


def with_small_files(size: int, words: Sequence[str], directory: Path) -> Ending:
    """Run a command that may write no file beyond `size` bytes."""
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (size, size))
    return run(words, directory, prepare=limit)


def in_a_small_file_system(kibibytes: int, words: Sequence[str], directory: Path) -> Ending:
    """Run a command in a file system that fills up; leave in `directory` what it left there."""
    left = directory.with_name(directory.name + "-left")
    left.mkdir()
    script = ["sh", "-c", SMALL_FILE_SYSTEM, "sh", str(kibibytes), str(directory), str(left)]
    ended = run(words, directory, ["unshare", "-rm", *script])
    directory.rmdir()
    left.rename(directory)
    return ended


@cache
def without_strace() -> str | None:
    """Return why no process can be traced here, if none can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    return why_not(["strace", "-qq", "-o", "/dev/null", "-e", "inject=fsync:error=EIO", "true"])


@cache
def without_namespaces() -> str | None:
    """Return why no file system of one's own can be mounted here, if none can."""
    if shutil.which("unshare") is None:
        return "unshare is not installed"
    return why_not(["unshare", "-rm", "mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", "/tmp"])


def why_not(command: Sequence[str]) -> str | None:
    """Return what a command says that does not work."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return None
    return f"`{' '.join(command)}` says: {done.stderr.strip() or done.returncode}"
