"""Bytes become text, and text is cut into blocks of whole lines, with little of it in memory."""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from nnctl.errors import DataError, Problem

BYTES_AT_ONCE = 2**18
LONGEST_LINE = 2**26
BYTE_ORDER_MARK = "\ufeff"
UTF_16_MARKS = (b"\xff", b"\xfe")  # how its byte order mark begins, as no text in UTF-8 does


def decoded(stream: BinaryIO, name: str, encoding: str) -> Iterator[str]:
    """Yield the stream's text as it comes, without a byte order mark.

    Raises DataError with the first byte that is no text, counted from the stream's first.
    """
    decoder = incremental_decoder(name, encoding)
    # What is there already, without waiting for more: a pipe may deliver a row a minute.
    read: Callable[[int], bytes] = getattr(stream, "read1", stream.read)
    end, is_first, is_wide = 0, True, False
    while True:
        piece = read(BYTES_AT_ONCE)
        is_wide = is_wide or b"\0" in piece or (not end and piece.startswith(UTF_16_MARKS))
        end += len(piece)
        try:
            text = decoder.decode(piece, final=not piece)
        except UnicodeError as error:
            message = describe_bad_byte(error, end, encoding, is_wide)
            raise DataError(Problem(message, name)) from None
        if text:
            yield text.removeprefix(BYTE_ORDER_MARK) if is_first else text
            is_first = False
        if not piece:
            return


def incremental_decoder(name: str, encoding: str) -> codecs.IncrementalDecoder:
    """Return what decodes a text in pieces, or refuse an encoding that does not exist."""
    try:
        io.TextIOWrapper(io.BytesIO(), encoding)  # refuses codecs that give no text, as rot13
        return codecs.getincrementaldecoder(encoding)()
    except (LookupError, ValueError):
        message = f"there is no text encoding `{encoding}`; write one like `utf-8` or `latin-1`"
        raise DataError(Problem(message, name)) from None


def describe_bad_byte(error: UnicodeError, end: int, encoding: str, is_wide: bool) -> str:
    """Say which byte is no text; `end` bytes have been read. Wide are two bytes a character."""
    if not isinstance(error, UnicodeDecodeError):
        return f"the text is not {encoding} ({error}); write another `encoding:`"
    offset = end - len(error.object) + error.start
    if encoding.lower().startswith(("utf-16", "utf_16")):
        guess = "utf-8"
    else:
        guess = "utf-16" if is_wide else "latin-1"
    return (
        f"byte {offset} is not {encoding} text (received 0x{error.object[error.start]:02x}); "
        f"name the file's encoding, perhaps with `encoding: {guess}`"
    )


@dataclass(frozen=True)
class Block:
    """Whole lines of a file."""

    text: str
    lines: list[str]  # the same without the line ends


class Lines:
    """The lines of a text that comes in pieces of any size."""

    def __init__(self, pieces: Iterator[str], name: str) -> None:
        self._pieces = pieces
        self._name = name
        self._rest = ""  # read, but not taken
        self._at_end = False

    def take(self, size: int, count: int | None = None) -> Block:
        """Return the whole lines among the next `size` characters, or the first `count` of them.

        At least one line is returned, unless none is left; which they are does not depend on the
        pieces. No more of the pieces is waited for than it takes.
        """
        while True:
            self._read(size, count)
            is_all = self._at_end and len(self._rest) <= size
            lines, taken = whole_lines(self._rest[:size], count, is_all)
            if lines or not self._rest:
                text, self._rest = self._rest[:taken], self._rest[taken:]
                return Block(text, lines)
            if size > LONGEST_LINE:
                message = f"a line is longer than {LONGEST_LINE} characters; is this a text file?"
                raise DataError(Problem(message, self._name))
            size *= 2

    def put_back(self, text: str) -> None:
        """Give back text that was taken last."""
        self._rest = text + self._rest

    def _read(self, size: int, count: int | None) -> None:
        """Read until `size` characters wait or `count` lines do; end the last line."""
        pieces = [self._rest]
        length = len(self._rest)
        missing = 1 if count is None else count - self._rest.count("\n")
        while not self._at_end and length < size and missing > 0:
            piece = next(self._pieces, None)
            if piece is None:
                self._at_end = True
                break
            pieces.append(piece)
            length += len(piece)
            if count is not None:
                missing -= piece.count("\n")
        self._rest = "".join(pieces)
        if self._at_end and self._rest and not self._rest.endswith(("\n", "\r")):
            self._rest += "\n"


def whole_lines(text: str, count: int | None, is_all: bool) -> tuple[list[str], int]:
    """Cut whole lines off, `count` at most; return them, and the number of their characters.

    A text without a line feed is cut at its carriage returns, as old systems wrote them. Other
    carriage returns stay in the lines.
    """
    end = "\n" if "\n" in text else "\r"
    *lines, rest = text.split(end, -1 if count is None else count)
    if end == "\r" and lines and not rest and not is_all:
        rest = lines.pop() + end  # a line feed may follow that belongs to it
    return lines, len(text) - len(rest)
