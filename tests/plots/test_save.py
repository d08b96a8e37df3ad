from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import pytest

from nnctl.errors import StorageError, UsageError
from nnctl.plots.save import METADATA, save_figure
from nnctl.plots.style import new_figure
from tests.plots.samples import FIGURES, HOSTILE, texts


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_the_same_bytes_each_time(name: str, tmp_path: Path) -> None:
    for suffix in METADATA:
        first, second, again = (tmp_path / f"{number}{suffix}" for number in range(3))
        figure = FIGURES[name]()
        save_figure(figure, first)
        save_figure(figure, again)
        save_figure(FIGURES[name](), second)
        assert first.read_bytes() == second.read_bytes()
        assert first.read_bytes() == again.read_bytes()


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_shows_hostile_names_literally(name: str) -> None:
    assert any(HOSTILE in text for text in texts(FIGURES[name]()))


def test_svg_is_well_formed_and_has_neither_date_nor_script(tmp_path: Path) -> None:
    path = tmp_path / "plot.svg"
    save_figure(FIGURES["three classes"](), path)
    tags = {element.tag.rpartition("}")[2] for element in ElementTree.parse(path).iter()}
    assert "path" in tags
    assert tags.isdisjoint({"script", "date"})


def test_png_is_a_png_and_names_no_version(tmp_path: Path) -> None:
    path = tmp_path / "plot.PNG"
    save_figure(new_figure(1, 1), path)
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert b"atplotlib" not in content


def test_the_users_settings_do_not_change_the_bytes(tmp_path: Path) -> None:
    plain, changed = tmp_path / "plain.svg", tmp_path / "changed.svg"
    save_figure(FIGURES["history"](), plain)
    with matplotlib.rc_context({"svg.hashsalt": None, "axes.grid": False, "font.size": 20}):
        save_figure(FIGURES["history"](), changed)
    assert plain.read_bytes() == changed.read_bytes()


@pytest.mark.parametrize(
    ("name", "received"),
    [("plot.pdf", "received suffix '.pdf'"), ("plot", "received no suffix"), ("", "no suffix")],
)
def test_an_unknown_suffix_is_a_usage_error_that_names_the_known_ones(
    name: str, received: str
) -> None:
    with pytest.raises(UsageError) as caught:
        save_figure(new_figure(1, 1), Path(name))
    assert received in str(caught.value)
    assert str(caught.value).endswith("use .png or .svg")


def test_saving_replaces_a_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "plot.png"
    path.write_text("old")
    save_figure(new_figure(1, 1), path)
    assert path.read_bytes() != b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["plot.png"]


def test_a_path_that_cannot_be_written_is_a_storage_error_and_leaves_nothing(
    tmp_path: Path,
) -> None:
    occupied = tmp_path / "plot.png"
    occupied.mkdir()
    for path in (occupied, tmp_path / "missing" / "plot.png"):
        with pytest.raises(StorageError, match="cannot write the plot") as caught:
            save_figure(new_figure(1, 1), path)
        assert str(caught.value).startswith(str(path))
    assert [entry.name for entry in tmp_path.iterdir()] == ["plot.png"]
