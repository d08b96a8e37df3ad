"""One file that holds all that is needed to predict or to go on, and shows when it is damaged.

A checkpoint is an uncompressed npz: `manifest.npy` first, then the arrays by name. The manifest is
JSON (as bytes): the format, the oldest nnctl that reads it, the metadata, and every array's name,
dtype and shape. A seal over the whole file closes it. Equal contents give equal bytes.
"""

from __future__ import annotations

import io
import json
import math
import os
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from nnctl.errors import Problem, RunError, printable
from nnctl.runs.atomic import storage_error, write_atomically
from nnctl.runs.seal import SEAL_LENGTH, check_seal, seal

Array = NDArray[Any]

FORMAT = 1
OLDEST_READER = "0.1.0"  # the first nnctl that reads FORMAT; an older one names it in its error

HEAD = b"PK\x03\x04\x14\0\0\0\0\0\0\0\x21\0"  # a zip member, stored as it is, dated 1980-01-01
MANIFEST = "manifest"
INTEGER_DTYPES = frozenset({"|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8"})
DTYPES = INTEGER_DTYPES | {"|b1", "<f2", "<f4", "<f8"}
EARLIEST_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
UNIX = 3
NPY_PREFIX_LENGTH = 10  # magic, version and header length, of npy version 1.0

# What reading a file can raise whose seal is right and whose contents nnctl never wrote.
FORGED = (
    zipfile.BadZipFile,
    struct.error,
    ArithmeticError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint holds.

    `metadata` is plain JSON with strings as keys (numbers that are not finite are allowed, a tuple
    comes back as a list). `arrays` are of bool, integers or floats, of any shape, and none of them
    is called `manifest`.
    """

    metadata: dict[str, Any]
    arrays: dict[str, Array]


def checkpoint_bytes(checkpoint: Checkpoint) -> bytes:
    """Serialise: equal contents give equal bytes, without a clock or a path.

    `np.load(file, allow_pickle=False)` reads the result, too.
    Raises ValueError for an array that cannot be stored: that is a mistake of the caller.
    """
    arrays = {name: _portable(name, checkpoint.arrays[name]) for name in sorted(checkpoint.arrays)}
    manifest = {
        "format": FORMAT,
        "needs": OLDEST_READER,
        "metadata": checkpoint.metadata,
        "arrays": [[name, array.dtype.str, array.shape] for name, array in arrays.items()],
    }
    text = json.dumps(manifest, separators=(",", ":")).encode("ascii")
    members = {MANIFEST: np.frombuffer(text, dtype=np.uint8), **arrays}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, array in members.items():
            _write_member(archive, name, array)
        archive.comment = bytes(SEAL_LENGTH)  # the archive says how long the seal is
    body = buffer.getvalue()[:-SEAL_LENGTH]
    return body + seal(body)


def _portable(name: str, array: Array) -> Array:
    little_endian = array.dtype.newbyteorder("<")
    if name == MANIFEST or little_endian.str not in DTYPES:
        raise ValueError(f"a checkpoint cannot hold the array {name!r} of {array.dtype}")
    return np.asarray(array, dtype=little_endian, order="C")


def _write_member(archive: zipfile.ZipFile, name: str, array: Array) -> None:
    member = zipfile.ZipInfo(f"{name}.npy", EARLIEST_ZIP_DATE)
    member.create_system = UNIX
    member.external_attr = 0o644 << 16
    buffer = io.BytesIO()
    npy.write_array(buffer, array, version=(1, 0), allow_pickle=False)
    archive.writestr(member, buffer.getbuffer())


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write the checkpoint whole, or leave `path` as it was and raise StorageError (7)."""
    write_atomically(path, checkpoint_bytes(checkpoint))


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint that is exactly as it was written.

    Raises RunError (4) for a file that is missing, no checkpoint, damaged, or of a newer format,
    and StorageError (7) for one that may not be read. The seal is checked before anything is
    interpreted, sizes before anything is allocated, and nothing is ever unpickled.
    """
    try:
        if path.exists() and not path.is_file():
            raise RunError(Problem("is not a file; give a checkpoint of a run", file=str(path)))
        with path.open("rb") as file:
            check_seal(file, path, HEAD)
            return _unpack(file, path)
    except (FileNotFoundError, NotADirectoryError) as error:
        message = "there is no such checkpoint; give a run that `nnctl train` has made"
        raise RunError(Problem(message, file=str(path))) from error
    except OSError as error:
        raise storage_error(error, path, "read") from error


def _unpack(file: BinaryIO, path: Path) -> Checkpoint:
    try:
        with zipfile.ZipFile(file) as archive:
            _check_sizes(archive, file.seek(0, os.SEEK_END))
            manifest = json.loads(bytes(_data(archive, MANIFEST)))
            _check_format(manifest, path)
            return Checkpoint(_metadata(manifest), _arrays(archive, manifest))
    except FORGED as error:
        message = f"is no checkpoint that nnctl can use ({printable(error)}); train again"
        raise RunError(Problem(message, file=str(path))) from error


def _check_sizes(archive: zipfile.ZipFile, size: int) -> None:
    """Refuse to read a member that would grow: what is read is never more than the file."""
    members = archive.infolist()
    if any(member.compress_type != zipfile.ZIP_STORED for member in members):
        raise ValueError("a part of it is compressed")
    if sum(max(member.file_size, member.compress_size) for member in members) > size:
        raise ValueError("its parts claim to be larger than the file")


def _check_format(manifest: Mapping[str, Any], path: Path) -> None:
    if manifest["format"] > FORMAT:
        message = (
            f"has the checkpoint format {manifest['format']}, and this nnctl reads up to {FORMAT}; "
            f"it needs nnctl {manifest['needs']} or newer: upgrade nnctl"
        )
        raise RunError(Problem(message, file=str(path)))


def _metadata(manifest: Mapping[str, Any]) -> dict[str, Any]:
    metadata = manifest["metadata"]
    if not isinstance(metadata, dict):
        raise TypeError("its metadata is no mapping")
    return metadata


def _arrays(archive: zipfile.ZipFile, manifest: Mapping[str, Any]) -> dict[str, Array]:
    listed = [f"{name}.npy" for name, _, _ in manifest["arrays"]]
    if archive.namelist() != [f"{MANIFEST}.npy", *listed]:
        raise ValueError("its arrays are not those that it lists")
    return {
        name: _array(_data(archive, name), dtype, shape)
        for name, dtype, shape in manifest["arrays"]
    }


def _data(archive: zipfile.ZipFile, name: str) -> memoryview:
    """The bytes of an array. The manifest says what they mean; the npy header is for NumPy."""
    member = archive.read(f"{name}.npy")
    header_length = int.from_bytes(member[8:NPY_PREFIX_LENGTH], "little")
    return memoryview(member)[NPY_PREFIX_LENGTH + header_length :]


def _array(data: memoryview, dtype: str, shape: list[int]) -> Array:
    if dtype not in DTYPES or any(type(length) is not int or length < 0 for length in shape):
        raise ValueError("an array is not described as nnctl does")
    if len(data) != np.dtype(dtype).itemsize * math.prod(shape):
        raise ValueError("an array is not as large as it claims to be")
    return np.frombuffer(data, dtype=dtype).reshape(shape).copy()
