"""An empty directory that nobody holds is the claim of a process that was killed."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from nnctl.errors import StorageError
from nnctl.runs.claim import claimed, create_directory


def fill(path: Path) -> None:
    (path / "here").touch()


def names_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_an_empty_directory_that_nobody_holds_is_taken(tmp_path: Path) -> None:
    (tmp_path / "iris").mkdir()
    assert create_directory(tmp_path, "iris", fill) == tmp_path / "iris"
    assert names_in(tmp_path) == ["iris"]
    assert names_in(tmp_path / "iris") == ["here"]


def test_a_claim_of_a_living_process_is_left_to_it(tmp_path: Path) -> None:
    with claimed(tmp_path, "iris") as first, claimed(tmp_path, "iris") as second:
        assert [first.name, second.name] == ["iris", "iris-2"]
    with claimed(tmp_path, "iris") as again:  # both are free and empty again
        assert again == first


def test_a_claim_that_fails_is_free_again(tmp_path: Path) -> None:
    def fail(_: Path) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        create_directory(tmp_path, "iris", fail)
    assert names_in(tmp_path) == []
    (tmp_path / "iris").mkdir()  # a person's
    with pytest.raises(ZeroDivisionError):
        create_directory(tmp_path, "iris", fail)
    assert names_in(tmp_path) == ["iris"]
    assert names_in(tmp_path / "iris") == []


@pytest.mark.parametrize("mode", [0o700, 0o775, 0o2770])
def test_who_may_read_a_directory_that_is_taken_stays_as_it_was(tmp_path: Path, mode: int) -> None:
    (tmp_path / "iris").mkdir()
    (tmp_path / "iris").chmod(mode)
    path = create_directory(tmp_path, "iris", fill)
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert names_in(path) == ["here"]


def test_what_only_looks_like_a_claim_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "iris").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "iris-2").mkdir()
    (tmp_path / "iris-2" / "precious").touch()
    (tmp_path / "iris-3").touch()
    assert create_directory(tmp_path, "iris", fill).name == "iris-4"
    assert names_in(tmp_path / "elsewhere") == []
    assert names_in(tmp_path / "iris-2") == ["precious"]


def test_another_users_empty_directory_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "iris").mkdir()
    other = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: other)
    with claimed(tmp_path, "iris") as path:
        assert path.name != "iris"


def test_without_locks_only_what_was_made_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", unsupported)
    (tmp_path / "iris").mkdir()
    assert create_directory(tmp_path, "iris", fill).name == "iris-2"


def test_a_directory_that_was_replaced_before_it_was_locked_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process renames its own over the claim between our look and our lock."""
    (tmp_path / "iris").mkdir()
    lock = fcntl.flock

    def late(descriptor: int, kind: int) -> None:
        if not (tmp_path / "other").exists() and not any((tmp_path / "iris").iterdir()):
            (tmp_path / "other").mkdir()
            (tmp_path / "other").rename(tmp_path / "iris")
        lock(descriptor, kind)

    monkeypatch.setattr(fcntl, "flock", late)
    inode = (tmp_path / "iris").stat().st_ino
    path = create_directory(tmp_path, "iris", fill)
    assert path.name == "iris-2"
    assert names_in(tmp_path / "iris") == []
    assert (tmp_path / "iris").stat().st_ino != inode


def test_a_process_without_descriptors_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted(*_: object) -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(os, "open", exhausted)
    with pytest.raises(StorageError, match="iris: cannot be created"):
        create_directory(tmp_path, "iris", fill)


def create_many(runs_dir: Path, count: int) -> list[str]:
    return [create_directory(runs_dir, "iris", fill).name for _ in range(count)]


def test_processes_that_race_for_old_claims_never_share_one(tmp_path: Path) -> None:
    processes, each, claims = 3, 20, 30
    for number in range(2, claims):
        (tmp_path / f"iris-{number}").mkdir()
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(create_many, tmp_path, each) for _ in range(processes)]
        names = [name for future in futures for name in future.result()]
    expected = {"iris", *(f"iris-{number}" for number in range(2, processes * each + 1))}
    assert len(names) == processes * each
    assert set(names) == expected == set(names_in(tmp_path))
    assert all(names_in(tmp_path / name) == ["here"] for name in names)
