"""The README is true: every command that it shows prints what it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documents import README, ROOT, all_steps, assert_shows, blocks, run, workplace

TEXT = README.read_text(encoding="utf-8")


def test_every_console_block_prints_what_it_says(tmp_path: Path, commands: Path) -> None:
    directory = workplace(tmp_path)
    steps = all_steps(TEXT)
    assert len(steps) >= 10
    for step in steps:
        shown, _ = run(step.command, directory, commands)
        assert_shows(shown, step.output, step.command)


def test_the_script_for_ci_does_what_it_says(tmp_path: Path, commands: Path) -> None:
    (script,) = (block for block in blocks("bash", TEXT) if "pipefail" in block)
    directory = workplace(tmp_path)
    shown, code = run(script, directory, commands)
    assert code == 0, shown
    for name in ("evaluation.json", "predictions.csv", "boundary.png"):
        assert (directory / "artifacts" / name).stat().st_size > 0, shown
    missed = script.replace("configs/moons.yaml", "configs/moons.yaml --set training.epochs=1")
    assert missed != script
    shown, code = run(missed, directory, commands)
    assert code == 6, shown
    assert (directory / "artifacts" / "plots" / "history.png").stat().st_size > 0


def test_the_python_of_the_readme_runs(tmp_path: Path) -> None:
    (program,) = blocks("python", TEXT)
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=workplace(tmp_path),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    promised = re.findall(r"# -> (.*)", program)
    assert promised
    assert_shows(done.stdout, "".join(f"{line}\n" for line in promised), program)


def test_the_config_of_the_readme_trains(tmp_path: Path, commands: Path) -> None:
    (config,) = blocks("yaml", TEXT)
    directory = workplace(tmp_path)
    (directory / "whole.yaml").write_text(config, encoding="utf-8")
    shown, code = run("nnctl train whole.yaml --no-plots --quiet", directory, commands)
    assert (shown, code) == ("runs/iris\n", 0)


def test_the_set_up_commands_are_two_and_ci_runs_them() -> None:
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for name in ("set-up-run", "set-up-test"):
        assert TEXT.count(f"<!-- {name} -->\n```sh\n") == 1
        assert name in ci
    commands = [block for block in blocks("sh", TEXT) if "venv" in block]
    assert [len(block.splitlines()) for block in commands] == [1, 1]


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#]+)\)", TEXT))
def test_links_of_the_readme_lead_somewhere(link: str) -> None:
    assert link.startswith("https://") or (ROOT / link).exists()
