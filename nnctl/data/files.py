"""Where bytes come from: a file or a pipe is opened, its format told, gzip undone.

A pipe cannot go back, so that what was looked at is put in front of what follows.
"""

from __future__ import annotations

import difflib
import gzip
import io
import os
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from nnctl.data.blocks import no_room
from nnctl.data.formats import Format, read_head, recognise
from nnctl.errors import DataError, Problem, StorageError

PIECE = 2**18
NO_DATA = (".html", ".md", ".py", ".yaml", ".yml")
PACKED_WRONGLY = (EOFError, gzip.BadGzipFile, zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True, eq=False)
class Source:
    """A stream of bytes at its beginning, and what is known of it."""

    stream: BinaryIO
    name: str  # what errors call it
    format: Format
    start: int | None = None  # where in a plain file it begins; None: it cannot go back
    size: int | None = None  # how many bytes there are, if that is known


@contextmanager
def opened(path: str, written: str | None = None) -> Iterator[BinaryIO]:
    """Open a file or a pipe; say why there is nothing to be had, and how the path was `written`.

    Raises DataError for what is not there or cannot be, StorageError for what may not be read.
    """
    note = f" (written as {written})" if written not in (None, path) else ""
    try:
        stream = Path(path).open("rb", buffering=PIECE)  # noqa: SIM115  closed below
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(Problem(describe_missing_file(Path(path), written), path)) from None
    except IsADirectoryError:
        message = f"the data is a directory{note}; name a file in it"
        raise DataError(Problem(message, path)) from None
    except OSError as error:
        raise unreadable(error, path, note) from None
    except ValueError as error:  # a NUL in the path
        raise DataError(Problem(f"no file can have this path ({error})", path)) from None
    with stream:
        yield stream


def unreadable(error: OSError, name: str, note: str = "") -> StorageError:
    """Return the error for what the system refuses to read."""
    reason = error.strerror or error
    message = f"the data cannot be read ({reason}){note}; check the path and its permissions"
    return StorageError(Problem(message, name))


def describe_missing_file(path: Path, written: str | None = None) -> str:
    """Say that there is no such file, and which one might have been meant.

    `written` is the path as it stands in a config, where `path` is what came of it.
    """
    resolved = path.resolve()
    places = [f"that is {resolved}"] if str(resolved) != str(path) else []
    places += [f"written as {written}"] if written not in (None, str(path)) else []
    where = f" ({', '.join(places)})" if places else ""
    if not resolved.parent.is_dir():
        return f"the data does not exist{where}, nor does the directory {resolved.parent}"
    try:
        siblings = [entry.name for entry in resolved.parent.iterdir() if may_be_data(entry)]
    except OSError:
        siblings = []
    close = difflib.get_close_matches(path.name, siblings, n=1)
    remedy = f"did you mean `{close[0]}`?" if close else "check the path"
    return f"the data does not exist{where}; {remedy}"


def may_be_data(path: Path) -> bool:
    """Whether a path is that of a file which is not known to be something else, as a config is."""
    return path.suffix.lower() not in NO_DATA and path.is_file()


@contextmanager
def understood(name: str) -> Iterator[None]:
    """Turn what reading bytes can raise into an error that says where."""
    try:
        yield
    except PACKED_WRONGLY:
        message = "the packed data is damaged, or ends too soon; make or fetch the file again"
        raise DataError(Problem(message, name)) from None
    except OSError as error:
        raise unreadable(error, name) from None


def look_at(stream: BinaryIO, name: str) -> Source:
    """Return the source that a stream is, unpacked if it is packed with gzip."""
    with understood(name):
        source = _recognised(stream, name)
        if source.format != "gzip":
            return source
        unpacked = gzip.GzipFile(fileobj=source.stream, mode="rb")
        inner = _rejoined(read_head(cast(BinaryIO, unpacked)), cast(BinaryIO, unpacked), name)
    if inner.format == "gzip":
        raise DataError(Problem("the data is packed with gzip twice; unpack it once", name))
    return inner


def _recognised(stream: BinaryIO, name: str) -> Source:
    if not stream.seekable():
        return _rejoined(read_head(stream), stream, name)
    start = stream.tell()
    head = read_head(stream)
    size = stream.seek(0, os.SEEK_END) - start
    stream.seek(start)
    return Source(stream, name, recognise(head, name), start, size)


def _rejoined(head: bytes, rest: BinaryIO, name: str) -> Source:
    stream = io.BufferedReader(_Rejoined(head, rest), PIECE)
    return Source(stream, name, recognise(head, name))


class _Rejoined(io.RawIOBase):
    """A stream as if its first bytes had not been read."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = head
        self._rest = cast(io.BufferedIOBase, rest)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self._head:
            return self._rest.readinto1(buffer)
        count = min(len(buffer), len(self._head))
        buffer[:count] = self._head[:count]
        self._head = self._head[count:]
        return count


@contextmanager
def with_seeking(source: Source) -> Iterator[Source]:
    """Give a plain file itself; what follows in anything else comes in a temporary file."""
    if source.start is not None:
        yield source
        return
    try:
        file = tempfile.TemporaryFile()  # noqa: SIM115  closed below
    except OSError as error:
        raise no_room(error) from error
    with file:
        size = copy_bytes(source, file)
        file.seek(0)
        yield Source(file, source.name, source.format, 0, size)


def read_most(source: Source, count: int) -> bytes:
    """Return the next bytes, or as many as there are; -1 asks for all.

    No more memory is taken than what is there needs, whatever a damaged header asks for.
    """
    pieces = []
    left = sys.maxsize if count < 0 else count
    with understood(source.name):
        while left and (piece := source.stream.read(min(left, PIECE))):
            pieces.append(piece)
            left -= len(piece)
    return b"".join(pieces)


def read_exactly(source: Source, count: int, what: str) -> bytes:
    """Return the next bytes, or a DataError where they end too soon."""
    content = read_most(source, count)
    if len(content) < count:
        missing = count - len(content)
        message = f"{what} is cut short ({missing} bytes are missing); make or fetch the file again"
        raise DataError(Problem(message, source.name))
    return content


def copy_bytes(source: Source, file: BinaryIO) -> int:
    """Write what follows in the source to a temporary file, and return how many bytes it was."""
    size = 0
    while piece := read_most(source, PIECE):
        try:
            file.write(piece)
            file.flush()
        except OSError as error:
            raise no_room(error) from error
        size += len(piece)
    return size
