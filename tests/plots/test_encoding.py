from __future__ import annotations

from xml.etree import ElementTree

import matplotlib
import pytest

from nnctl.errors import UsageError
from nnctl.plots.encoding import FORMATS, figure_bytes
from nnctl.plots.style import new_figure
from tests.plots.samples import FIGURES, HOSTILE, texts


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_the_same_bytes_each_time(name: str) -> None:
    """Each format comes first once, and once after what encoding the others did to a figure."""
    one, other = FIGURES[name](), FIGURES[name]()
    forwards = {suffix: figure_bytes(one, suffix) for suffix in FORMATS}
    backwards = {suffix: figure_bytes(other, suffix) for suffix in reversed(FORMATS)}
    assert forwards == backwards


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_shows_hostile_names_literally(name: str) -> None:
    assert any(HOSTILE in text for text in texts(FIGURES[name]()))


def test_svg_is_well_formed_and_has_neither_date_nor_script() -> None:
    root = ElementTree.fromstring(figure_bytes(FIGURES["three classes"](), ".svg"))
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert "path" in tags
    assert tags.isdisjoint({"script", "date"})


def test_png_is_a_png_and_names_no_version() -> None:
    content = figure_bytes(new_figure(1, 1), ".PNG")
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert b"atplotlib" not in content


def test_the_users_settings_do_not_change_the_bytes() -> None:
    plain = figure_bytes(FIGURES["history"](), ".svg")
    with matplotlib.rc_context({"svg.hashsalt": None, "axes.grid": False, "font.size": 20}):
        changed = figure_bytes(FIGURES["history"](), ".svg")
    assert plain == changed


@pytest.mark.parametrize(
    ("suffix", "received"),
    [(".pdf", "received suffix '.pdf'"), ("", "received no suffix"), ("png", "suffix 'png'")],
)
def test_an_unknown_suffix_is_a_usage_error_that_names_the_known_ones(
    suffix: str, received: str
) -> None:
    with pytest.raises(UsageError) as caught:
        figure_bytes(new_figure(1, 1), suffix)
    assert received in str(caught.value)
    assert str(caught.value).endswith("use .png or .svg")


def test_where_a_picture_that_moves_may_be_meant_the_way_to_it_is_told() -> None:
    with pytest.raises(UsageError) as caught:
        figure_bytes(new_figure(1, 1), ".gif")
    assert str(caught.value).endswith(
        "use .png or .svg; plot-boundary and plot-fit draw a .gif with --animate"
    )
