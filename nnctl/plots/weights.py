"""Weights as colours: matrices layer by layer, or the first layer's as images of its inputs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from nnctl.plots.arrays import FloatArray
from nnctl.plots.labels import set_title, shown
from nnctl.plots.signed import SIGNED_COLOURS, letters_on, signed_scale
from nnctl.plots.style import INK, Style, new_figure, plot_style

MOST_NAMED = 40  # rows or columns of a matrix that have room for their names
MOST_WRITTEN = 12  # columns whose cells have room for their numbers
NAME_LENGTH = 18
SMALL = 8  # points
LAYERS_ABREAST = 3
CELL, FRAME, NARROWEST, WIDEST = 0.24, 1.6, 2.8, 6.4  # inches
IMAGE, GAP = 0.85, 0.04  # inches


@dataclass(frozen=True, eq=False)
class LayerWeights:
    """A layer's parameters, and what stands on both sides of them."""

    name: str
    weights: FloatArray  # (n_inputs, n_units)
    biases: FloatArray | None  # (n_units,)
    input_names: Sequence[str]
    unit_names: Sequence[str]

    @property
    def matrix(self) -> FloatArray:
        """The weights, and under them the biases: (n_inputs + 1, n_units) or (n_inputs, ...)."""
        if self.biases is None:
            return self.weights
        return np.concatenate([self.weights, self.biases[np.newaxis]])


@plot_style()
def weights_figure(layers: Sequence[LayerWeights], title: str) -> Figure:
    """Draw each layer's matrix: a row an input, the last one the biases, a column a unit.

    Each layer has a colour scale of its own.
    """
    columns = min(len(layers), LAYERS_ABREAST)
    rows = math.ceil(len(layers) / columns)
    highest = max(len(layer.matrix) for layer in layers)
    height = float(np.clip(FRAME + CELL * highest, NARROWEST, WIDEST))
    widths = [max(map(width_of, layers[column::columns])) for column in range(columns)]
    figure = new_figure(sum(widths), height * rows + 0.4)
    set_title(figure, title)
    panels = figure.subplots(rows, columns, squeeze=False, width_ratios=widths).ravel()
    for panel, layer in zip(panels, layers, strict=False):
        draw_matrix(figure, panel, layer)
    for unused in panels[len(layers) :]:
        unused.remove()
    return figure


def width_of(layer: LayerWeights) -> float:
    """Return the inches of a layer's panel: room for its names, units and colour bar."""
    cell = 2 * CELL if writes_numbers(layer) else CELL
    return float(np.clip(2.2 + cell * layer.weights.shape[1], NARROWEST, WIDEST))


def writes_numbers(layer: LayerWeights) -> bool:
    """Return whether each cell has room for its number."""
    n_rows, n_units = layer.matrix.shape
    return bool(n_units <= MOST_WRITTEN and n_rows <= MOST_NAMED)


def draw_matrix(figure: Figure, axes: Axes, layer: LayerWeights) -> None:
    """Draw one layer."""
    scale = signed_scale(layer.matrix)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    style: Style = {"aspect": "auto", "interpolation": "nearest"}
    image = axes.imshow(layer.matrix, cmap=SIGNED_COLOURS, norm=scale, **style)
    bar = figure.colorbar(image, ax=axes, pad=0.02)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=SMALL)
    n_inputs, n_units = layer.weights.shape
    axes.set_title(f"{layer.name}: {n_inputs} x {n_units}")
    axes.tick_params(length=0, labelsize=SMALL)
    names = [shown(name, NAME_LENGTH) for name in layer.input_names]
    name_rows(axes, names if layer.biases is None else [*names, "bias"])
    name_columns(axes, [shown(name, NAME_LENGTH) for name in layer.unit_names])
    if layer.biases is not None:
        axes.axhline(n_inputs - 0.5, color=INK, linewidth=0.8)
    if writes_numbers(layer):
        write_numbers(axes, layer.matrix, scale)


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """Name the rows, or where they are too many, number them."""
    if len(names) <= MOST_NAMED:
        axes.set_yticks(range(len(names)), labels=names)
    axes.set_ylabel("input")


def name_columns(axes: Axes, names: Sequence[str]) -> None:
    """Name the columns, turned where they have names and not just numbers."""
    if len(names) <= MOST_NAMED:
        axes.set_xticks(range(len(names)), labels=names)
        if max(map(len, names)) > 2:
            for label in axes.get_xticklabels():
                label.set(rotation=40, ha="right", rotation_mode="anchor")
    axes.set_xlabel("unit")


def write_numbers(axes: Axes, matrix: FloatArray, scale: Normalize) -> None:
    """Write each number on its cell."""
    style: Style = {"ha": "center", "va": "center", "fontsize": SMALL}
    for (row, column), value in np.ndenumerate(matrix):
        colour = letters_on(float(value), scale)
        axes.text(column, row, f"{value:.2g}", color=colour, **style)


@plot_style()
def weight_images_figure(images: FloatArray, title: str) -> Figure:
    """Draw what each unit looks for: its weights (n_units, height, width) as an image.

    All images have one colour scale.
    """
    n_units, height, width = images.shape
    columns = math.ceil(math.sqrt(1.6 * n_units))
    rows = math.ceil(n_units / columns)
    tall = min(max(height / width, 0.5), 2.0)
    figure = new_figure(max(IMAGE * columns + 1.2, 4.2), (IMAGE * tall + 0.22) * rows + 0.6)
    figure.set_layout_engine("constrained", w_pad=GAP, h_pad=GAP, wspace=0, hspace=0)
    set_title(figure, title)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    scale = signed_scale(images)
    for unit, (panel, image) in enumerate(zip(panels, images, strict=False)):
        drawn = panel.imshow(image, cmap=SIGNED_COLOURS, norm=scale, interpolation="nearest")
        panel.set_title(str(unit + 1), fontsize=SMALL, pad=2)
        panel.set_xticks([])
        panel.set_yticks([])
        panel.spines[:].set(visible=True, linewidth=0.5)
    for unused in panels[n_units:]:
        unused.remove()
    bar = figure.colorbar(drawn, ax=panels[:n_units].tolist(), shrink=0.8, label="weight")
    bar.outline.set_visible(False)
    return figure
