"""Jobs of several ranks on this machine, and how alike two runs are."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from nnctl.runs.checkpoint import read_checkpoint
from nnctl.runs.history import read_history
from tests.cli.commands import LONG_ENOUGH, Outcome, environment

beside_python = Path(sys.executable).with_name("mpiexec")
MPIEXEC = str(beside_python) if beside_python.exists() else shutil.which("mpiexec")
needs_mpi = pytest.mark.skipif(
    (MPIEXEC is None or find_spec("mpi4py") is None) and os.environ.get("NNCTL_TEST_MPI") != "1",
    reason="mpi4py or mpiexec is not installed (pip install mpi4py mpich)",
)
# Ranks of one machine would share memory: these talk by TCP, whichever of two libraries MPICH was
# built with. UCX will not do so where the machine has no other network device than loopback.
BY_NETWORK = {"MPIR_CVAR_NOLOCAL": "1", "FI_PROVIDER": "tcp"}
if any(state.read_text() == "up\n" for state in Path("/sys/class/net").glob("*/operstate")):
    BY_NETWORK["UCX_TLS"] = "tcp,self"
NNCTL = ("-m", "mpi4py", "-m", "nnctl")
TOLERANCE = {"float64": 1e-9, "float32": 1e-5}


def started(ranks: int, *arguments: object) -> subprocess.Popen[str]:
    """Start Python as several ranks."""
    assert MPIEXEC is not None, "there is no mpiexec, and NNCTL_TEST_MPI wants it"
    return subprocess.Popen(
        [MPIEXEC, "-n", str(ranks), sys.executable, *map(str, arguments)],
        env={**environment(), **BY_NETWORK},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> Outcome:
    """Wait for its end, which a job that hangs would never see."""
    try:
        out, err = process.communicate(timeout=LONG_ENOUGH)
    finally:
        process.kill()
    return Outcome(process.returncode, out, err)


def mpiexec(ranks: int, *arguments: object) -> Outcome:
    return ended(started(ranks, *arguments))


def assert_alike(run: Path, expected: Path, dtype: str, what: str) -> None:
    """Hold history and state of a run to those of another."""
    tolerance = TOLERANCE[dtype]
    assert (run / "divergence.txt").exists() == (expected / "divergence.txt").exists(), what
    if (run / "divergence.txt").exists():
        texts = [(each / "divergence.txt").read_text() for each in (run, expected)]
        assert texts[0] == texts[1]
    histories = [read_history(each / "metrics.csv") for each in (run, expected)]
    assert list(histories[0]) == list(histories[1])
    for name, values in histories[1].items():
        np.testing.assert_allclose(histories[0][name], values, tolerance, 0, err_msg=what)
    checkpoints = [read_checkpoint(each / "checkpoints" / "last.npz") for each in (run, expected)]
    assert checkpoints[0].metadata.keys() == checkpoints[1].metadata.keys()
    assert checkpoints[0].arrays.keys() == checkpoints[1].arrays.keys()
    for name, array in checkpoints[1].arrays.items():
        found = checkpoints[0].arrays[name]
        np.testing.assert_allclose(found, array, tolerance, tolerance, err_msg=f"{what}: {name}")
