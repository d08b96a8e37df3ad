"""NPY and NPZ, NumPy's own formats: headers are read and checked before anything is allocated.

Nothing is ever unpickled, which would run whatever code the file holds.

Reference: numpy.lib.format, "A simple format for saving numpy arrays to disk"
"""

from __future__ import annotations

import ast
import re
import struct
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

import numpy as np

from nnctl.data.array_columns import read_arrays
from nnctl.data.array_rows import Layout, OpenArray, in_column_order, in_row_order
from nnctl.data.files import Source, read_exactly, with_seeking
from nnctl.data.formats import WORKBOOK
from nnctl.data.request import Request
from nnctl.data.table import Table, listed
from nnctl.errors import DataError, Problem

MAGIC_BYTES = 6
LENGTH_BYTES = {1: 2, 2: 4, 3: 4}  # version -> how long the header's length is
LONGEST_HEADER = 2**16
DTYPE = re.compile(r"[<>|=]?[biufUS]\d{1,9}", re.ASCII)
REFUSED = {
    "O": "objects, which would have to be unpickled, and that may run any code",
    "M": "dates",
    "m": "durations",
    "c": "complex numbers",
}
IS_ENCRYPTED = 0x1
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What the directory of a damaged archive can raise.
DAMAGED = (
    zipfile.BadZipFile,
    struct.error,
    ArithmeticError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    ValueError,
)


@dataclass(frozen=True)
class Header:
    """What stands in front of an array."""

    dtype: object  # as it is written
    is_by_columns: bool
    shape: tuple[int, ...]
    bytes: int  # the header's own length


def open_npy(source: Source, files: ExitStack) -> OpenArray:
    """Return the array of an NPY file; what it takes to read it stays open as long as `files`.

    Raises DataError for a header that is damaged or promises another size than the file has, and
    for a dtype other than numbers, truth values and text.
    """
    what = "the array"
    return open_array(source, read_header(source, what), what, files)


def read_npz(source: Source, request: Request) -> Iterator[Table]:
    """Yield the rows of the arrays in an NPZ file, side by side.

    Raises DataError as open_npy does, and for arrays that have different numbers of rows.
    """
    with ExitStack() as files:
        arrays = open_members(files.enter_context(with_seeking(source)), request, files)
        yield from read_arrays(arrays, source.name, request)


def read_header(source: Source, what: str) -> Header:
    """Read an NPY header; DataError where it is damaged or of a version that is not known."""
    start = read_exactly(source, MAGIC_BYTES + 2, what)
    if start[MAGIC_BYTES] not in LENGTH_BYTES:
        message = f"{what} is of NPY version {start[MAGIC_BYTES]}, which is not known; save it anew"
        raise DataError(Problem(message, source.name))
    encoded = read_exactly(source, LENGTH_BYTES[start[MAGIC_BYTES]], what)
    length = int.from_bytes(encoded, "little")
    text = read_exactly(source, min(length, LONGEST_HEADER), what).decode("latin-1")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd escape in a damaged header
            header = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        header = None
    match header:
        case {"descr": dtype, "fortran_order": bool() as is_by_columns, "shape": tuple() as shape}:
            if all(type(extent) is int and extent >= 0 for extent in shape):
                return Header(dtype, is_by_columns, shape, len(start) + len(encoded) + len(text))
    raise DataError(Problem(f"{what} has a damaged header; save it anew", source.name))


def open_array(source: Source, header: Header, what: str, files: ExitStack) -> OpenArray:
    """Return the array behind a header; raises as open_npy does."""
    dtype = checked_dtype(header.dtype, what, source.name)
    layout = Layout(source, what, header.shape, dtype, header.bytes)
    if header.is_by_columns and len(header.shape) > 1:
        return in_column_order(layout, files)
    return in_row_order(layout)


def checked_dtype(written: object, what: str, name: str) -> np.dtype[Any]:
    """Return the dtype that a header names, if it is of numbers, truth values or text."""
    if isinstance(written, str) and DTYPE.fullmatch(written):
        try:
            return np.dtype(written)
        except (TypeError, ValueError):
            pass
    kind = written.lstrip("<>|=")[:1] if isinstance(written, str) else ""
    holds = REFUSED.get(kind, "neither numbers nor text")
    message = (
        f"{what} holds {holds} (received dtype {written}); "
        "save it as numbers or text, with `array.astype(float)` or `array.astype(str)`"
    )
    raise DataError(Problem(message, name))


def open_members(source: Source, request: Request, files: ExitStack) -> list[OpenArray]:
    """Return the arrays of an NPZ file: those that something is wanted of have equally many rows.

    One that nothing is wanted of is left out where it has not, or could not be read.
    """
    arrays = []
    for name, member in unpack(source, files):
        what = f"the array `{name}`"
        header = read_header(member, what)
        try:
            arrays.append(open_array(member, header, what, files).named(name))
        except DataError:
            if len(header.shape) > 1 or request.wishes.of(name) is not None:
                raise
    wanted = [array for array in arrays if any(map(request.wishes.of, array.columns))] or arrays
    if len({array.n_rows for array in wanted}) > 1:
        rows = ", ".join(f"`{array.name}`: {array.n_rows}" for array in wanted)
        message = (
            f"the arrays have different numbers of rows ({rows}); save those that belong together "
            "in a file of their own, or ignore a column with `columns: {NAME: ignored}`"
        )
        raise DataError(Problem(message, source.name))
    return [array for array in arrays if array.n_rows == wanted[0].n_rows]


def unpack(source: Source, files: ExitStack) -> Iterator[tuple[str, Source]]:
    """Yield the name and the contents of each array in a zip archive, in the archive's order."""
    try:
        archive = files.enter_context(zipfile.ZipFile(source.stream))
        members = archive.infolist()
        check_members(members, source.name)
        for member in members:
            stream = cast(BinaryIO, files.enter_context(archive.open(member)))
            name = member.filename.removesuffix(".npy")
            yield name, Source(stream, source.name, "NPY", size=member.file_size)
    except DAMAGED as error:
        message = f"the archive is damaged ({error}); make or fetch the file again"
        raise DataError(Problem(message, source.name)) from None


def check_members(members: Sequence[zipfile.ZipInfo], name: str) -> None:
    """Refuse an archive that holds anything else than arrays, or packs them otherwise than NumPy.

    A packing other than NumPy's own could unpack more at once than memory holds.
    """
    names = [member.filename for member in members]
    others = [file for file in names if not file.endswith(".npy")]
    message = None
    if "[Content_Types].xml" in names:
        message = WORKBOOK
    elif others or not names:
        message = f"the archive holds {listed(others) or 'nothing'} where an NPZ file holds arrays"
    elif any(member.flag_bits & IS_ENCRYPTED for member in members):
        message = "the archive is encrypted; unpack it, and save the arrays with `numpy.savez`"
    elif any(member.compress_type not in PACKINGS for member in members):
        message = "the archive is packed unlike NPZ files; save it with `numpy.savez_compressed`"
    if message is not None:
        raise DataError(Problem(message, name))
