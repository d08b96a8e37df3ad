from __future__ import annotations

import pytest

from tests.durability.syscalls import PROOFS
from tests.durability.test_trials import run

# Those that strike at the same calls count these once.
HANDFULS = {("kill", "EIO"): "71", ("full",): "12"}


@pytest.mark.parametrize("proofs", HANDFULS, ids=" and ".join)
def test_a_command_that_is_struck_from_outside_and_resumed_ends_in_the_same_bytes(
    proofs: tuple[str, ...],
) -> None:
    for proof in proofs:
        _, missing = PROOFS[proof]
        reason = missing()
        if reason is not None:
            pytest.skip(reason)
    said = run("syscalls", *proofs, "--every", HANDFULS[proofs])
    assert said.count("the same bytes after each") == len(proofs)
