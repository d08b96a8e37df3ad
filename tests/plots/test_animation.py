from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from matplotlib.artist import Artist
from numpy.typing import NDArray
from PIL import Image

from nnctl.errors import UsageError
from nnctl.plots.animation import (
    HELD,
    LONGEST,
    PLAYING,
    SHORTEST,
    Animation,
    Caption,
    durations,
    gif_bytes,
)
from nnctl.plots.boundary import boundary_animation
from nnctl.plots.fit import fit_animation
from nnctl.plots.style import INK, PALETTE, class_colour, new_figure
from tests.plots.samples import (
    PLANE_X,
    PLANE_Y,
    blobs_scores,
    class_landscape,
    curve_of_targets,
    surface_landscape,
)

Pixels = NDArray[np.uint8]  # (height, width, 3)


def captions(count: int) -> list[Caption]:
    return [Caption(f"epoch {frame * 50} of 100", "x" * frame) for frame in range(count)]


def moving_classes() -> Animation:
    """Three classes whose regions move to the right, of which one has no point in the first."""
    scores = np.stack([blobs_scores(3), np.roll(blobs_scores(3), 4, axis=1), blobs_scores(3)])
    wrong = np.array([[0, 1, 2, 0], [0, 0, 2, 1], [0, 1, 2, 0]])
    landscape = class_landscape(scores, ("a", "b", "c"), point_predicted=wrong)
    return boundary_animation(landscape, captions(3))


def moving_surface() -> Animation:
    surfaces = np.stack([PLANE_X * PLANE_Y, PLANE_X + PLANE_Y])
    return boundary_animation(surface_landscape(surfaces), captions(2))


def moving_curve() -> Animation:
    return fit_animation(curve_of_targets(2, n_frames=2), captions(2))


ANIMATIONS = {"classes": moving_classes, "surface": moving_surface, "curve": moving_curve}


def frames_of(content: bytes) -> tuple[list[Pixels], list[int]]:
    """The frames as a viewer shows them, and how long each."""
    frames, milliseconds = [], []
    with Image.open(BytesIO(content)) as picture:
        for index in range(picture.n_frames):  # type: ignore[attr-defined]
            picture.seek(index)
            frames.append(np.asarray(picture.convert("RGB")).copy())
            milliseconds.append(int(picture.info["duration"]))
    return frames, milliseconds


@pytest.mark.parametrize("name", ANIMATIONS)
def test_the_same_frames_are_the_same_bytes(name: str) -> None:
    content = gif_bytes(ANIMATIONS[name](), ".gif")
    assert content.startswith(b"GIF89a")
    assert gif_bytes(ANIMATIONS[name](), ".GIF") == content


@pytest.mark.parametrize("name", ANIMATIONS)
def test_frames_have_one_size_and_what_stays_does_not_move(name: str) -> None:
    animation = ANIMATIONS[name]()
    frames, _ = frames_of(gif_bytes(animation, ".gif"))
    assert len(frames) == len(animation.captions)
    figure = animation.axes.get_figure(root=True)
    assert figure is not None
    box = animation.axes.get_window_extent()
    height = len(frames[0])
    below, left = height - int(box.y0) + 2, int(box.x0) - 2
    for frame in frames[1:]:
        assert frame.shape == frames[0].shape
        assert (frame != frames[0]).any()
        np.testing.assert_array_equal(frame[below:], frames[0][below:])  # names and legend
        np.testing.assert_array_equal(frame[:, :left], frames[0][:, :left])  # ticks


@pytest.mark.parametrize("name", ANIMATIONS)
def test_paper_is_white_and_the_colours_of_points_are_exact(name: str) -> None:
    frames, _ = frames_of(gif_bytes(ANIMATIONS[name](), ".gif"))
    drawn = [PALETTE[0], PALETTE[1]] if name != "surface" else []
    for colour in ("#FFFFFF", INK, *drawn):
        exact = np.frombuffer(bytes.fromhex(colour[1:]), np.uint8)
        assert (frames[0] == exact).all(axis=2).any(), colour
    for frame in frames:
        assert (frame[0] == 255).all()
        assert (frame[-1] == 255).all()


def test_a_small_point_keeps_its_colour_on_a_large_area_of_nearly_the_same() -> None:
    figure = new_figure(4.0, 3.0)
    axes = figure.add_subplot()
    shades = np.linspace(0.5, 0.9, 400)[None, :, None] * np.ones((300, 1, 3))
    axes.imshow(shades * np.array(class_colour(1)), aspect="auto")
    axes.scatter([200], [150], s=30, color=class_colour(3))

    def draw(frame: int) -> list[Artist]:
        return [axes.axvline(frame)]

    frames, _ = frames_of(gif_bytes(Animation(axes, draw, captions(2)), ".gif"))
    exact = np.rint(255 * np.array(class_colour(3)))
    for frame in frames:
        assert (frame == exact).all(axis=2).sum() > 10


def test_a_frame_shows_nothing_of_the_one_before() -> None:
    frames, _ = frames_of(gif_bytes(moving_classes(), ".gif"))
    first, second, third = frames
    assert (first != second).any()
    top = 60  # pixels; the captions differ
    np.testing.assert_array_equal(first[top:], third[top:])


def test_what_a_later_frame_needs_moves_nothing() -> None:
    axes = new_figure(4.0, 3.0).add_subplot()
    places = []

    def draw(frame: int) -> list[Artist]:
        places.append(axes.get_position().bounds)
        axes.set_ylabel("\n".join("x" * frame))
        return []

    gif_bytes(Animation(axes, draw, captions(4)), ".gif")
    assert places[1] == places[2] == places[3]


def test_every_frame_takes_its_time_and_the_last_is_held() -> None:
    _, milliseconds = frames_of(gif_bytes(moving_classes(), ".gif"))
    assert milliseconds == [LONGEST, LONGEST, HELD]


@pytest.mark.parametrize("n_frames", [2, 3, 8, 33, 64, 65])
def test_an_animation_takes_about_the_same_time_whatever_its_number_of_frames(
    n_frames: int,
) -> None:
    times = durations(n_frames)
    assert len(times) == n_frames
    assert times[-1] == HELD
    assert all(SHORTEST <= time <= LONGEST and time % 10 == 0 for time in times[:-1])
    assert sum(times) <= 10_000
    if n_frames >= 8:
        assert sum(times) >= PLAYING


def test_it_plays_for_ever() -> None:
    with Image.open(BytesIO(gif_bytes(moving_curve(), ".gif"))) as picture:
        assert picture.info["loop"] == 0


@pytest.mark.parametrize(
    ("suffix", "message"),
    [
        (".png", "(received suffix '.png'); use .gif, or leave --animate away"),
        (".mp4", "(received suffix '.mp4'); use .gif"),
        ("", "(received no suffix); use .gif"),
    ],
)
def test_an_animation_is_a_gif(suffix: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        gif_bytes(moving_curve(), suffix)
    assert str(caught.value) == f"a plot's format follows from its suffix {message}"
