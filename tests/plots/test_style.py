from __future__ import annotations

import subprocess
import sys

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb

from nnctl.plots.style import (
    CROWD,
    MARKERS,
    MAX_VECTOR_POINTS,
    PALETTE,
    class_colour,
    class_marker,
    drawable_characters,
    line_style,
    new_figure,
    plot_style,
    scatter_style,
)

IMPORT_AND_DRAW = """
import io, pkgutil, sys
import nnctl.plots
modules = [module.name for module in pkgutil.iter_modules(nnctl.plots.__path__)]
assert len(modules) >= 7, modules
for name in modules:
    __import__(f"nnctl.plots.{name}")
from nnctl.plots.encoding import figure_bytes
from nnctl.plots.history import history_figure
figure = history_figure({"epoch": [1], "train_loss": [1.0]}, 1, "title")
for suffix in (".png", ".svg"):
    assert figure_bytes(figure, suffix)
print("matplotlib.pyplot" in sys.modules, "matplotlib" in sys.modules)
"""


def test_neither_importing_nor_drawing_nor_encoding_imports_pyplot() -> None:
    command = [sys.executable, "-c", IMPORT_AND_DRAW]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_a_figure_is_drawn_by_agg_and_laid_out_by_constraints() -> None:
    figure = new_figure(3, 2)
    assert type(figure.canvas) is FigureCanvasAgg
    assert figure.get_constrained_layout()
    assert figure.get_size_inches().tolist() == [3, 2]


def test_style_ignores_the_users_settings_and_gives_them_back() -> None:
    with matplotlib.rc_context({"axes.facecolor": "red", "text.usetex": True}):
        with plot_style():
            assert matplotlib.rcParams["axes.facecolor"] == "white"
            assert not matplotlib.rcParams["text.usetex"]
            assert not matplotlib.rcParams["text.parse_math"]
        assert matplotlib.rcParams["axes.facecolor"] == "red"


def test_first_24_classes_differ_in_colour_and_neighbours_in_marker_and_line() -> None:
    colours = {class_colour(index) for index in range(3 * len(PALETTE))}
    assert len(colours) == 3 * len(PALETTE)
    assert all(class_marker(index) != class_marker(index + 1) for index in range(2 * len(MARKERS)))
    looks = {(class_colour(index), class_marker(index)) for index in range(264)}
    assert len(looks) == 264
    assert all(line_style(index) != line_style(index + 1) for index in range(12))


def test_first_two_classes_differ_in_grey_too() -> None:
    greys = [float(np.dot(to_rgb(PALETTE[index]), (0.2126, 0.7152, 0.0722))) for index in (0, 1)]
    assert abs(greys[0] - greys[1]) > 0.25


def test_a_crowd_of_points_is_smaller_and_a_large_one_an_image() -> None:
    few, crowd = scatter_style(1), scatter_style(4 * CROWD)
    assert crowd["s"] == few["s"] / 2
    assert scatter_style(0) == few
    assert not scatter_style(MAX_VECTOR_POINTS)["rasterized"]
    assert scatter_style(MAX_VECTOR_POINTS + 1)["rasterized"]


def test_greek_letters_and_accents_can_be_drawn_but_private_characters_cannot() -> None:
    assert {ord(character) for character in "aZ_éßλΩ→…"} <= drawable_characters()
    assert 0xE123 not in drawable_characters()
