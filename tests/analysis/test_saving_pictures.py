from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from nnctl.analysis.pictures import save_picture
from nnctl.errors import StorageError
from nnctl.plots.encoding import figure_bytes
from nnctl.plots.style import new_figure


def test_saving_replaces_a_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "plot.png"
    path.write_text("old")
    save_picture(new_figure(1, 1), path)
    assert path.read_bytes() == figure_bytes(new_figure(1, 1), ".png")
    assert [entry.name for entry in tmp_path.iterdir()] == ["plot.png"]


def test_saving_follows_a_link(tmp_path: Path) -> None:
    path, link = tmp_path / "plot.png", tmp_path / "link.png"
    path.write_text("old")
    link.symlink_to(path)
    save_picture(new_figure(1, 1), link)
    assert link.is_symlink()
    assert path.read_bytes().startswith(b"\x89PNG\r\n")


def test_saving_writes_into_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()), daemon=True)
    reader.start()
    save_picture(new_figure(1, 1), pipe)
    assert pipe.is_fifo()
    reader.join(timeout=20)
    assert received == [figure_bytes(new_figure(1, 1), ".png")]


def test_a_place_that_cannot_be_written_is_a_storage_error_and_leaves_nothing(
    tmp_path: Path,
) -> None:
    occupied = tmp_path / "plot.png"
    occupied.mkdir()
    for path in (occupied, tmp_path / "missing" / "plot.png"):
        with pytest.raises(StorageError, match="cannot be written") as caught:
            save_picture(new_figure(1, 1), path)
        assert str(caught.value).startswith(str(path))
    assert [entry.name for entry in tmp_path.iterdir()] == ["plot.png"]
