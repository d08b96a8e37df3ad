from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from nnctl.errors import StorageError
from nnctl.runs.atomic import (
    DIRECTORY_GRACE_SECONDS,
    STORAGE_REMEDIES,
    keep_copy,
    remove_stale_temporaries,
    require_room,
    storage_error,
    temporary_path,
    write_atomically,
    written_whole,
)
from tests.runs.limits import file_size_limit

needs_permissions = pytest.mark.skipif(
    os.geteuid() == 0, reason="root may write where permissions forbid it"
)


def names_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def ended_process() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
        return process.pid


def write_pieces(path: Path, pieces: list[bytes], error: type[BaseException] | None = None) -> None:
    """Write a file in pieces, with an error after the last one."""
    with written_whole(path) as file:
        for piece in pieces:
            file.write(piece)
        if error is not None:
            raise error


@pytest.mark.parametrize("data", [b"", b"new", bytes(3_000_000)], ids=["empty", "small", "large"])
def test_write_replaces_a_file_whole_and_leaves_nothing_else(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old and longer than the new")
    write_atomically(path, data)
    assert path.read_bytes() == data
    assert names_in(tmp_path) == ["file"]


def test_a_new_file_gets_the_permissions_that_the_user_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "file"
    previous = os.umask(0o027)
    try:
        write_atomically(path, b"x")
    finally:
        os.umask(previous)
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666])
def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "file"
    path.touch()
    path.chmod(mode)
    link = tmp_path / "link"
    link.symlink_to("file")
    previous = os.umask(0o022)
    try:
        for name in (path, link):
            with written_whole(name) as file:
                file.write(b"secret")
                assert os.fstat(file.fileno()).st_mode & 0o777 == mode
            assert path.stat().st_mode & 0o777 == mode
    finally:
        os.umask(previous)


def test_a_write_that_fails_half_way_leaves_the_old_file_and_no_temporary(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with file_size_limit(1000), pytest.raises(StorageError) as caught:
        write_atomically(path, bytes(5000))
    assert path.read_bytes() == b"old"
    assert names_in(tmp_path) == ["file"]
    assert str(caught.value) == (
        f"{path}: cannot be written (File too large); "
        "raise the limit on file sizes (`ulimit -f unlimited`)"
    )


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(path.read_bytes()))
    reader.start()
    write_atomically(path, b"through")
    reader.join(timeout=10)
    assert received == [b"through"]
    assert path.is_fifo()


def test_a_file_written_in_pieces_appears_when_the_last_one_is_there(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with written_whole(path) as file:
        for piece in (b"first ", bytearray(b"second "), b"", memoryview(b"third")):
            assert file.write(piece) == len(piece)
            assert path.read_bytes() == b"old"
        assert names_in(tmp_path) == [temporary_path(path).name, "file"]
    assert path.read_bytes() == b"first second third"
    assert names_in(tmp_path) == ["file"]
    assert file.closed


def test_what_was_written_may_be_written_over_before_it_appears(tmp_path: Path) -> None:
    with written_whole(tmp_path / "file") as file:
        assert file.seekable()
        file.write(b"????rest")
        file.seek(0)
        file.write(b"head")
    assert (tmp_path / "file").read_bytes() == b"headrest"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, OSError])
@pytest.mark.parametrize("existing", [False, True])
def test_any_exception_between_two_pieces_leaves_what_was_there(
    tmp_path: Path, error: type[BaseException], existing: bool
) -> None:
    path = tmp_path / "file"
    if existing:
        path.write_bytes(b"old")
    with pytest.raises(error):
        write_pieces(path, [b"half"], error)
    assert names_in(tmp_path) == (["file"] if existing else [])
    assert not existing or path.read_bytes() == b"old"


def test_an_error_of_another_file_is_not_taken_for_one_of_this(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), written_whole(tmp_path / "file"):
        (tmp_path / "missing").read_bytes()


def test_a_later_piece_that_does_not_fit_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with file_size_limit(1000), pytest.raises(StorageError, match="file: cannot be written"):
        write_pieces(path, [bytes(900), bytes(900)])
    assert path.read_bytes() == b"old"
    assert names_in(tmp_path) == ["file"]


def test_pieces_reach_a_pipe_at_once(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with written_whole(path) as file:
            assert not file.seekable()
            for piece in (b"first", b"second"):
                file.write(piece)
                assert os.read(reader, 100) == piece
    finally:
        os.close(reader)
    assert path.is_fifo()


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"old")
    link = tmp_path / "link"
    link.symlink_to("target")
    write_atomically(link, b"new")
    assert link.is_symlink()
    assert (tmp_path / "target").read_bytes() == b"new"


@pytest.mark.parametrize("place", ["missing/file", "a_file/file", "directory"])
def test_a_place_that_cannot_be_written_is_a_storage_error(tmp_path: Path, place: str) -> None:
    (tmp_path / "a_file").touch()
    (tmp_path / "directory").mkdir()
    with pytest.raises(StorageError, match="cannot be written"):
        write_atomically(tmp_path / place, b"x")
    assert names_in(tmp_path) == ["a_file", "directory"]


