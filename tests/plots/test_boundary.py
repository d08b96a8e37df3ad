from __future__ import annotations

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import TwoSlopeNorm, to_rgb
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from nnctl.plots.animation import Caption
from nnctl.plots.arrays import FloatArray
from nnctl.plots.boundary import boundary_animation, boundary_figure
from nnctl.plots.encoding import figure_bytes
from nnctl.plots.style import MAX_VECTOR_POINTS, class_colour
from tests.plots.samples import (
    GRID_X,
    GRID_Y,
    HOSTILE,
    PLANE_X,
    PLANE_Y,
    POINTS,
    blobs_scores,
    class_figure,
    class_landscape,
    legend_names,
    sigmoid_figure,
    surface_figure,
    surface_landscape,
)


def clouds(axes: Axes) -> list[PathCollection]:
    return [one for one in axes.collections if isinstance(one, PathCollection)]


def lines(axes: Axes) -> list[FloatArray]:
    """Return the vertices of every boundary line that is drawn, (n, 2) each."""
    contours = [one for one in axes.collections if isinstance(one, ContourSet)]
    return [np.asarray(path.vertices) for one in contours for path in one.get_paths()]


def painted(figure: Figure, x: FloatArray, y: FloatArray) -> FloatArray:
    """Return the colours (len(x) * len(y), 3) that the drawn figure has at these coordinates."""
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())[::-1, :, :3] / 255  # type: ignore[attr-defined]
    places = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    columns, rows = figure.axes[0].transData.transform(places).astype(int).T
    colours: FloatArray = pixels[rows, columns]
    return colours


def test_the_boundary_of_two_classes_lies_where_the_prediction_changes() -> None:
    axes = sigmoid_figure().axes[0]
    (boundary,) = lines(axes)
    np.testing.assert_allclose(boundary[:, 0], 0.0, atol=1e-12)
    assert boundary[:, 1].min() == GRID_Y[0]
    assert boundary[:, 1].max() == GRID_Y[-1]


def test_a_threshold_moves_boundary_and_shading() -> None:
    axes = sigmoid_figure(threshold=0.9).axes[0]
    (boundary,) = lines(axes)
    where = np.log(0.9 / 0.1) / 4
    step = GRID_X[1] - GRID_X[0]
    np.testing.assert_allclose(boundary[:, 0], where, atol=step)
    norm = axes.images[0].norm
    assert isinstance(norm, TwoSlopeNorm)
    assert norm.vcenter == pytest.approx(0.9, abs=0.05)


def test_two_classes_have_a_probability_bar_with_the_level_marked() -> None:
    figure = sigmoid_figure()
    assert len(figure.axes) == 2
    bar = figure.axes[1]
    assert bar.get_ylabel() == "probability of right"
    assert 0.5 in [line.get_ydata()[0] for line in bar.lines]  # type: ignore[index]


def test_sides_of_two_classes_have_their_classes_colours() -> None:
    image = sigmoid_figure().axes[0].images[0]
    first, second = (np.array(image.cmap(end)[:3]) for end in (0.0, 1.0))
    for tint, index in ((first, 0), (second, 1)):
        own, other = (np.array(class_colour(number)) for number in (index, 1 - index))
        assert np.linalg.norm(tint - own) < np.linalg.norm(tint - other)


def test_regions_are_the_predicted_classs_colour_the_stronger_the_surer() -> None:
    scores = np.zeros((*PLANE_X.shape, 3))
    scores[..., 1] = np.linspace(0.4, 1.0, len(GRID_X))
    scores[..., [0, 2]] = (1 - scores[..., 1:2]) / 2
    axes = class_figure(scores, ("a", "b", "c")).axes[0]
    pixels = np.asarray(axes.images[0].get_array())
    distance = np.linalg.norm(pixels - np.array(class_colour(1)), axis=-1)
    assert (np.diff(distance, axis=1) < 0).all()
    assert lines(axes) == []


def test_scores_that_are_no_probabilities_colour_evenly() -> None:
    axes = class_figure(100 * blobs_scores(3) - 7, ("a", "b", "c")).axes[0]
    pixels = np.asarray(axes.images[0].get_array()).reshape(-1, 3)
    assert len(np.unique(pixels, axis=0)) == 3


