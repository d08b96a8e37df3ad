from __future__ import annotations

from pathlib import Path

import pytest

from tests.documents import run, workplace

COMMANDS = (
    "nnctl --version",
    "nnctl check nowhere.yaml; echo $?",
    "cd configs && nnctl check xor.yaml --set 'optimizer.learning_rate=-1' 2>&1 >/dev/null | wc -l",
    "NNCTL_RUNS_DIR=there nnctl train configs/xor.yaml --quiet --no-plots; find there | sort",
    "printf 'x1,x2,label\\n0,1,1\\n1,1,0\\n' | nnctl init - --target label 2>&1",
    "nnctl schema | head -3",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_forked_command_does_what_a_process_of_its_own_does(
    command: str, tmp_path: Path, commands: Path
) -> None:
    forked, alone = tmp_path / "forked", tmp_path / "alone"
    expected = run(command, workplace(alone))
    assert expected[0]
    assert run(command, workplace(forked), commands) == expected
