from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nnctl.config.yaml_source import read_yaml
from nnctl.config.yaml_writing import (
    COMMENTS_BEGIN,
    WIDTH,
    column_setting,
    commented,
    yaml_key,
    yaml_value,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
HOSTILE = (
    "", " ", "a b", "a  b", " a", "a ", "null", "Yes", "~", "1e3", "0x1", "-", "- a", "a: b",
    "a #b", "#a", "a\nb", "\t", "\0", "\x1b[31m", "\x85", "\u2028", "\ufeff", "\U0001f600", "'",
    '"', "\\", "[a]", "{a}", "&a", "*a", "!a", "|", ">", "%a", "@a", "`a`", "? a", "---", "...",
    "Größe", "a,b", "e" * 3000, "\u202e",
)  # fmt: skip


def read(text: str) -> object:
    return read_yaml(text.encode(), None).value


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_read_back_as_it_was(text: str) -> None:
    written = (
        f"columns:\n{yaml_key(text, 2)} {yaml_value(text)}\nlist: {yaml_value([text, text])}\n"
    )
    assert read(written) == {"columns": {text: text}, "list": [text, text]}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_a_message_tells_to_write_is_read_as_it_is_meant(name: str) -> None:
    assert read(column_setting(name, "ignored")) == {"columns": {name: "ignored"}}
    nested = {"columns": {name: {"unknown": "ignore"}}}
    assert read(column_setting(name, "{unknown: ignore}")) == nested


@given(TEXT)
def test_any_text_is_read_back_as_it_was(text: str) -> None:
    test_hostile_text_is_read_back_as_it_was(text)


@pytest.mark.parametrize(
    "text", ["species", "bill_length_mm", "Culmen Length (mm)", "Größe", "a-b"]
)
def test_plain_text_has_no_quotes(text: str) -> None:
    assert yaml_value(text) == text


@pytest.mark.parametrize("text", ["no", "ON", "null", "True"])
def test_words_that_another_reader_may_misread_have_quotes(text: str) -> None:
    assert yaml_value(text) == f'"{text}"'


def test_truth_values_are_those_of_yaml() -> None:
    assert (yaml_value(True), yaml_value(False)) == ("true", "false")


@given(TEXT, TEXT)
@example("a", "b\nc: d")
@example("a" * 40, "b\u2028" * 60)
@example("a" * 40, "b " * 60)
@example("a" * 2000, "")
def test_no_comment_is_broken_out_of(key: str, comment: str) -> None:
    written = commented(f"{yaml_key(key, 0)} 1", comment)
    assert read(written) == {key: 1}


def test_a_comment_stands_in_its_column_as_long_as_it_takes() -> None:
    beside = commented("key: 1", "word " * 30).splitlines()
    assert len(beside) == 3
    assert beside[0].startswith("key: 1".ljust(COMMENTS_BEGIN) + "# word")
    assert all(line[COMMENTS_BEGIN:].startswith("# word") for line in beside)
    assert max(map(len, beside)) <= WIDTH


def test_a_comment_that_does_not_fit_beside_stands_above() -> None:
    long = "  key: " + "1" * 40
    assert commented(long, "short") == f"{long}  # short"
    assert commented(long, "long " * 20).splitlines() == [
        f"  # {'long ' * 18}long",
        "  # long",
        long,
    ]
