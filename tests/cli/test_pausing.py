from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from nnctl.cli.console import Terminated
from nnctl.cli.pausing import MESSAGE, pausing
from tests.cli.commands import LONG_ENOUGH, environment

SIGNALS = [signal.SIGINT, signal.SIGTERM]
ENDINGS = {signal.SIGINT: KeyboardInterrupt, signal.SIGTERM: Terminated}


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    handlers = [(each, signal.getsignal(each)) for each in SIGNALS]
    yield
    for each, handler in handlers:
        signal.signal(each, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_asks_and_is_raised_later(
    number: signal.Signals, capfd: pytest.CaptureFixture[str]
) -> None:
    requests: list[str] = []
    with pausing(lambda: requests.append("pause")) as pause:
        signal.raise_signal(number)
        assert requests == ["pause"]
        assert [signal.getsignal(each) for each in SIGNALS] == [signal.SIG_DFL] * 2
    # What the first one raises is still to be put in order, and a second one ends that, too.
    assert [signal.getsignal(each) for each in SIGNALS] == [signal.SIG_DFL] * 2
    assert capfd.readouterr().err == MESSAGE.decode()
    with pytest.raises(ENDINGS[number]):
        pause.raise_again()


def test_without_a_signal_nothing_is_raised() -> None:
    handlers = [signal.getsignal(each) for each in SIGNALS]
    with pausing(lambda: None) as pause:
        assert signal.getsignal(signal.SIGINT) not in handlers
    assert [signal.getsignal(each) for each in SIGNALS] == handlers
    pause.raise_again()


def test_a_signal_that_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell does for `nnctl train &`
    try:
        with pausing(lambda: None) as pause:
            signal.raise_signal(signal.SIGINT)
            assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    assert pause.signal is None


STUBBORN = """\
import time
from nnctl.cli.pausing import pausing
with pausing(lambda: None):
    print("ready", flush=True)
    while True:
        time.sleep(60)
"""


@pytest.mark.parametrize("second", SIGNALS)
@pytest.mark.parametrize("first", SIGNALS)
def test_the_second_signal_ends_at_once(first: signal.Signals, second: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STUBBORN],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(first)
        assert process.stderr.readline() == "\n"
        assert process.stderr.readline() == MESSAGE.decode().lstrip("\n")
        process.send_signal(second)
        assert process.wait(timeout=LONG_ENOUGH) == -second


def test_a_closed_stderr_does_not_keep_it_from_pausing() -> None:
    script = (
        "import os, signal\nfrom nnctl.cli.pausing import pausing\nos.close(2)\n"
        "with pausing(lambda: print('asked')):\n    signal.raise_signal(signal.SIGTERM)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment(), stdout=subprocess.PIPE, check=True
    )
    assert done.stdout == b"asked\n"
