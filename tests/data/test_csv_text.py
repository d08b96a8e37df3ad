"""Bytes become text in pieces of any size, and text is cut into the same blocks however it came."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnctl.data import csv_text
from nnctl.data.csv_text import BYTES_AT_ONCE, Block, Lines, decoded
from nnctl.errors import DataError

TEXT = "length,name\n1.5,Ann\n2,Zoë\n"
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "utf-7")


class Dripping(io.BytesIO):
    """A stream that gives a byte at a time, as a slow pipe does."""

    def read1(self, size: int | None = -1, /) -> bytes:
        return super().read1(1)


def text_of(content: bytes, encoding: str = "utf-8") -> str:
    return "".join(decoded(io.BytesIO(content), "f.csv", encoding))


def message_of(content: bytes, encoding: str = "utf-8") -> str:
    with pytest.raises(DataError) as caught:
        text_of(content, encoding)
    with pytest.raises(DataError) as dripped:
        "".join(decoded(Dripping(content), "f.csv", encoding))
    assert str(dripped.value) == str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_text_is_read_in_the_encoding_that_is_named(encoding: str) -> None:
    assert text_of(TEXT.encode(encoding), encoding) == TEXT
    assert "".join(decoded(Dripping(TEXT.encode(encoding)), "f.csv", encoding)) == TEXT


def test_one_byte_order_mark_is_taken_away() -> None:
    assert text_of(codecs.BOM_UTF8 + b"a\n") == "a\n"
    assert text_of("\ufeffa\n".encode("utf-16-le"), "utf-16-le") == "a\n"
    assert text_of("a\ufeff\n".encode()) == "a\ufeff\n"


def test_another_encoding_is_refused_with_the_byte_and_a_hint() -> None:
    assert message_of(TEXT.encode("latin-1")) == (
        "f.csv: byte 24 is not utf-8 text (received 0xeb); "
        "name the file's encoding, perhaps with `encoding: latin-1`"
    )
    assert message_of(TEXT.encode("utf-16")) == (
        f"f.csv: byte 0 is not utf-8 text (received 0x{codecs.BOM_UTF16[0]:02x}); "
        "name the file's encoding, perhaps with `encoding: utf-16`"
    )
    assert message_of(TEXT.encode("utf-16-le")).endswith("perhaps with `encoding: utf-16`")


@pytest.mark.parametrize(
    ("content", "encoding", "offset"),
    [
        (b"a" * 3_000_000 + b"\xe9b", "utf-8", 3_000_000),
        (b"a" * (BYTES_AT_ONCE - 1) + b"\xc3(", "utf-8", BYTES_AT_ONCE - 1),  # across two pieces
        (b"abc\xc3", "utf-8", 3),  # cut off in the middle of a character
        (codecs.BOM_UTF8 + b"abc\xff", "utf-8-sig", 6),
        (b"a\0b\0\x00\xd8c\0", "utf-16-le", 4),  # half of a pair
        (b"a\0b", "utf-16-le", 2),
        (b"ab\x81\xff", "shift_jis", 2),
        (b"abc\x81", "cp1252", 3),
    ],
)
def test_the_byte_that_is_no_text_is_counted_over_the_whole_stream(
    content: bytes, encoding: str, offset: int
) -> None:
    assert message_of(content, encoding).startswith(
        f"f.csv: byte {offset} is not {encoding} text (received 0x{content[offset]:02x}); "
    )


def test_text_that_is_not_utf_16_as_was_said_may_be_utf_8() -> None:
    assert message_of(b"a,b\n1,2\n1", "utf-16-le").endswith("perhaps with `encoding: utf-8`")


def test_utf_16_without_its_mark_is_refused() -> None:
    assert message_of(TEXT.encode("utf-16-le"), "utf-16").startswith(
        "f.csv: the text is not utf-16"
    )


@pytest.mark.parametrize("encoding", ["utf-9", "rot13", "base64", "", "a\0b", "é"])
def test_an_encoding_that_does_not_exist_is_refused(encoding: str) -> None:
    with pytest.raises(DataError, match="there is no text encoding"):
        text_of(b"a\n", encoding)


@given(st.binary(max_size=40), st.sampled_from(ENCODINGS))
def test_any_bytes_are_text_or_a_data_error(content: bytes, encoding: str) -> None:
    with suppress(DataError):
        text_of(content, encoding)


def blocks(pieces: list[str], size: int, count: int | None) -> list[Block]:
    source = Lines(iter(pieces), "f.csv")
    return [*iter(lambda: source.take(size, count), Block("", []))]


@given(st.lists(st.text("ab\r\n", max_size=8)), st.integers(1, 9), st.none() | st.integers(1, 4))
def test_blocks_hold_the_text_whatever_its_pieces(
    pieces: list[str], size: int, count: int | None
) -> None:
    text = "".join(pieces)
    parts = blocks(pieces, size, count)
    ended = text if text[-1:] in ("", "\n", "\r") else text + "\n"
    assert "".join(part.text for part in parts) == ended
    assert all(part.lines for part in parts)
    if count is not None:
        assert all(len(part.lines) <= count for part in parts)
    assert parts == blocks([text], size, count) == blocks([*text], size, count)
    for part in parts:
        assert part.text.endswith(("\n", "\r"))
        assert "\n".join([*part.lines, ""]) == part.text or "\r" in part.text


def test_a_carriage_return_is_not_parted_from_its_line_feed() -> None:
    parts = blocks(["ab\r", "\ncd\r\n"], 3, None)
    assert [part.text for part in parts] == ["ab\r\n", "cd\r\n"]


def test_a_line_end_is_not_parted_where_the_text_is_known_to_end() -> None:
    source = Lines(iter(["ab\r\ncd\r\n"]), "f.csv")
    source.put_back(source.take(100).text)
    assert source.take(3).text == "ab\r\n"


def test_no_more_is_read_than_the_lines_that_are_asked_for() -> None:
    def endless() -> Iterator[str]:
        while True:
            yield "1,2\n"

    source = Lines(endless(), "f.csv")
    assert source.take(10**9, 3).lines == ["1,2"] * 3


def test_a_line_that_never_ends_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_text, "LONGEST_LINE", 100)
    with pytest.raises(DataError) as caught:
        blocks(["a" * 1000] * 3, 10, None)
    assert str(caught.value) == (
        "f.csv: a line is longer than 100 characters; is this a text file?"
    )
