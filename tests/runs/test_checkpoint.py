from __future__ import annotations

import io
import json
import math
import os
import pickle
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

from nnctl.errors import RunError, StorageError
from nnctl.runs.checkpoint import (
    DTYPES,
    FORMAT,
    HEAD,
    Checkpoint,
    checkpoint_bytes,
    read_checkpoint,
    save_checkpoint,
)
from nnctl.runs.seal import SEAL_LENGTH, seal
from tests.runs.limits import file_size_limit

SMALL = Checkpoint({"epoch": 3}, {"w": np.array([1.5, -2.0], np.float32), "n": np.array(7)})


def read_bytes(data: bytes, directory: Path) -> Checkpoint:
    path = directory / "checkpoint.npz"
    path.write_bytes(data)
    return read_checkpoint(path)


def sealed(body: bytes) -> bytes:
    return body + seal(body)


def forged(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """A file that nnctl never wrote, under a seal that is right."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
        archive.comment = bytes(SEAL_LENGTH)
    return sealed(buffer.getvalue()[:-SEAL_LENGTH])


def npy(array: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def manifest(**changes: Any) -> bytes:
    value = {
        "format": FORMAT,
        "needs": "0.1.0",
        "metadata": {},
        "arrays": [["w", "<f4", [2]]],
        **changes,
    }
    return npy(np.frombuffer(json.dumps(value).encode(), dtype=np.uint8))


W = npy(np.array([1.5, -2.0], np.float32))


def assert_same(found: Checkpoint, expected: Checkpoint) -> None:
    assert found.metadata == expected.metadata
    assert list(found.arrays) == sorted(expected.arrays)
    for name, array in expected.arrays.items():
        assert found.arrays[name].shape == array.shape
        assert found.arrays[name].dtype == array.dtype.newbyteorder("<")
        assert_array_equal(found.arrays[name], array)


@pytest.mark.parametrize("dtype", sorted(DTYPES))
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3), (2, 0, 4), (2, 3, 4)], ids=str)
def test_arrays_of_every_type_and_shape_come_back(
    tmp_path: Path, dtype: str, shape: tuple[int, ...]
) -> None:
    array = np.arange(math.prod(shape)).reshape(shape).astype(dtype)
    checkpoint = Checkpoint({}, {"array": array})
    save_checkpoint(tmp_path / "a.npz", checkpoint)
    assert_same(read_checkpoint(tmp_path / "a.npz"), checkpoint)


@settings(max_examples=50, deadline=None)
@given(array=hnp.arrays(np.float32, hnp.array_shapes(min_dims=0)))
def test_any_float_comes_back_to_the_bit(
    tmp_path_factory: pytest.TempPathFactory, array: NDArray[np.float32]
) -> None:
    data = checkpoint_bytes(Checkpoint({}, {"array": array}))
    found = read_bytes(data, tmp_path_factory.getbasetemp())
    assert found.arrays["array"].tobytes() == array.tobytes()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@settings(max_examples=50, deadline=None)
@given(metadata=st.dictionaries(st.text(), JSON))
def test_any_metadata_comes_back_in_its_order(
    tmp_path_factory: pytest.TempPathFactory, metadata: dict[str, Any]
) -> None:
    data = checkpoint_bytes(Checkpoint(metadata, {}))
    found = read_bytes(data, tmp_path_factory.getbasetemp())
    assert found.metadata == metadata
    assert list(found.metadata) == list(metadata)


def test_metadata_may_hold_numbers_that_are_not_finite(tmp_path: Path) -> None:
    data = checkpoint_bytes(Checkpoint({"best": math.inf, "loss": math.nan}, {}))
    found = read_bytes(data, tmp_path).metadata
    assert found["best"] == math.inf
    assert math.isnan(found["loss"])


def test_what_is_read_may_be_changed(tmp_path: Path) -> None:
    found = read_bytes(checkpoint_bytes(SMALL), tmp_path)
    found.arrays["w"] += 1
    assert_array_equal(found.arrays["w"], np.array([2.5, -1.0], np.float32))


@pytest.mark.parametrize(
    "layout",
    [np.asfortranarray, lambda a: a.astype(">f4"), lambda a: np.repeat(a, 2, axis=1)[:, ::2]],
    ids=["fortran order", "big endian", "a view with gaps"],
)
def test_the_layout_in_memory_does_not_show_in_the_file(
    layout: Callable[[NDArray[np.float32]], NDArray[np.float32]],
) -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    expected = checkpoint_bytes(Checkpoint({}, {"a": array}))
    assert checkpoint_bytes(Checkpoint({}, {"a": layout(array)})) == expected


def test_equal_contents_give_equal_bytes_whatever_the_order_of_the_arrays() -> None:
    turned = Checkpoint(SMALL.metadata, dict(reversed(list(SMALL.arrays.items()))))
    assert list(turned.arrays) != list(SMALL.arrays)
    assert checkpoint_bytes(turned) == checkpoint_bytes(SMALL)


def test_no_clock_stands_in_the_file() -> None:
    with zipfile.ZipFile(io.BytesIO(checkpoint_bytes(SMALL))) as archive:
        dates = {member.date_time for member in archive.infolist()}
    assert dates == {(1980, 1, 1, 0, 0, 0)}


def test_every_checkpoint_begins_with_the_head_that_tells_it_from_other_files() -> None:
    assert checkpoint_bytes(SMALL).startswith(HEAD)
    assert checkpoint_bytes(Checkpoint({}, {})).startswith(HEAD)


def test_numpy_reads_a_checkpoint_without_pickle() -> None:
    with np.load(io.BytesIO(checkpoint_bytes(SMALL)), allow_pickle=False) as loaded:
        assert loaded.files == ["manifest", "n", "w"]
        assert_array_equal(loaded["w"], SMALL.arrays["w"])
        listed = json.loads(loaded["manifest"].tobytes())["arrays"]
    assert listed == [["n", "<i8", []], ["w", "<f4", [2]]]


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("manifest", np.zeros(1)),
        ("a", np.array(["text"])),
        ("a", np.array([None])),
        ("a", np.zeros(1, complex)),
        ("a", np.zeros(1, "f4,f4")),
    ],
)
def test_an_array_that_cannot_be_stored_is_refused(name: str, array: NDArray[Any]) -> None:
    with pytest.raises(ValueError, match="a checkpoint cannot hold the array"):
        checkpoint_bytes(Checkpoint({}, {name: array}))


def test_every_flipped_bit_is_found(tmp_path: Path) -> None:
    data = bytearray(checkpoint_bytes(SMALL))
    assert_same(read_bytes(bytes(data), tmp_path), SMALL)
    for position in range(len(data) * 8):
        data[position // 8] ^= 1 << position % 8
        with pytest.raises(RunError, match=r"checkpoint\.npz: is (damaged|no checkpoint)"):
            read_bytes(bytes(data), tmp_path)
        data[position // 8] ^= 1 << position % 8


def test_every_truncation_is_found(tmp_path: Path) -> None:
    data = checkpoint_bytes(SMALL)
    for length in range(1, len(data)):
        with pytest.raises(RunError, match="is damaged: its end is missing"):
            read_bytes(data[:length], tmp_path)


@pytest.mark.parametrize("extra", [b"\0", b"\n", checkpoint_bytes(SMALL)[:40]])
def test_bytes_added_before_or_after_are_found(tmp_path: Path, extra: bytes) -> None:
    for data in (checkpoint_bytes(SMALL) + extra, extra + checkpoint_bytes(SMALL)):
        with pytest.raises(RunError, match="is damaged"):
            read_bytes(data, tmp_path)


def test_a_forger_with_the_right_seal_gets_an_error_or_a_checkpoint_and_never_a_crash(
    tmp_path: Path,
) -> None:
    body = bytearray(checkpoint_bytes(SMALL)[:-SEAL_LENGTH])
    refused = 0
    for position in range(len(body) * 8):
        body[position // 8] ^= 1 << position % 8
        try:
            read_bytes(sealed(bytes(body)), tmp_path)
        except RunError:
            refused += 1
        body[position // 8] ^= 1 << position % 8
    assert refused > len(body)


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"manifest.npy": b""},
        {"manifest.npy": npy(np.zeros(3, np.uint8))},
        {"manifest.npy": npy(np.frombuffer(b"[1]", np.uint8))},
        {"manifest.npy": npy(np.frombuffer(b"[" * 100_000, np.uint8))},
        {"manifest.npy": npy(np.frombuffer(b"9" * 5_000, np.uint8))},
        {"manifest.npy": manifest(format="1"), "w.npy": W},
        {"manifest.npy": manifest(metadata=[]), "w.npy": W},
        {"manifest.npy": manifest(arrays=None), "w.npy": W},
        {"manifest.npy": manifest(arrays=[["w", "<f4"]]), "w.npy": W},
        {"manifest.npy": manifest()},
        {"manifest.npy": manifest(), "w.npy": W, "extra.npy": W},
        {"manifest.npy": manifest(), "v.npy": W},
        {"manifest.npy": manifest(), "w.npy": b""},
        {"manifest.npy": manifest(), "w.npy": W[:-1]},
        {"manifest.npy": manifest(), "w.npy": W + b"\0"},
        {"manifest.npy": manifest(arrays=[["w", "|O", [1]]]), "w.npy": W},
        {"manifest.npy": manifest(arrays=[["w", "no type", [1]]]), "w.npy": W},
        {"manifest.npy": manifest(arrays=[["w", "<f4", [-1, -2]]]), "w.npy": W},
        {"manifest.npy": manifest(arrays=[["w", "<f4", [2.0]]]), "w.npy": W},
        {"manifest.npy": manifest(arrays=[["w", "<f4", "2"]]), "w.npy": W},
        {"manifest.npy": manifest(arrays=[["w", "<f4", [2] + [1] * 70]]), "w.npy": W},
        {"manifest.npy": manifest(arrays=[["w", "<f4", [0, 10**30]]]), "w.npy": W[:-8]},
    ],
    ids=str,
)
def test_a_forged_content_is_refused_in_one_line(tmp_path: Path, members: dict[str, bytes]) -> None:
    with pytest.raises(RunError, match="is no checkpoint that nnctl can use") as caught:
        read_bytes(forged(members), tmp_path)
    assert "\n" not in str(caught.value)


def test_a_shape_that_asks_for_terabytes_is_refused_before_anything_is_allocated(
    tmp_path: Path,
) -> None:
    claim = manifest(arrays=[["w", "<f4", [1 << 20, 1 << 22]]])
    with pytest.raises(RunError, match="an array is not as large as it claims to be"):
        read_bytes(forged({"manifest.npy": claim, "w.npy": W}), tmp_path)


def test_a_compressed_part_is_refused_before_it_grows(tmp_path: Path) -> None:
    bomb = forged(
        {"manifest.npy": manifest(), "w.npy": bytes(1 << 20)}, compression=zipfile.ZIP_DEFLATED
    )
    assert len(bomb) < 1 << 12
    with pytest.raises(RunError, match="a part of it is compressed"):
        read_bytes(bomb, tmp_path)


def test_parts_that_claim_more_than_the_file_are_refused(tmp_path: Path) -> None:
    body = bytearray(forged({"manifest.npy": manifest(), "w.npy": W})[:-SEAL_LENGTH])
    entry = body.rindex(b"PK\x01\x02")
    body[entry + 20 : entry + 28] = b"\xff\xff\xff\x7f" * 2  # both sizes of the last member
    with pytest.raises(RunError, match="its parts claim to be larger than the file"):
        read_bytes(sealed(bytes(body)), tmp_path)


def test_a_newer_format_says_which_version_it_needs(tmp_path: Path) -> None:
    newer = forged({"manifest.npy": manifest(format=FORMAT + 1, needs="2.3.0")})
    with pytest.raises(RunError) as caught:
        read_bytes(newer, tmp_path)
    assert str(caught.value) == (
        f"{tmp_path / 'checkpoint.npz'}: has the checkpoint format {FORMAT + 1}, and this nnctl "
        f"reads up to {FORMAT}; it needs nnctl 2.3.0 or newer: upgrade nnctl"
    )


class Trap:
    """Creates a directory when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


def test_a_pickle_is_recognised_and_never_opened(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="received a pickle, which could run code") as caught:
        read_bytes(pickle.dumps(Trap(tmp_path / "sprung")), tmp_path)
    assert caught.value.exit_code == 4
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("member", ["archive/data.pkl", "manifest.npy", "weights.npy"])
def test_an_archive_of_another_program_is_no_checkpoint(tmp_path: Path, member: str) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(member, pickle.dumps(Trap(tmp_path / "sprung")))
    with pytest.raises(RunError, match="a zip archive such as PyTorch and NumPy write"):
        read_bytes(buffer.getvalue(), tmp_path)
    assert not (tmp_path / "sprung").exists()


def test_a_plain_npz_is_no_checkpoint(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, w=np.zeros(3))
    with pytest.raises(RunError, match="a zip archive such as PyTorch and NumPy write"):
        read_bytes(buffer.getvalue(), tmp_path)


@pytest.mark.parametrize("place", ["missing.npz", "missing/last.npz", "file/last.npz"])
def test_a_missing_checkpoint_is_a_run_error(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="there is no such checkpoint"):
        read_checkpoint(tmp_path / place)


def test_a_directory_or_a_pipe_is_no_checkpoint(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(RunError, match="is not a file"):
            read_checkpoint(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read where permissions forbid it")
def test_a_checkpoint_without_permission_is_a_storage_error(tmp_path: Path) -> None:
    path = tmp_path / "last.npz"
    save_checkpoint(path, SMALL)
    path.chmod(stat.S_IWUSR)
    with pytest.raises(StorageError, match="cannot be read"):
        read_checkpoint(path)


def test_a_save_that_fails_half_way_leaves_the_good_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "last.npz"
    save_checkpoint(path, SMALL)
    with file_size_limit(1000), pytest.raises(StorageError):
        save_checkpoint(path, Checkpoint({}, {"w": np.zeros(1000)}))
    assert_same(read_checkpoint(path), SMALL)
    assert [entry.name for entry in tmp_path.iterdir()] == ["last.npz"]
