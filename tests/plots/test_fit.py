from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from nnctl.plots.animation import Caption
from nnctl.plots.arrays import FloatArray
from nnctl.plots.fit import CURVE_OF_ONE, Fit, fit_animation, fit_figure
from tests.plots.samples import (
    CURVE_X,
    HOSTILE,
    POINTS,
    curve_of_targets,
    legend_names,
    regression_fit,
    softmax,
)


def classifier_fit(curve_y: FloatArray) -> Figure:
    n_classes = max(curve_y.shape[1], 2)
    labels = np.arange(4) % n_classes
    own = np.eye(n_classes)[labels]
    fit = Fit(
        curve_x=CURVE_X,
        curve_y=curve_y[None],
        points_x=POINTS[:, 0],
        points_y=own if curve_y.shape[1] > 1 else own[:, 1:],
        feature_name="hours",
        target_names=("passed",),
        title="fit",
        class_names=("_no", "yes", "perhaps")[:n_classes],
    )
    return fit_figure(fit)


def test_one_target_is_data_and_prediction() -> None:
    figure = regression_fit()
    axes = figure.axes[0]
    (curve,), (points,) = axes.lines, axes.collections
    np.testing.assert_array_equal(curve.get_xdata(), CURVE_X)
    np.testing.assert_array_equal(curve.get_ydata(), CURVE_X)
    np.testing.assert_array_equal(points.get_offsets(), POINTS)
    assert (axes.get_xlabel(), axes.get_ylabel()) == (HOSTILE, "_target_0")
    assert legend_names(figure) == ["data", "prediction"]


@pytest.mark.parametrize("n_targets", [2, 7])
def test_several_targets_have_a_curve_each(n_targets: int) -> None:
    figure = regression_fit(n_targets)
    axes = figure.axes[0]
    assert [line.get_ydata()[0] for line in axes.lines] == [  # type: ignore[index]
        CURVE_X[0] + shift for shift in range(n_targets)
    ]
    assert len({line.get_color() for line in axes.lines}) == n_targets
    assert axes.lines[0].get_linestyle() != axes.lines[1].get_linestyle()
    assert axes.get_ylabel() == "value"
    assert legend_names(figure) == [f"_target_{index}" for index in range(n_targets)]


def test_a_shared_output_is_the_second_classs_probability() -> None:
    figure = classifier_fit(1 / (1 + np.exp(-CURVE_X[:, None])))
    axes = figure.axes[0]
    assert len(axes.lines) == 1
    first, second = (np.asarray(cloud.get_offsets()) for cloud in axes.collections)
    assert first.tolist() == [[-0.5, 0.0], [0.1, 0.0]]
    assert second.tolist() == [[0.5, 1.0], [-0.9, 1.0]]
    assert axes.get_ylabel() == "probability of yes"
    assert legend_names(figure) == ["_no", "yes"]


def test_every_class_has_a_curve_and_its_own_points_at_one() -> None:
    figure = classifier_fit(softmax(np.stack([-CURVE_X, 0 * CURVE_X, CURVE_X], axis=1)))
    axes = figure.axes[0]
    assert len(axes.lines) == 3
    clouds = [np.asarray(cloud.get_offsets()).tolist() for cloud in axes.collections]
    assert clouds == [[[-0.5, 1], [-0.9, 1]], [[0.5, 1]], [[0.1, 1]]]
    assert axes.get_ylabel() == "probability"
    assert legend_names(figure) == ["_no", "yes", "perhaps"]


def test_scores_that_are_no_probabilities_are_called_scores() -> None:
    assert classifier_fit(CURVE_X[:, None]).axes[0].get_ylabel() == "score of yes"


def test_the_curve_lies_over_the_points() -> None:
    axes = regression_fit().axes[0]
    assert axes.lines[0].get_zorder() > axes.collections[0].get_zorder()


def test_the_one_curve_has_another_colour_than_its_points() -> None:
    axes = regression_fit().axes[0]
    assert to_rgb(axes.lines[0].get_color()) == to_rgb(CURVE_OF_ONE)
    (points,) = np.asarray(axes.collections[0].get_facecolor())[:, :3]
    assert np.argmax(points) != np.argmax(to_rgb(CURVE_OF_ONE))  # blue, and red


def test_a_curve_far_off_goes_beyond_the_axes_of_an_animation() -> None:
    fit = curve_of_targets(n_frames=3)
    wild = replace(fit, curve_y=fit.curve_y[::-1] * np.array([1000.0, 0.1, 1.0])[:, None, None])
    axes = fit_animation(wild, [Caption("", "")] * 3).axes
    low, high = axes.get_ylim()
    assert low < -2.0  # the last curve
    assert high > 2.9  # the data
    assert high - low < 3 * (2.9 + 2.0)
    assert not axes.get_autoscale_on()


def test_frames_have_the_curves_of_their_own_and_the_points_once() -> None:
    animation = fit_animation(curve_of_targets(2, n_frames=2), [Caption("", "")] * 2)
    for frame in range(2):
        for shift, line in enumerate(animation.draw(frame)):
            assert isinstance(line, Line2D)
            np.testing.assert_array_equal(line.get_ydata(), (CURVE_X + shift) * (frame + 1))
            line.remove()
    assert len(animation.axes.collections) == 2
