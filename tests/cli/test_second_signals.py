"""A signal after the first, to a real training: it ends at once, and nothing good is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nnctl.cli.pausing import MESSAGE
from nnctl.runs.directory import RunDirectory
from nnctl.runs.status import run_status
from tests.cli.commands import LONG_ENOUGH, environment, nnctl
from tests.cli.test_resume import SHORT, straight
from tests.training.pauses import contents

EPOCHS = 40
BATCH = 30  # some epochs after the first
SIGNALS = (signal.SIGINT, signal.SIGTERM)
# nnctl train that tells when it has come to a place, and goes on from there when it is told so.
WAITING = """\
import os, sys
from nnctl.cli.app import main
from nnctl.training.steps import Steps

telling, asking = map(int, sys.argv.pop(1).split(","))
batches = iter(range(10**9))
propagate, fsync = Steps.propagate, os.fsync

def wait(place):
    os.write(telling, place)
    os.read(asking, 1)

def waiting_batch(*arguments):
    if next(batches) == BATCH:
        wait(b"b")
        os.fsync = waiting_save
    return propagate(*arguments)

def waiting_save(descriptor):
    fsync(descriptor)
    wait(b"s")

Steps.propagate = waiting_batch
main()
""".replace("BATCH", str(BATCH))


class Training:
    """A training that waits in the middle of a batch, and of a save after it."""

    def __init__(self, process: subprocess.Popen[str], told: int, asked: int) -> None:
        self.process, self.told, self.asked = process, told, asked

    def comes_to(self, place: bytes) -> None:
        """Wait until it is there."""
        assert os.read(self.told, 1) == place

    def goes_on(self) -> None:
        """Let it go on from where it waits."""
        os.write(self.asked, b".")

    def waits_no_more(self) -> None:
        """Let it go on to its end."""
        os.write(self.asked, bytes(1000))

    def is_told(self, number: signal.Signals) -> None:
        """Send the first signal, and wait until it has been heard."""
        assert self.process.stderr is not None
        self.process.send_signal(number)
        assert self.process.stderr.readline() == "\n"
        assert self.process.stderr.readline() == MESSAGE.decode().lstrip("\n")

    def ends_by(self, number: signal.Signals) -> str:
        """Send a signal that ends it; return what else it said."""
        self.process.send_signal(number)
        told = self.process.communicate(timeout=LONG_ENOUGH)[1]
        assert self.process.returncode == -number  # a shell says 130 or 143
        return told


@contextmanager
def training() -> Iterator[Training]:
    told, telling = os.pipe()
    asking, asked = os.pipe()
    words = ("train", "iris.yaml", *SHORT, "--set", f"training.epochs={EPOCHS}")
    with subprocess.Popen(
        [sys.executable, "-c", WAITING, f"{telling},{asking}", *words],
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        pass_fds=(telling, asking),
    ) as process:
        try:
            yield Training(process, told, asked)
        finally:
            process.kill()
            for descriptor in (told, telling, asking, asked):
                os.close(descriptor)


def goes_on_as_if_nothing_had_been() -> None:
    run = RunDirectory(Path("runs/iris"))
    assert nnctl("resume", *SHORT).code == 0
    expected = straight("iris.yaml", "--set", f"training.epochs={EPOCHS}")
    assert contents(run) == contents(expected)


@pytest.mark.parametrize("second", SIGNALS)
@pytest.mark.parametrize("first", SIGNALS)
def test_a_second_signal_in_the_middle_of_a_batch_ends_at_once(
    samples: Path, first: signal.Signals, second: signal.Signals
) -> None:
    with training() as it:
        it.comes_to(b"b")
        it.is_told(first)
        assert it.ends_by(second) == ""
    assert run_status(RunDirectory(Path("runs/iris"))) == "killed"
    goes_on_as_if_nothing_had_been()


@pytest.mark.parametrize("saves", [1, 2, 3, 4])
@pytest.mark.parametrize("number", SIGNALS)
def test_a_second_signal_in_the_middle_of_saving_ends_at_once(
    samples: Path, number: signal.Signals, saves: int
) -> None:
    with training() as it:
        it.comes_to(b"b")
        it.is_told(number)
        for _ in range(saves):
            it.goes_on()
            it.comes_to(b"s")
        assert it.ends_by(number) == ""
    goes_on_as_if_nothing_had_been()


@pytest.mark.parametrize("number", SIGNALS)
def test_one_signal_ends_with_the_code_that_a_shell_gives_to_two(
    samples: Path, number: signal.Signals
) -> None:
    with training() as it:
        it.comes_to(b"b")
        it.is_told(number)
        it.waits_no_more()
        told = it.process.communicate(timeout=LONG_ENOUGH)[1]
        assert it.process.returncode == 128 + number
    assert "go on with `nnctl resume runs/iris`\n" in told
    goes_on_as_if_nothing_had_been()


@pytest.mark.parametrize("line", ["4 -> 8 tanh", "best epoch", "plots"])
@pytest.mark.parametrize("number", SIGNALS)
def test_a_hail_of_signals_ends_it_without_a_traceback_whatever_it_does(
    samples: Path, number: signal.Signals, line: str
) -> None:
    epochs = f"training.epochs={EPOCHS}"
    with subprocess.Popen(
        [sys.executable, "-m", "nnctl", "train", "iris.yaml", "--set", epochs],
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        assert any(said.startswith(line) for said in process.stderr)
        while process.poll() is None:
            process.send_signal(number)
        said = process.stderr.read()
    assert process.returncode in (0, 128 + number, -number)
    assert "Traceback" not in said
    goes_on_as_if_nothing_had_been()


@pytest.mark.parametrize("second", SIGNALS)
@pytest.mark.parametrize("first", SIGNALS)
def test_a_second_signal_among_what_the_first_one_puts_in_order_ends_at_once(
    first: signal.Signals, second: signal.Signals
) -> None:
    script = (
        "import signal, sys\nfrom nnctl.cli import console\nconsole.heed_signals()\n"
        f"try:\n    signal.raise_signal({first:d})\n"
        f"finally:\n    signal.raise_signal({second:d})\n    print('still there')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment(), capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (-second, b"", b"")