@needs_permissions
def test_a_directory_without_permission_is_a_storage_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StorageError, match="change the permissions"):
        write_atomically(tmp_path / "file", b"x")


@pytest.mark.parametrize("number", STORAGE_REMEDIES, ids=errno.errorcode.get)
def test_each_known_failure_names_the_path_and_its_remedy(number: int) -> None:
    error = storage_error(OSError(number, os.strerror(number)), Path("runs/a"), "written")
    assert str(error).startswith("runs/a: cannot be written (")
    assert str(error).endswith(f"; {STORAGE_REMEDIES[number]}")


def test_a_leftover_of_a_killed_process_with_our_number_is_no_obstacle(tmp_path: Path) -> None:
    path = tmp_path / "file"
    temporary_path(path).write_bytes(b"half")
    write_atomically(path, b"whole")
    assert path.read_bytes() == b"whole"
    assert names_in(tmp_path) == ["file"]


def test_only_temporaries_of_ended_processes_are_removed(tmp_path: Path) -> None:
    kept = [
        f".file.{os.getppid()}.tmp",  # its process runs
        "file.1.tmp",
        ".file.tmp",
        ".file.0.tmp",  # number 0 stands for a process group, never for one process
        ".file.99999999999.tmp",
        f".file.{ended_process()}.tmp.csv",
    ]
    stale = [f".last.npz.{ended_process()}.tmp", temporary_path(Path("run.json")).name]
    for name in kept + stale:
        (tmp_path / name).touch()
    remove_stale_temporaries(tmp_path)
    assert names_in(tmp_path) == sorted(kept)


def test_a_temporary_directory_is_removed_once_it_is_old(tmp_path: Path) -> None:
    young = tmp_path / f".young.{ended_process()}.tmp"
    old = tmp_path / f".old.{ended_process()}.tmp"
    for directory in (young, old):
        directory.mkdir()
        (directory / "run.json").touch()
    past = old.stat().st_mtime - 2 * DIRECTORY_GRACE_SECONDS
    os.utime(old, (past, past))
    remove_stale_temporaries(tmp_path)
    assert names_in(tmp_path) == [young.name]


def test_removing_a_stale_link_leaves_what_it_points_to(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    temporary_path(tmp_path / "link").symlink_to(target)
    remove_stale_temporaries(tmp_path)
    assert names_in(tmp_path) == ["target"]


def test_removing_temporaries_of_a_missing_directory_does_nothing(tmp_path: Path) -> None:
    remove_stale_temporaries(tmp_path / "missing")


def test_a_copy_is_kept_when_the_file_is_replaced(tmp_path: Path) -> None:
    path, copy = tmp_path / "last", tmp_path / "previous"
    for number in range(3):
        write_atomically(path, b"%d" % number)
        keep_copy(path, copy)
        assert copy.read_bytes() == path.read_bytes() == b"%d" % number
        assert copy.samefile(path)  # no byte was written
    write_atomically(path, b"new")
    assert copy.read_bytes() == b"2"
    assert names_in(tmp_path) == ["last", "previous"]


def test_a_copy_that_is_kept_already_leaves_nothing_behind(tmp_path: Path) -> None:
    path, copy = tmp_path / "last", tmp_path / "previous"
    path.write_bytes(b"x")
    for _ in range(2):
        keep_copy(path, copy)
    assert names_in(tmp_path) == ["last", "previous"]


def test_what_a_killed_process_left_does_not_keep_a_copy_from_being_made(tmp_path: Path) -> None:
    path, copy = tmp_path / "last", tmp_path / "previous"
    path.write_bytes(b"x")
    temporary_path(copy).write_bytes(b"half")
    keep_copy(path, copy)
    assert copy.read_bytes() == b"x"
    assert names_in(tmp_path) == ["last", "previous"]


def test_without_links_the_bytes_are_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, target: Path) -> None:
        raise OSError(errno.EPERM, "Operation not permitted", str(path), None, str(target))

    monkeypatch.setattr(Path, "hardlink_to", refuse)  # as FAT and some network disks do
    path, copy = tmp_path / "last", tmp_path / "previous"
    path.write_bytes(b"x")
    copy.write_bytes(b"older")
    keep_copy(path, copy)
    assert copy.read_bytes() == b"x"
    assert not copy.samefile(path)
    assert names_in(tmp_path) == ["last", "previous"]


def test_a_copy_of_nothing_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="last: cannot be read \\(No such file"):
        keep_copy(tmp_path / "last", tmp_path / "previous")
    assert names_in(tmp_path) == []


def test_room_that_is_not_there_is_told_in_time(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    require_room(tmp_path / "last", free // 2)
    with pytest.raises(StorageError) as caught:
        require_room(tmp_path / "last", 10**18)
    message = str(caught.value)
    assert message.startswith(f"{tmp_path}: the disk has ")
    assert message.endswith(
        " bytes left, and checkpoints will need 1,000,000,000,000,000,000; free some space, or "
        "choose another --runs-dir"
    )
    assert caught.value.exit_code == 7
