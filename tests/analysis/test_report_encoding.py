from __future__ import annotations

import struct

import numpy as np
import pytest

from nnctl.analysis.pictures import Picture
from nnctl.analysis.report_encoding import (
    DOTS_PER_INCH,
    LARGEST_SVG,
    PIXELS_PER_INCH,
    SHADED,
    encoded,
    size_of,
    total_size,
)
from nnctl.plots.history import history_figure

HISTORY = {"epoch": [1.0, 2.0, 3.0], "train_loss": [3.0, 2.0, 1.0]}


def picture() -> Picture:
    return Picture(history_figure(HISTORY, 2, "a run"), ("a notice",))


def test_a_picture_of_few_lines_is_svg_and_says_its_size() -> None:
    entry = encoded("history", "Curves.", picture(), "what is seen")
    assert entry.suffix == ".svg"
    assert entry.data.startswith(b"<?xml")
    inches = np.array(history_figure(HISTORY, 2, "a run").get_size_inches())
    sides = (inches * PIXELS_PER_INCH).round().tolist()
    assert [entry.width, entry.height] == sides
    assert (entry.alt, entry.notices) == ("what is seen", ("a notice",))
    assert encoded("history", "Curves.", picture(), "what is seen") == entry


def test_shades_are_pixels_of_the_size_that_they_are_shown_in() -> None:
    entry = encoded("history", "Curves.", picture(), "what is seen", SHADED)
    assert (entry.suffix, entry.data[:4]) == (".png", b"\x89PNG")
    scale = DOTS_PER_INCH / PIXELS_PER_INCH
    pixels = struct.unpack(">II", entry.data[16:24])
    assert pixels == pytest.approx((entry.width * scale, entry.height * scale), abs=2)


def test_of_a_drawing_with_very_many_lines_the_smaller_file_is_taken() -> None:
    noise = np.random.default_rng(0).normal(size=20_000)
    history = {"epoch": np.arange(len(noise)).tolist(), "train_loss": noise.tolist()}
    entry = encoded("history", "Curves.", Picture(history_figure(history, 2, "a run")), "noise")
    assert (entry.suffix, entry.data[:4]) == (".png", b"\x89PNG")
    assert len(entry.data) < LARGEST_SVG


def test_pictures_take_a_third_more_in_a_page_than_in_a_file() -> None:
    entry = encoded("history", "Curves.", picture(), "what is seen")
    assert size_of(entry) == round(len(entry.data) * 4 / 3)
    assert total_size([entry, None, entry]) == 2 * size_of(entry)
