from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from nnctl.errors import RunError
from nnctl.runs.seal import CHUNK_BYTES, FOREIGN_FILES, SEAL_LENGTH, check_seal, seal

HEAD = b"HEAD"


def check(path: Path) -> None:
    with path.open("rb") as file:
        check_seal(file, path, HEAD)


@pytest.mark.parametrize("length", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, 2 * CHUNK_BYTES + 1])
def test_a_sealed_file_of_any_length_passes(tmp_path: Path, length: int) -> None:
    body = b"x" * length
    path = tmp_path / "file"
    path.write_bytes(body + seal(body))
    check(path)


def test_the_seal_is_the_sha256_of_the_body_in_hexadecimal() -> None:
    assert seal(b"abc").endswith(hashlib.sha256(b"abc").hexdigest().encode())
    assert len(seal(b"abc")) == SEAL_LENGTH


def test_a_byte_changed_far_into_a_large_file_breaks_the_seal(tmp_path: Path) -> None:
    body = bytearray(HEAD + bytes(CHUNK_BYTES + 10))
    mark = seal(bytes(body))
    body[-1] ^= 1
    path = tmp_path / "file"
    path.write_bytes(body + mark)
    with pytest.raises(RunError, match="is damaged: its bytes are not those that were written"):
        check(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is an empty file"),
        (b"HE", r"is damaged: its end is missing or altered \(received 2 bytes\)"),
        (b"HEAD and more", r"is damaged: its end is missing or altered \(received 13 bytes\)"),
        (b"a,b\n1,2\n", r"is no checkpoint of nnctl \(received a file that begins with b'a,b"),
        *((prefix + b"...", kind) for prefix, kind in FOREIGN_FILES.items()),
    ],
)
def test_a_file_without_seal_is_told_by_its_first_bytes(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(RunError, match=message) as caught:
        check(path)
    assert str(caught.value).startswith(f"{path}: is ")
    assert "\n" not in str(caught.value)
