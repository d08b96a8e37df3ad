from __future__ import annotations

import contextlib
import signal
import subprocess
import sys

import pytest

from nnctl.cli.app import COMMANDS
from nnctl.cli.ranks import LAUNCHERS, SHARED, launched, signals_at_once
from tests.cli.commands import LONG_ENOUGH, environment

WITHOUT_MPI = "import sys; sys.modules['mpi4py'] = None; from nnctl.cli.app import main; main()"


def test_what_ranks_share_are_commands() -> None:
    assert set(SHARED) < set(COMMANDS)


@pytest.mark.parametrize(("size", "rank"), LAUNCHERS)
def test_a_launcher_says_how_many_processes_there_are(
    monkeypatch: pytest.MonkeyPatch, size: str, rank: str
) -> None:
    for name in (name for pair in LAUNCHERS for name in pair):
        monkeypatch.delenv(name, raising=False)
    assert launched() == (1, 0)
    monkeypatch.setenv(size, "3")
    assert launched() == (1, 0)
    monkeypatch.setenv(rank, "2")
    assert launched() == (3, 2)
    monkeypatch.setenv(size, "three")
    assert launched() == (1, 0)


def test_a_signal_is_the_kernels_for_a_while_and_then_ours_again() -> None:
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell does in the background
    try:
        with contextlib.suppress(ImportError), signals_at_once():
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
            raise ImportError
        assert signal.getsignal(signal.SIGTERM) is before[signal.SIGTERM]
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before[signal.SIGINT])


@pytest.mark.parametrize("rank", [0, 1])
def test_processes_started_together_without_mpi_are_refused_once(rank: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_MPI, "train", "run.yaml"],
        env={**environment(), "PMI_SIZE": "2", "PMI_RANK": str(rank)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LONG_ENOUGH,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert ("2 processes were started together, but MPI cannot be used" in done.stderr) == (
        rank == 0
    )
    assert ("pip install 'nnctl[mpi]'" in done.stderr) == (rank == 0)


def test_alone_nothing_of_mpi_is_imported() -> None:
    script = "import sys; from nnctl.cli.app import main\ntry: main()\nfinally: print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script, "check", "no_such.yaml"],
        env={name: value for name, value in environment().items() if not name.startswith("PMI")},
        capture_output=True,
        text=True,
        timeout=LONG_ENOUGH,
        check=False,
    )
    assert done.returncode == 2
    assert "nnctl.cli.ranks" in done.stdout.split()
    assert not any("mpi" in name.split(".") or "mpi4py" in name for name in done.stdout.split())