def test_boundaries_of_many_classes_lie_where_the_highest_scores_tie() -> None:
    axes = class_figure(blobs_scores(3), ("a", "b", "c")).axes[0]
    places = {round(float(x), 9) for boundary in lines(axes) for x in boundary[:, 0]}
    assert places == {-0.5, 0.5}


@pytest.mark.parametrize("n_classes", [2, 3, 6, 7, 12, 25])
def test_every_class_stands_in_the_legend_with_a_colour_and_marker_of_its_own(
    n_classes: int,
) -> None:
    names = tuple(f"_class {index}" for index in range(n_classes))
    figure = class_figure(blobs_scores(n_classes), names)
    assert legend_names(figure) == list(names)
    handles = figure.legends[0].get_lines()
    looks = {(to_rgb(handle.get_color()), handle.get_marker()) for handle in handles}
    assert len(looks) == n_classes
    figure_bytes(figure, ".png")  # lays it out
    assert figure.axes[0].get_window_extent().width > 300


def test_more_than_six_classes_have_their_legend_beside_the_axes() -> None:
    for n_classes, beside in ((6, False), (7, True)):
        names = tuple(f"class {index}" for index in range(n_classes))
        figure = class_figure(blobs_scores(n_classes), names)
        figure.draw_without_rendering()
        legend = figure.legends[0].get_window_extent()
        axes = figure.axes[0].get_window_extent()
        assert bool(legend.x0 > axes.x1) is beside
        assert bool(legend.y1 < axes.y0) is not beside


def test_points_are_drawn_by_class_and_wrong_ones_are_ringed() -> None:
    wrongly = np.array([0, 1, 2, 2])
    figure = class_figure(blobs_scores(3), ("a", "b", "c"), point_predicted=wrongly)
    drawn = [np.asarray(cloud.get_offsets()).tolist() for cloud in clouds(figure.axes[0])]
    own = [POINTS[[0, 3]], POINTS[[1]], POINTS[[2]]]
    assert drawn == [*(points.tolist() for points in own), POINTS[[3]].tolist()]
    assert legend_names(figure)[-1] == "misclassified (1)"


def test_without_errors_nothing_is_ringed() -> None:
    right = np.array([0, 1, 2, 0])
    figure = class_figure(blobs_scores(3), ("a", "b", "c"), point_predicted=right)
    assert len(clouds(figure.axes[0])) == 3
    assert legend_names(figure) == ["a", "b", "c"]


@pytest.mark.parametrize("n_points", [0, 1, 2 * MAX_VECTOR_POINTS + 2])
def test_any_number_of_points_is_drawn_and_a_crowd_as_images(n_points: int) -> None:
    points = np.resize(POINTS, (n_points, 2))
    figure = class_figure(blobs_scores(2), ("a", "b"), points=points)
    drawn = [np.asarray(cloud.get_offsets()).tolist() for cloud in clouds(figure.axes[0])]
    assert drawn == [points[0::2].tolist(), points[1::2].tolist()]
    svg = figure_bytes(figure, ".svg").decode()
    without = figure_bytes(class_figure(blobs_scores(2), ("a", "b"), points=points[:0]), ".svg")
    crowd = n_points > MAX_VECTOR_POINTS
    assert (svg.count("<image") > without.decode().count("<image")) is crowd


@pytest.mark.parametrize("n_scores", [1, 2, 3])
@pytest.mark.parametrize("value", [0.3, 5.0, 1e20, np.nan, np.inf])
def test_a_constant_or_undefined_prediction_has_one_colour_and_no_boundary(
    n_scores: int, value: float
) -> None:
    scores = np.full((*PLANE_X.shape, n_scores), value)
    names = ("a", "b", "c")[: max(n_scores, 2)]
    predicted = np.zeros(PLANE_X.shape, dtype=int)
    figure = class_figure(scores, names, predicted)
    assert lines(figure.axes[0]) == []
    pixels = painted(figure, np.array([-0.7, 0.0, 0.7]), np.array([0.6, 1.5, 2.5]))
    assert len(np.unique(pixels, axis=0)) == 1
    assert sum(len(np.asarray(cloud.get_offsets())) for cloud in clouds(figure.axes[0])) == 4


