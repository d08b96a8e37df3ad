"""What holds the documents to their commands notices what it should, and writes what it sees."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

from tests.documents import (
    Picture,
    Step,
    assert_shows,
    copy_picture,
    lessons,
    pictures_of,
    rewritten,
    steps_of,
)

CHAPTER = """## 1. Counting

```console
$ for i in 1 2; do
>   echo $i
> done
an old output
$ echo 3
```

```text
$ echo no command
```
"""


def test_a_command_may_go_on_in_further_lines() -> None:
    loop, echo = steps_of(CHAPTER.split("```console\n")[1].split("```")[0])
    assert loop == Step("for i in 1 2; do\n  echo $i\ndone\n", "an old output\n")
    assert echo == Step("echo 3\n", "")


def test_outputs_are_written_anew_and_all_else_is_kept(tmp_path: Path) -> None:
    expected = CHAPTER.replace("an old output\n$ echo 3\n", "1\n2\n$ echo 3\n3\n")
    assert rewritten(CHAPTER, tmp_path) == expected
    assert rewritten(expected, tmp_path) == expected


def test_a_bug_is_not_written_into_a_document(tmp_path: Path) -> None:
    chapter = "```console\n$ python -c 'import nothing_of_that_name'\n```\n"
    with pytest.raises(RuntimeError, match="not for a document"):
        rewritten(chapter, tmp_path)


def test_numbers_may_be_near_and_columns_as_wide_as_they_need() -> None:
    assert_shows("  loss   0.101\n ──────\n", "  loss  0.1\n ────\n", "")
    assert_shows("1.05e+31 at the end", "9.9e+30 at the end", "")


@pytest.mark.parametrize(
    ("shown", "promised"),
    [
        ("loss 0.5", "loss 0.6"),
        ("loss 1.0e-3 of 9", "loss 1.0e+3 of 9"),
        ("epoch 3", "epoch 4"),
        ("learnt", "stuck"),
        ("learnt\nand more", "learnt"),
    ],
)
def test_what_differs_is_noticed(shown: str, promised: str) -> None:
    with pytest.raises(AssertionError):
        assert_shows(shown, promised, "")


def test_chapters_are_cut_without_a_loss() -> None:
    text = f"# Title\n\n{CHAPTER}{CHAPTER.replace('1. ', '2. ')}"
    assert "".join(lessons(text)) == text
    assert [chapter[:5] for chapter in lessons(text)] == ["# Tit", "## 1.", "## 2."]


def test_a_picture_is_known_by_the_note_under_it() -> None:
    text = "![A line](images/line.png)\n<!-- picture: runs/line.png -->\n\n![Another](other.png)\n"
    (picture,) = pictures_of(text, Path("docs/course.md"))
    assert picture == Picture(Path("docs/images/line.png"), "runs/line.png")


def test_a_copied_animation_keeps_its_frames_and_their_times(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (40, 30), color) for color in ("red", "green", "blue")]
    frames[0].save(
        tmp_path / "made.gif", save_all=True, append_images=frames[1:], duration=[1000, 150, 2000]
    )
    copy_picture(tmp_path / "made.gif", tmp_path / "images" / "shown.gif")
    with Image.open(tmp_path / "images" / "shown.gif") as copy:
        shown = [
            (frame.info["duration"], int(np.argmax(np.asarray(frame.convert("RGB"))[5, 5])))
            for frame in ImageSequence.Iterator(copy)
        ]
    assert shown == [(1000, 0), (150, 1), (2000, 2)]


def test_a_copied_drawing_looks_the_same(tmp_path: Path) -> None:
    drawing = Image.new("RGBA", (40, 30), "white")
    drawing.paste((213, 94, 0, 255), (10, 10, 20, 20))
    drawing.save(tmp_path / "made.png")
    copy_picture(tmp_path / "made.png", tmp_path / "shown.png")
    with Image.open(tmp_path / "shown.png") as copy:
        assert copy.mode == "P"
        assert copy.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
        assert copy.convert("RGB").getpixel((15, 15)) == (213, 94, 0)
