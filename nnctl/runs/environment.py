"""What a run was made with: versions, machine and commit, so that it can be repeated."""

from __future__ import annotations

import platform
import re
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from nnctl.runs.machine import usable_processors

COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")  # SHA-1 or SHA-256


def environment() -> dict[str, Any]:
    """Return what run.json records; what cannot be told is None, and nothing is raised."""
    return {
        "nnctl": _nnctl_version(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": _blas(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "processors": usable_processors(),
        "git_commit": git_commit(),
    }


def _nnctl_version() -> str | None:
    try:
        return metadata.version("nnctl")
    except metadata.PackageNotFoundError:
        return None  # run from a checkout that was never installed


def _blas() -> str | None:
    """The linear algebra library: its kernels decide the last bits of a result."""
    dependencies = np.show_config(mode="dicts").get("Build Dependencies", {})
    blas = dependencies.get("blas", {})
    name = f"{blas.get('name', '')} {blas.get('version', '')}".strip()
    return name or None


def git_commit(start: Path | None = None) -> str | None:
    """Return the commit checked out around `start` (the working directory), if there is one.

    The files of git are read as text: no program is run in a directory that others may have made.
    """
    try:
        directory = (start or Path.cwd()).resolve()
        for candidate in (directory, *directory.parents):
            if (candidate / ".git").exists():
                return _head_commit(_git_directory(candidate / ".git"))
    except (OSError, ValueError):
        return None
    return None


def _git_directory(git: Path) -> Path:
    """Follow the one-line file that stands in for `.git` in a work tree or a submodule."""
    if git.is_dir():
        return git
    return git.parent / git.read_text(encoding="utf-8").removeprefix("gitdir:").strip()


def _head_commit(git: Path) -> str | None:
    head = (git / "HEAD").read_text(encoding="utf-8").strip()
    if not head.startswith("ref:"):
        return _commit(head)
    branch = head.removeprefix("ref:").strip()
    common = git
    if (git / "commondir").is_file():  # a work tree shares its branches with the main one
        common = git / (git / "commondir").read_text(encoding="utf-8").strip()
    if (common / branch).is_file():
        return _commit((common / branch).read_text(encoding="utf-8").strip())
    return _packed_commit(common / "packed-refs", branch)


def _packed_commit(packed: Path, branch: str) -> str | None:
    if not packed.is_file():
        return None  # no commit yet
    for line in packed.read_text(encoding="utf-8").splitlines():
        commit, _, name = line.partition(" ")
        if name == branch:
            return _commit(commit)
    return None


def _commit(text: str) -> str | None:
    return text if COMMIT.fullmatch(text) else None
