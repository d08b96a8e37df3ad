"""What a file is, told by its first bytes: names lie, and a pipe has none."""

from __future__ import annotations

import io
from typing import BinaryIO, Literal, cast

from nnctl.errors import DataError, Problem

Format = Literal["CSV", "gzip", "NPY", "NPZ", "IDX", "Parquet", "Arrow", "Arrow stream"]

IDX_CODES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
STARTS: dict[bytes, Format] = {
    b"\x1f\x8b": "gzip",
    b"\x93NUMPY": "NPY",
    b"PK\x03\x04": "NPZ",
    b"PK\x05\x06": "NPZ",  # a zip archive of nothing
    # A first column may be called PAR1 or ARROW1; no text goes on with these bytes.
    b"PAR1\x15": "Parquet",
    b"ARROW1\0": "Arrow",
    b"\xff\xff\xff\xff": "Arrow stream",
    **{bytes([0, 0, code]): "IDX" for code in IDX_CODES},
}
WORKBOOK = "this is an Excel workbook, which is not read; save the sheet as CSV"
JSON = "this is JSON, which is not read; save its rows as CSV, with a column for each key"
REFUSED = {
    b"\xd0\xcf\x11\xe0": WORKBOOK,
    b"BZh9": "the file is packed with bzip2, which is not read; unpack it, or pack it with gzip",
    b"\xfd7zXZ": "the file is packed with xz, which is not read; unpack it, or pack it with gzip",
    b"(\xb5/\xfd": "the file is packed with zstd, which is not read; unpack it, or use gzip",
    b"\x89HDF": "this is an HDF5 file, which is not read; save its table as NPZ, Parquet or CSV",
    b"SQLite format 3\0": "this is a SQLite database, which is not read; export a table as CSV",
    # A first column may be called [id]; no name goes on as these do.
    **dict.fromkeys(
        (b'{"', b"{\n", b"{\r\n", b'{ "', b"[{", b"[[", b"[\n", b"[\r\n", b"[ {"), JSON
    ),
    **{
        bytes([128, protocol]): (
            "this is a pickle, which is never opened, since it may run any code; "
            "save the data as NPZ, Parquet or CSV"
        )
        for protocol in range(2, 6)
    },
}
KNOWN = (*STARTS, *REFUSED)


def read_head(stream: BinaryIO) -> bytes:
    """Read as many first bytes as it takes to tell the format, and none that would be waited for.

    Nothing of a pipe is read ahead of what its writer has sent, unless a format may begin so.
    """
    head = b""
    while any(start != head and start.startswith(head) for start in KNOWN):
        piece = cast(io.BufferedIOBase, stream).read1(1)
        if not piece:
            break
        head += piece
    return head


def recognise(head: bytes, name: str) -> Format:
    """Return the format of what begins with `head`: CSV unless it is another.

    Raises DataError for a format that is known and not read.
    """
    for start, remedy in REFUSED.items():
        if head.startswith(start):
            raise DataError(Problem(remedy, name))
    return next((name for start, name in STARTS.items() if head.startswith(start)), "CSV")
