"""The course is true: lesson by lesson, its commands print and draw what it shows."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.documents import (
    BLOCK,
    COURSE,
    NUMBER,
    all_steps,
    assert_shows,
    lessons,
    pictures_of,
    run,
    workplace,
)

TEXT = COURSE.read_text(encoding="utf-8")
LESSONS = [lesson for lesson in lessons(TEXT) if re.match(r"## \d+\. ", lesson)]
IMAGES = COURSE.parent / "images" / "course"
LARGEST = {".png": 100_000, ".gif": 400_000}  # in bytes
SIGNATURES = {".png": b"\x89PNG", ".gif": b"GIF8"}
MADE = re.compile(r"^runs/\S+$", re.MULTILINE)


def title_of(lesson: str) -> str:
    return lesson.splitlines()[0].removeprefix("## ")


each_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=title_of)


def test_the_lessons_are_counted_from_zero() -> None:
    numbers = [int(title_of(lesson).split(".")[0]) for lesson in LESSONS]
    assert numbers == list(range(len(LESSONS)))
    assert len(LESSONS) > 12


def test_the_table_of_contents_leads_to_each_lesson() -> None:
    linked = re.findall(r"^\| \[\d+\]\(#([^)]+)\)", TEXT, flags=re.MULTILINE)
    titles = (re.sub(r"[^\w -]", "", title_of(lesson).lower()) for lesson in LESSONS)
    assert linked == [title.replace(" ", "-") for title in titles]


@each_lesson
def test_a_lesson_prints_and_draws_what_it_shows(
    lesson: str, tmp_path: Path, commands: Path
) -> None:
    directory = workplace(tmp_path)
    for step in all_steps(lesson):
        shown, _ = run(step.command, directory, commands)
        assert_shows(shown, step.output, step.command)
    for picture in pictures_of(lesson, COURSE):
        suffix = picture.shown.suffix
        for file in (directory / picture.made, picture.shown):
            assert file.read_bytes().startswith(SIGNATURES[suffix]), file
        assert picture.shown.stat().st_size <= LARGEST[suffix], picture.shown


@each_lesson
def test_a_lesson_asks_and_answers_with_commands(lesson: str) -> None:
    assert all_steps(lesson)
    if title_of(lesson).startswith("0."):
        return
    questions = re.findall(r"^\*\*Exercise\.?\*\*", lesson, flags=re.MULTILINE)
    answers = re.findall(
        r"^<details><summary>Answer</summary>\n\n(.*?)^</details>$", lesson, re.M | re.S
    )
    assert len(questions) == len(answers) > 0
    assert any(all_steps(answer) for answer in answers)


@each_lesson
def test_numbers_quoted_in_a_lesson_stand_in_its_commands_or_outputs(lesson: str) -> None:
    """So that prose does not go on quoting what a command no longer prints."""
    shown = "".join(step.command + step.output for step in all_steps(lesson))
    prose = BLOCK.sub("", lesson)
    for quoted in re.findall(r"`([^`\n]*)`", prose):
        if NUMBER.fullmatch(quoted):
            assert quoted in NUMBER.findall(shown), quoted


def test_every_picture_is_made_by_a_lesson() -> None:
    """An image without a note of what it is a copy of would never be made anew."""
    made = [picture.shown for lesson in LESSONS for picture in pictures_of(lesson, COURSE)]
    shown = [COURSE.parent / place for place in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", TEXT)]
    assert len(made) > 10
    assert sorted(made) == sorted(shown) == sorted(IMAGES.iterdir())


def test_lessons_may_follow_one_another_in_one_directory() -> None:
    """A name of a run that is taken would get a number, and the text would not hold."""
    made = Counter(
        name
        for step in all_steps(TEXT)
        for name in set(MADE.findall(step.output))
        if "nnctl train" in step.command or "nnctl cross-validate" in step.command
    )
    assert made
    assert set(made.values()) == {1}, made


@pytest.mark.parametrize("link", re.findall(r"(?<!!)\[[^\]]*\]\(([^)#]+)\)", TEXT))
def test_links_of_the_course_lead_somewhere(link: str) -> None:
    assert link.startswith("https://") or (COURSE.parent / link).exists()
