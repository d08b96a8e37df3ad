"""The seal at the end of a checkpoint: a digest by which any changed, missing or added byte shows.

The last bytes of the file are SEAL_MARK and the SHA-256, in hexadecimal, of every byte before them.
They are the comment of a zip archive, so that NumPy still reads the file. Every format of the
checkpoint, also a future one, is sealed like this: an unbroken seal is what makes a version
number believable.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import BinaryIO

from nnctl.errors import Problem, RunError

SEAL_MARK = b"nnctl checkpoint; sha256 of all bytes before this comment: "
SEAL_LENGTH = len(SEAL_MARK) + 64
CHUNK_BYTES = 1 << 20
START_LENGTH = 32  # enough to tell one kind of file from another

# The first bytes of what is renamed to .npz by mistake.
FOREIGN_FILES = {
    b"\x80": "a pickle, which could run code and was not opened",
    b"PK": "a zip archive such as PyTorch and NumPy write",
    b"\x93NUMPY": "a single NumPy array",
    b"\x89HDF": "an HDF5 file",
    b"\x1f\x8b": "a gzip file",
}
REMEDY = "use another checkpoint of the run, or train again"


def seal(body: bytes) -> bytes:
    """Return the SEAL_LENGTH bytes that belong behind `body`."""
    return SEAL_MARK + hashlib.sha256(body).hexdigest().encode("ascii")


def check_seal(file: BinaryIO, path: Path, head: bytes) -> None:
    """Raise RunError (4) unless `file` ends in the right seal; nothing in it is interpreted.

    `head` is what every checkpoint begins with: it tells a damaged checkpoint from another file.
    """
    size = file.seek(0, os.SEEK_END)
    body_size = max(size - SEAL_LENGTH, 0)
    file.seek(body_size)
    found = file.read(SEAL_LENGTH)
    if not found.startswith(SEAL_MARK):
        raise RunError(Problem(_unsealed(file, head, size), file=str(path)))
    if found != SEAL_MARK + _digest(file, body_size):
        message = f"is damaged: its bytes are not those that were written; {REMEDY}"
        raise RunError(Problem(message, file=str(path)))


def _digest(file: BinaryIO, length: int) -> bytes:
    digest = hashlib.sha256()
    file.seek(0)
    while length > 0 and (chunk := file.read(min(CHUNK_BYTES, length))):
        digest.update(chunk)
        length -= len(chunk)
    return digest.hexdigest().encode("ascii")


def _unsealed(file: BinaryIO, head: bytes, size: int) -> str:
    file.seek(0)
    start = file.read(START_LENGTH)
    if size == 0:
        return f"is an empty file and no checkpoint; {REMEDY}"
    if start.startswith(head[:size]):
        return f"is damaged: its end is missing or altered (received {size} bytes); {REMEDY}"
    kinds = [kind for prefix, kind in FOREIGN_FILES.items() if start.startswith(prefix)]
    received = kinds[0] if kinds else f"a file that begins with {start[:8]!r}"
    return f"is no checkpoint of nnctl (received {received}); give a run that `nnctl train` wrote"