def test_a_surface_has_one_scale_for_predictions_and_targets() -> None:
    figure = surface_figure()
    points, surface = figure.axes[0].collections
    assert isinstance(surface, ContourSet)
    assert isinstance(points, PathCollection)
    assert surface.norm is points.norm
    assert (points.norm.vmin, points.norm.vmax) == (-3.0, 3.0)
    np.testing.assert_array_equal(points.get_array(), POINTS[:, 0] * POINTS[:, 1])
    assert figure.axes[1].get_ylabel() == "price"
    assert figure.axes[0].get_xlabel() == HOSTILE


@pytest.mark.parametrize("value", [0.0, 2.0, np.nan, np.inf])
def test_a_surface_is_filled_where_it_is_defined_and_white_elsewhere(value: float) -> None:
    figure = surface_figure(np.where(PLANE_Y > 1, value, 2.0))
    below, above = (painted(figure, GRID_X[1:-1:6], np.array([y])) for y in (0.5, 2.5))
    assert len(np.unique(below, axis=0)) == len(np.unique(above, axis=0)) == 1
    assert below.max() < 1
    assert (above == 1).all() == (not np.isfinite(value))
    assert (above == below).all() == (value == 2.0)


def test_the_axes_show_exactly_the_grid() -> None:
    for figure in (sigmoid_figure(), surface_figure(), class_figure(blobs_scores(3), tuple("abc"))):
        assert figure.axes[0].get_xlim() == (GRID_X[0], GRID_X[-1])
        assert figure.axes[0].get_ylim() == (GRID_Y[0], GRID_Y[-1])


@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_upper_half_is_painted_where_the_feature_is_high(n_classes: int) -> None:
    scores = np.zeros((*PLANE_X.shape, n_classes))
    scores[..., 1] = PLANE_Y > 1.5
    scores[..., 0] = PLANE_Y <= 1.5
    names = ("a", "b", "c")[:n_classes]
    figure = class_figure(scores, names, points=np.empty((0, 2)))
    for height, index in ((0.4, 0), (2.6, 1)):
        (pixel,) = painted(figure, np.array([0.13]), np.array([height]))
        own, other = (np.array(class_colour(number)) for number in (index, 1 - index))
        assert np.linalg.norm(pixel - own) < np.linalg.norm(pixel - other)


def test_rings_of_a_frame_are_around_its_own_errors() -> None:
    scores = np.stack([blobs_scores(3)] * 2)
    predicted = np.array([[0, 1, 2, 1], [2, 1, 0, 0]])
    landscape = class_landscape(scores, ("a", "b", "c"), point_predicted=predicted)
    animation = boundary_animation(landscape, [Caption("", "")] * 2)
    for frame, wrong in enumerate(([3], [0, 2])):
        *_, rings = animation.draw(frame)
        assert isinstance(rings, PathCollection)
        assert np.asarray(rings.get_offsets()).tolist() == POINTS[wrong].tolist()
    assert legend_names(boundary_figure(landscape))[-1] == "misclassified"


def test_two_classes_have_one_scale_over_all_frames() -> None:
    scores = np.stack([3 * PLANE_X, -50 * PLANE_X])[..., None]
    landscape = class_landscape(scores, ("a", "b"), (scores[..., 0] > 0).astype(np.intp))
    animation = boundary_animation(landscape, [Caption("", "")] * 2)
    images = [animation.draw(frame)[0] for frame in range(2)]
    for image in images:
        assert isinstance(image, AxesImage)
        assert (image.norm.vmin, image.norm.vmax) == (-50.0, 50.0)


def test_surfaces_have_one_scale_over_all_frames_and_lie_under_the_data() -> None:
    surfaces = np.stack([PLANE_X, -50 * PLANE_X])
    animation = boundary_animation(surface_landscape(surfaces), [Caption("", "")] * 2)
    (points,) = clouds(animation.axes)
    for frame in range(2):
        (surface,) = animation.draw(frame)
        assert isinstance(surface, ContourSet)
        assert (surface.norm.vmin, surface.norm.vmax) == (-50.0, 50.0)
        assert surface.get_zorder() < points.get_zorder()
