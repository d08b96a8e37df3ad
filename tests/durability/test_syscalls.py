from __future__ import annotations

import pytest

from tests.durability.syscalls import PROOFS
from tests.durability.test_trials import run

HANDFULS = {"kill": "50", "EIO": "90", "full": "12"}


@pytest.mark.parametrize("proof", HANDFULS)
def test_a_command_that_is_struck_from_outside_and_resumed_ends_in_the_same_bytes(
    proof: str,
) -> None:
    _, missing = PROOFS[proof]
    reason = missing()
    if reason is not None:
        pytest.skip(reason)
    assert "the same bytes after each" in run("syscalls", proof, "--every", HANDFULS[proof])
