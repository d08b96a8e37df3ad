from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes

from nnctl.plots.encoding import figure_bytes
from nnctl.plots.groups import Panel, groups_figure
from tests.plots.samples import HOSTILE, legend_names, texts

ONE, ANOTHER = {1: 1.0, 2: 2.0, 4: 6.0}, {1: 3.0, 2: 5.0}


def drawn(axes: Axes, marker: str) -> list[list[float]]:
    """The places of what has this marker, a list a line."""
    lines = [line for line in axes.lines if line.get_marker() == marker]
    return [np.asarray(line.get_xdata()).tolist() for line in lines]


def lines(axes: Axes) -> list[list[float]]:
    return drawn(axes, "None")


def test_each_group_has_its_members_its_mean_and_its_deviation() -> None:
    (axes,) = groups_figure(["a", "b"], [Panel("test_loss", [ONE, ANOTHER], False)], "2").axes
    assert drawn(axes, "o") == [[1.0, 2.0, 6.0]]
    assert drawn(axes, "s") == [[3.0, 5.0]]
    assert drawn(axes, "|") == [[3.0], [4.0]]
    spread = math.sqrt(7.0)
    assert np.allclose(lines(axes), [[3 - spread, 3 + spread], [4 - 2**0.5, 4 + 2**0.5]])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b"]
    assert axes.get_xlabel() == "test_loss"


def test_pairs_of_two_groups_are_joined() -> None:
    figure = groups_figure(["a", "b"], [Panel("m", [ONE, ANOTHER], True)], "2")
    assert lines(figure.axes[0])[:2] == [[1.0, 3.0], [2.0, 5.0]]
    assert legend_names(figure) == ["one member", "mean ± 1 standard deviation", "a pair"]
    three = groups_figure(["a", "b", "c"], [Panel("m", [ONE, ANOTHER, ONE], True)], "3")
    assert len(lines(three.axes[0])) == 3
    assert "a pair" not in legend_names(three)


@pytest.mark.parametrize("values", [{}, {1: math.nan}, {1: math.inf, 2: 1.0}, {7: 3.0}])
def test_what_has_no_mean_or_no_spread_has_none_drawn(values: dict[int, float]) -> None:
    (axes,) = groups_figure(["a"], [Panel("m", [values], True)], "1").axes
    assert lines(axes) == []
    assert len(drawn(axes, "|")) == (values == {7: 3.0})


def test_names_of_strangers_are_drawn_as_they_are() -> None:
    figure = groups_figure([HOSTILE], [Panel(HOSTILE, [ONE], False)], HOSTILE)
    assert any(text.startswith("_$$") for text in texts(figure))
    assert figure_bytes(figure, ".svg")


@pytest.mark.parametrize("count", [1, 60])
def test_a_figure_stays_of_a_size_that_can_be_looked_at(count: int) -> None:
    panels: list[Any] = [Panel(f"m{n}", [ONE] * count, False) for n in range(3)]
    figure = groups_figure([f"group {n}" for n in range(count)], panels, "many")
    assert 3 < figure.get_figheight() < 25
