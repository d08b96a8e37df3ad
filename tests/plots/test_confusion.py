from __future__ import annotations

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.typing import ColorType

from nnctl.plots.confusion import (
    MAX_CLASSES_WITH_COUNTS,
    MAX_CLASSES_WITH_PERCENT,
    confusion_figure,
)
from nnctl.plots.encoding import figure_bytes
from nnctl.plots.style import INK


def cells(axes: Axes) -> dict[tuple[int, int], str]:
    """Return what stands in each cell, by row and column."""
    places = [(text.get_position(), text.get_text()) for text in axes.texts]
    return {(round(row), round(column)): text for (column, row), text in places}


def test_cells_hold_counts_and_their_share_of_the_row() -> None:
    figure = confusion_figure(np.array([[3, 1], [0, 5]]), ("cat", "dog"), "test rows")
    expected = {(0, 0): "3\n75%", (0, 1): "1\n25%", (1, 0): "0", (1, 1): "5\n100%"}
    assert cells(figure.axes[0]) == expected
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), [[0.75, 0.25], [0, 1]])
    assert figure.get_suptitle() == "test rows"


def test_sums_of_small_weights_are_shown_as_they_are() -> None:
    figure = confusion_figure(np.array([[0.003, 0.001], [0.0, 0.25]]), ("cat", "dog"), "t")
    expected = {(0, 0): "0.003\n75%", (0, 1): "0.001\n25%", (1, 0): "0", (1, 1): "0.25\n100%"}
    assert cells(figure.axes[0]) == expected


def test_rows_are_true_classes_and_columns_predicted_ones() -> None:
    axes = confusion_figure(np.eye(2, dtype=int), ("_cat", "dog"), "t").axes[0]
    assert axes.get_ylabel() == "true class"
    assert axes.get_xlabel() == "predicted class"
    for labels in (axes.get_xticklabels(), axes.get_yticklabels()):
        assert [label.get_text() for label in labels] == ["_cat", "dog"]
    low, high = axes.get_ylim()
    assert low > high  # the first class is the top row


def test_a_class_without_rows_has_zero_counts() -> None:
    figure = confusion_figure(np.array([[2, 0], [0, 0]]), ("a", "b"), "t")
    assert cells(figure.axes[0])[1, 1] == "0"


def test_a_share_is_not_rounded_to_none_or_all() -> None:
    figure = confusion_figure(np.array([[999, 1], [0, 1]]), ("a", "b"), "t")
    assert cells(figure.axes[0])[0, 0] == "999\n>99%"
    assert cells(figure.axes[0])[0, 1] == "1\n<1%"


def luminance(colour: ColorType) -> float:
    """Return the relative luminance of sRGB, as WCAG 2 defines it."""
    channels = np.array(to_rgb(colour), dtype=np.float64)
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def test_counts_can_be_read_on_every_shade() -> None:
    counts = np.array([[share, 24 - share] for share in range(25)] * 2).reshape(25, 2, 2)
    seen = set()
    for matrix in counts:
        axes = confusion_figure(matrix, ("a", "b"), "t").axes[0]
        image = axes.images[0]
        colours = np.asarray(image.cmap(image.norm(matrix / 24)))  # (2, 2, 4)
        for text, shade, count in zip(axes.texts, colours.reshape(4, 4), matrix.flat, strict=True):
            if count:
                dark, light = sorted((luminance(tuple(shade)), luminance(text.get_color())))
                assert (light + 0.05) / (dark + 0.05) > 3.5
                seen.add(text.get_color())
    assert seen == {INK, "white"}


@pytest.mark.parametrize(
    ("n_classes", "diagonal"),
    [
        (1, "4\n100%"),
        (10, "4\n100%"),
        (MAX_CLASSES_WITH_PERCENT + 1, "4"),
        (MAX_CLASSES_WITH_COUNTS + 1, None),
    ],
)
def test_many_classes_say_less_in_a_cell(n_classes: int, diagonal: str | None) -> None:
    names = [f"class {index}" for index in range(n_classes)]
    figure = confusion_figure(4 * np.eye(n_classes, dtype=int), names, "t")
    assert cells(figure.axes[0]).get((0, 0)) == diagonal


def test_ten_classes_with_long_names_have_text_that_fits_its_cell() -> None:
    names = [f"a rather long name of class {index}" for index in range(10)]
    figure = confusion_figure(np.full((10, 10), 12345), names, "t")
    figure_bytes(figure, ".png")  # lays it out
    axes = figure.axes[0]
    cell = axes.get_window_extent().width / 10
    assert max(text.get_window_extent().width for text in axes.texts) < cell
    turned = [label.get_rotation() for label in axes.get_xticklabels()]
    assert turned == [40] * 10


def test_short_names_are_not_turned() -> None:
    axes = confusion_figure(np.eye(2, dtype=int), ("a", "b"), "t").axes[0]
    assert [label.get_rotation() for label in axes.get_xticklabels()] == [0, 0]
