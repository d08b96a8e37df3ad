"""A figure that changes from frame to frame, as the bytes of a GIF that plays it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from nnctl.plots.encoding import ANIMATED, require_format
from nnctl.plots.labels import shown
from nnctl.plots.style import INK, class_colour, plot_style

DrawFrame = Callable[[int], list[Artist]]  # draws a frame by its number, and returns what it drew

RESOLUTION = 100.0  # pixels per inch
PLAYING = 6000  # milliseconds that the frames take together, but for the first and the last
SHORTEST, LONGEST = 90, 1000  # milliseconds of a frame; the first takes the longest
HELD = 2000  # of the last one
MOST_COLOURS = 255  # of the 256 that a GIF has: one stands for what stays as it is
LARGEST_AREAS = 64  # colours that are in the palette for their areas
PLACES = np.array([1 << 16, 1 << 8, 1], np.uint32)  # of red, green and blue in one number
CLOSE = 8  # a difference between colours, of 255
N_CLASS_COLOURS = 24  # then they begin anew
SAMPLED = 8  # frames whose colours stand for those of all


@dataclass(frozen=True)
class Caption:
    """What stands over a frame: at its left end, where a longer number moves nothing, the epoch."""

    epoch: str
    measure: str


@dataclass(frozen=True, eq=False)
class Animation:
    """Axes with all that stays, and what draws the rest of a frame: it goes before the next one."""

    axes: Axes
    draw: DrawFrame
    captions: Sequence[Caption]  # one a frame


def figure_of(axes: Axes) -> Figure:
    """Return the figure that axes stand in."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    return figure


def gif_bytes(animation: Animation, suffix: str) -> bytes:
    """Return an animation as the contents of a GIF: the same frames give the same bytes.

    It plays for about the same time whatever the number of frames, holds the last, and begins anew.
    Raises UsageError unless `suffix` is .gif.
    """
    require_format(suffix, ANIMATED)
    with plot_style():
        frames = list(drawn_frames(animation))
    frames = with_common_colours(frames)
    first, *others = frames
    picture = BytesIO()
    first.save(
        picture,
        format="GIF",
        save_all=True,
        append_images=others,
        duration=durations(len(frames)),
        loop=0,  # for ever
        optimize=False,  # a palette of its own for each frame would flicker
    )
    return picture.getvalue()


def drawn_frames(animation: Animation) -> Iterator[Image.Image]:
    """Draw one frame after another into the figure, in the layout that the first one needs."""
    axes, figure = animation.axes, figure_of(animation.axes)
    figure.set_dpi(RESOLUTION)
    canvas: Any = FigureCanvasAgg(figure)
    for frame, caption in enumerate(animation.captions):
        axes.set_title(shown(caption.epoch), loc="left")
        axes.set_title(shown(caption.measure), loc="right")
        drawn = animation.draw(frame)
        if frame == 0:
            figure.draw_without_rendering()
            figure.set_layout_engine("none")
        canvas.draw()
        yield Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())
        for artist in drawn:
            artist.remove()


def with_common_colours(frames: Sequence[Image.Image]) -> list[Image.Image]:
    """Return the frames in one palette, so that what does not move does not change its colour."""
    chosen = np.unique(np.linspace(0, len(frames) - 1, SAMPLED).astype(int))
    together = np.concatenate([np.asarray(frames[index]) for index in chosen])
    palette = Image.new("P", (1, 1))
    palette.putpalette(common_palette(Image.fromarray(together)).tobytes())
    return [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]


def common_palette(image: Image.Image) -> NDArray[np.uint8]:
    """Return at most MOST_COLOURS colours (n, 3) for an image.

    First those that figures draw with, since a few small points would get none by their area; then
    those of the largest areas; then others that are far apart, for the rare ends of a scale.
    """
    pixels = np.asarray(image)
    numbers, areas = np.unique(pixels.astype(np.uint32) @ PLACES, return_counts=True)
    drawn_with = [to_rgb("white"), to_rgb(INK), *map(class_colour, range(N_CLASS_COLOURS))]
    exact = np.rint(255.0 * np.array(drawn_with)).astype(np.uint8)
    exact = exact[np.isin(exact.astype(np.uint32) @ PLACES, numbers)]
    largest = numbers[np.argsort(-areas, kind="stable")[:LARGEST_AREAS]]
    left = MOST_COLOURS - len(exact) - len(largest)
    spread = image.quantize(left, Image.Quantize.MAXCOVERAGE, kmeans=1).getpalette("RGB")
    others = np.concatenate(
        [largest[:, np.newaxis] // PLACES % 256, np.array(spread).reshape(-1, 3)]
    )
    differences = np.abs(others[:, np.newaxis].astype(int) - exact).max(axis=2)  # (n, n_exact)
    # Pillow may take a close one for an exact one, and paper is to stay white.
    return np.concatenate([exact, others[(differences > CLOSE).all(axis=1)].astype(np.uint8)])


def durations(n_frames: int) -> list[int]:
    """Return how long each frame is shown, in milliseconds; a GIF counts in hundredths."""
    each = min(max(PLAYING // n_frames // 10 * 10, SHORTEST), LONGEST)
    return [LONGEST, *[each] * (n_frames - 2), HELD]
