"""What docs/sweeps.md says: its commands run, its sweep is the one that is shipped."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml

from nnctl.config.sweep_checks import KINDS
from nnctl.config.sweep_schema import SweepConfig
from nnctl.scale.study import PRUNERS, SAMPLERS
from tests.cli.commands import ROOT, nnctl
from tests.documents import blocks

TEXT = (ROOT / "docs/sweeps.md").read_text(encoding="utf-8")


def test_the_sweep_shown_is_the_shipped_one() -> None:
    (shown,) = (yaml.safe_load(block) for block in blocks("yaml", TEXT))
    shipped = yaml.safe_load((ROOT / "configs/sweeps/digits.yaml").read_text(encoding="utf-8"))
    assert shown["set"].items() <= shipped.pop("set").items()
    del shown["set"], shipped["name"]
    assert shown == shipped


@pytest.mark.parametrize("name", [*KINDS, *PRUNERS, *SAMPLERS, *SweepConfig.model_fields])
def test_every_key_and_name_is_told_of(name: str) -> None:
    assert re.search(rf"[`:,] ?{name}\b|\b{name}:", TEXT)


def test_the_commands_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for part in ("configs", "datasets"):
        shutil.copytree(ROOT / part, tmp_path / part)
    base = tmp_path / "configs/sweeps/digits.yaml"
    base.write_text(base.read_text().replace("training.epochs: 15", "training.epochs: 1"))
    (script,) = blocks("bash", TEXT)
    commands = script.splitlines()
    assert len(commands) >= 4
    for command in commands:
        program, *words = command.split()
        assert program == "nnctl"
        assert nnctl(*words).code in (0, 6), command  # one epoch does not reach what is expected
