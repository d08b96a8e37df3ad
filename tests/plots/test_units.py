from __future__ import annotations

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgb
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure

from nnctl.plots.encoding import figure_bytes
from nnctl.plots.style import MARKERS, class_colour
from nnctl.plots.units import ABREAST, MOST_POINTS, units_figure
from tests.plots.samples import HOSTILE, unit_layer, unit_pictures


def panels(figure: Figure) -> list[Axes]:
    """Return the panels of the units, without those that stand empty and the colour bars."""
    return [axes for axes in figure.axes if axes.images]


def boundaries(axes: Axes) -> list[ContourSet]:
    return [each for each in axes.collections if isinstance(each, ContourSet)]


def test_each_unit_has_a_panel_with_its_activation_and_its_boundary() -> None:
    figure = unit_pictures()
    first, second, output = panels(figure)
    layer = unit_layer(2)
    for panel, values in zip((first, second), layer.a, strict=True):
        np.testing.assert_array_equal(panel.images[0].get_array(), values)
    assert (first.get_ylabel(), output.get_ylabel()) == ("hidden 1 (tanh)", "output (sigmoid)")
    (boundary,) = boundaries(first)
    line = np.concatenate([path.vertices for path in boundary.get_paths()])
    np.testing.assert_allclose(line[:, 0], 0.0, atol=1e-12)
    assert not boundaries(second)  # its net input is nowhere below zero


def test_a_layer_has_one_scale_about_what_nothing_gives() -> None:
    first, second, output = panels(unit_pictures())
    assert first.images[0].norm is second.images[0].norm
    hidden, outer = first.images[0].get_clim(), output.images[0].get_clim()
    assert sum(hidden) == 0.0
    assert sum(outer) == pytest.approx(2 * 0.5)


def test_dots_are_the_rows_each_class_by_its_marker() -> None:
    first, *_ = panels(unit_pictures())
    dots = [each for each in first.collections if isinstance(each, PathCollection)]
    assert [len(np.asarray(each.get_offsets())) for each in dots] == [2, 1]


def test_classes_that_share_a_marker_keep_their_colours() -> None:
    labels = np.array([0, 1, len(MARKERS)])  # the first and the last have one marker
    figure = units_figure(
        [unit_layer(1)],
        grid_x=np.linspace(-1, 1, 5),
        grid_y=np.linspace(0, 2, 4),
        points=np.array([[0.0, 1.0], [0.5, 1.0], [-0.5, 1.0]]),
        point_labels=labels,
        feature_names=("x", "y"),
        title="t",
    )
    dots = [each for each in panels(figure)[0].collections if isinstance(each, PathCollection)]
    drawn = {
        tuple(place): to_rgb(colour)
        for each in dots
        for place, colour in zip(
            np.asarray(each.get_offsets()).tolist(),
            np.broadcast_to(each.get_facecolor(), (len(each.get_offsets()), 4)),  # type: ignore[arg-type]
            strict=True,
        )
    }
    expected = [to_rgb(class_colour(label)) for label in labels.tolist()]
    assert [drawn[0.0, 1.0], drawn[0.5, 1.0], drawn[-0.5, 1.0]] == expected
    assert len(dots) == 2


@pytest.mark.parametrize("n_units", [1, ABREAST, ABREAST + 3])
def test_units_stand_in_rows_and_a_crowd_of_rows_is_thinned(n_units: int) -> None:
    figure = units_figure(
        [unit_layer(n_units)],
        grid_x=np.linspace(-1, 1, 5),
        grid_y=np.linspace(0, 2, 4),
        points=np.zeros((MOST_POINTS + 100, 2)),
        point_labels=None,
        feature_names=(HOSTILE, "y"),
        title="t",
    )
    assert len(panels(figure)) == n_units
    (dots,) = (each for each in panels(figure)[0].collections if isinstance(each, PathCollection))
    assert len(np.asarray(dots.get_offsets())) == MOST_POINTS
    assert figure_bytes(figure, ".png").startswith(b"\x89PNG")
