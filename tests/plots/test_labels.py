from __future__ import annotations

import pytest
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from nnctl.plots.labels import (
    LEGEND_ROWS,
    NAME_LENGTH,
    legend_below,
    legend_beside,
    set_title,
    shown,
)
from nnctl.plots.style import new_figure
from tests.plots.samples import legend_names


@pytest.mark.parametrize(
    "name", ["petal_length", "_private", "$$", "[red]", "<script>", "{x}", "a\\$b", "β → é", ""]
)
def test_names_are_shown_literally(name: str) -> None:
    assert shown(name) == name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a\nb", r"a\nb"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\u202eabc", r"\u202eabc"),
        ("\ue123", r"\ue123"),
        ("\udc80", r"\udc80"),
    ],
)
def test_what_cannot_be_drawn_is_escaped(name: str, expected: str) -> None:
    assert shown(name) == expected


def test_long_names_keep_their_beginning_and_their_end() -> None:
    assert shown("abcdefghij", length=5) == "ab…ij"
    assert shown("abcdefghij", length=6) == "abc…ij"
    assert shown("x" * NAME_LENGTH) == "x" * NAME_LENGTH
    assert len(shown("x" * (NAME_LENGTH + 1))) == NAME_LENGTH


def test_a_title_is_as_long_as_the_figure_is_wide() -> None:
    narrow, wide = new_figure(3, 3), new_figure(10, 3)
    for figure in (narrow, wide):
        set_title(figure, "t" * 80)
    assert len(narrow.get_suptitle()) == 28
    assert wide.get_suptitle() == "t" * 80


def test_a_legend_shows_names_that_begin_with_an_underscore() -> None:
    figure = new_figure(4, 3)
    legend_below(figure, [Line2D([], []), Line2D([], [])], ["_hidden", "$$"])
    assert legend_names(figure) == ["_hidden", "$$"]


def n_columns(figure: Figure) -> int:
    """Return how many different places from left to right the names of the legend begin at."""
    figure.draw_without_rendering()
    return len({round(text.get_window_extent().x0) for text in figure.legends[0].get_texts()})


@pytest.mark.parametrize(
    ("names", "columns"), [(["a", "b", "c"], 3), (["n" * 30] * 3, 2), (["n" * 30] * 1, 1)]
)
def test_a_legend_below_takes_the_columns_that_fit(names: list[str], columns: int) -> None:
    figure = new_figure(7, 5)
    legend_below(figure, [Line2D([], []) for _ in names], names)
    assert n_columns(figure) == columns


def test_a_legend_beside_starts_a_column_when_one_is_full() -> None:
    figure = new_figure(7, 5)
    names = [str(index) for index in range(LEGEND_ROWS + 1)]
    legend_beside(figure, [Line2D([], []) for _ in names], names)
    assert n_columns(figure) == 2
    assert legend_names(figure) == names


def test_a_legend_of_very_many_names_leaves_room_for_the_axes() -> None:
    figure = new_figure(8, 5)
    axes = figure.subplots()
    names = [f"class {index}" for index in range(150)]
    legend_beside(figure, [Line2D([], []) for _ in names], names)
    kept = legend_names(figure)
    assert len(kept) == 2 * LEGEND_ROWS
    assert kept == [*names[:36], "and 111 more", *names[-3:]]
    figure.draw_without_rendering()
    assert axes.get_window_extent().width > 300
