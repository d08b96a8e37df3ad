"""An empty working directory for every test, and a few runs that are trained once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.commands import nnctl
from tests.cli.samples import CONFIGS, write_samples


@pytest.fixture(autouse=True)
def _own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    """Write the sample configs into the working directory."""
    write_samples(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def _trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("trained")
    write_samples(directory)
    for name in CONFIGS:
        config, runs_dir = directory / f"{name}.yaml", directory / "runs"
        outcome = nnctl("train", config, "--runs-dir", runs_dir, "--no-plots", "--quiet")
        assert (outcome.code, outcome.out) == (0, f"{runs_dir / name}\n")
    return directory / "runs"


@pytest.fixture
def runs(_trained: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where the trained runs of all samples stand; commands find them. `line` is latest."""
    monkeypatch.setenv("NNCTL_RUNS_DIR", str(_trained))
    return _trained
