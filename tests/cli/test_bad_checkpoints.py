from __future__ import annotations

import pickle
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from nnctl.runs import checkpoint as checkpoints
from tests.cli.commands import nnctl, trained

XOR = "data: {generator: xor}\nloss: binary_cross_entropy\n" + (
    "training: {epochs: 1, batch_size: full}\n"
)
MISTAKES = Path("run.yaml")


def damaged(data: bytes, damage: str) -> bytes:
    """Return a checkpoint's bytes after something has happened to them."""
    return {
        "truncated": data[: len(data) // 2],
        "empty": b"",
        "flipped": data[:500] + bytes([data[500] ^ 1]) + data[501:],
        "a pickle": pickle.dumps({"weights": [1.0, 2.0]}),
    }[damage]


@pytest.mark.parametrize("damage", ["truncated", "empty", "flipped", "a pickle"])
@pytest.mark.parametrize("command", ["predict", "evaluate", "plot-boundary"])
def test_a_damaged_checkpoint_is_never_used(command: str, damage: str) -> None:
    MISTAKES.write_text(XOR)
    assert trained() == ""
    best = Path("runs/run/checkpoints/best.npz")
    best.write_bytes(damaged(best.read_bytes(), damage))
    outcome = nnctl(command, "run")
    assert (outcome.code, outcome.out) == (4, "")
    assert outcome.err.startswith(f"error: {best}: ")
    assert outcome.err.count("\n") == 1


def test_a_pickle_in_numpys_own_clothes_is_never_unpickled() -> None:
    MISTAKES.write_text(XOR)
    assert trained() == ""
    best = Path("runs/run/checkpoints/best.npz")
    np.savez(best, parameters=np.array([Trap()], dtype=object))
    outcome = nnctl("predict", "run")
    assert (outcome.code, outcome.out) == (4, "")
    assert not Path("owned").exists()


class Trap:
    """Leaves a file behind when it is unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (Path("owned").absolute(),)


def test_a_checkpoint_of_a_newer_format_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    MISTAKES.write_text(XOR)
    assert trained() == ""
    best = Path("runs/run/checkpoints/best.npz")
    written = checkpoints.read_checkpoint(best)
    with monkeypatch.context() as later:
        later.setattr(checkpoints, "FORMAT", checkpoints.FORMAT + 1)
        later.setattr(checkpoints, "OLDEST_READER", "7.8.9")
        checkpoints.save_checkpoint(best, written)
    outcome = nnctl("predict", "run")
    assert (outcome.code, outcome.out) == (4, "")
    assert "needs nnctl 7.8.9 or newer: upgrade nnctl" in outcome.err


FORGED_PREPROCESSING = {"features": ["x1"], "classes": [["x"]], "task": "magic"}


@pytest.mark.parametrize("key", FORGED_PREPROCESSING)
@pytest.mark.parametrize("command", ["predict", "evaluate", "plot-boundary"])
def test_a_sealed_checkpoint_whose_parts_do_not_fit_is_one_line(command: str, key: str) -> None:
    MISTAKES.write_text(XOR)
    assert trained() == ""
    best = Path("runs/run/checkpoints/best.npz")
    written = checkpoints.read_checkpoint(best)
    written.metadata["preprocessing"][key] = FORGED_PREPROCESSING[key]
    checkpoints.save_checkpoint(best, written)
    outcome = nnctl(command, "run")
    assert (outcome.code, outcome.out) == (4, "")
    assert outcome.err.startswith(f"error: {best}: the checkpoint does not describe a network: its")
    assert outcome.err.count("\n") == 1


def test_a_network_far_larger_than_its_checkpoint_takes_no_memory() -> None:
    MISTAKES.write_text(XOR)
    assert trained() == ""
    best = Path("runs/run/checkpoints/best.npz")
    written = checkpoints.read_checkpoint(best)
    written.metadata["config"]["model"]["hidden"] = [{"units": 1_000_000}] * 2
    checkpoints.save_checkpoint(best, written)
    tracemalloc.start()
    outcome = nnctl("predict", "run")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (outcome.code, outcome.out) == (4, "")
    assert "its parameters must have shape (1000005000001,) (received (3,))" in outcome.err
    assert most < 50e6
