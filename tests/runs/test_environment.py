from __future__ import annotations

import platform
from pathlib import Path

import numpy as np
import pytest

from nnctl.runs.environment import environment, git_commit
from nnctl.runs.json_file import read_json, write_json
from nnctl.runs.machine import usable_processors

COMMIT = "0123456789abcdef" * 2 + "01234567"
OTHER = COMMIT[::-1]


def git(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return root


def test_the_environment_names_versions_and_machine_and_is_json(tmp_path: Path) -> None:
    found = environment()
    write_json(tmp_path / "run.json", found)
    assert read_json(tmp_path / "run.json") == found
    assert found["python"] == platform.python_version()
    assert found["numpy"] == np.__version__
    assert found["machine"] == platform.machine()
    assert found["processors"] == usable_processors()
    assert found["blas"]
    assert {"nnctl", "platform", "git_commit"} <= set(found)


BRANCH = {".git/HEAD": "ref: refs/heads/main"}
PACKED = f"# pack-refs with: peeled\n{OTHER} refs/heads/other\n{COMMIT} refs/heads/main\n^{OTHER}"
WORK_TREE = {
    ".git": "gitdir: main/.git/worktrees/here",
    "main/.git/worktrees/here/HEAD": "ref: refs/heads/main",
    "main/.git/worktrees/here/commondir": "../..",
}


@pytest.mark.parametrize(
    "files",
    [
        {".git/HEAD": COMMIT},
        {**BRANCH, ".git/refs/heads/main": COMMIT},
        {**BRANCH, ".git/packed-refs": PACKED},
        {**BRANCH, ".git/refs/heads/main": COMMIT, ".git/packed-refs": PACKED.replace("0", "1")},
        {**WORK_TREE, "main/.git/refs/heads/main": COMMIT},
        {**WORK_TREE, "main/.git/packed-refs": PACKED},
    ],
    ids=["detached", "branch", "packed", "branch before packed", "work tree", "packed work tree"],
)
def test_the_commit_is_found_from_a_directory_inside(tmp_path: Path, files: dict[str, str]) -> None:
    inside = git(tmp_path, files) / "deep" / "inside"
    inside.mkdir(parents=True)
    assert git_commit(inside) == COMMIT
    assert git_commit(tmp_path) == COMMIT


@pytest.mark.parametrize(
    "files",
    [
        {".git/config": "no HEAD"},
        BRANCH,
        {**BRANCH, ".git/packed-refs": f"{OTHER} refs/heads/other"},
        {".git/HEAD": "no commit"},
        {".git/HEAD": "ref: ../../secret", "secret": "password"},
        {".git/HEAD": "ref: a\0b"},
        {".git": "gitdir: nowhere"},
        {".git": ""},
    ],
    ids=[
        "no HEAD",
        "no commit yet",
        "branch not packed",
        "no hash",
        "path outside",
        "NUL",
        "link to nowhere",
        "empty link",
    ],
)
def test_a_broken_repository_has_no_commit_and_is_no_error(
    tmp_path: Path, files: dict[str, str]
) -> None:
    assert git_commit(git(tmp_path, files)) is None


def test_a_repository_that_is_not_text_is_no_error(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_bytes(b"\xff\xfe")
    assert git_commit(tmp_path) is None


def test_a_working_directory_that_was_removed_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert git_commit() is None
    assert environment()["git_commit"] is None
