"""IDX files, as MNIST comes in, become tables of pixels, with their labels from a second file."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnctl.config.schema.data import DataConfig
from nnctl.data.sources import open_chunks, read_source
from nnctl.data.wishes import EVERYTHING, Wish, Wishes
from nnctl.errors import DataError
from tests.data.files import TEXTS, columns_of, damaged, npy, read, reads_or_refuses

IMAGES = np.arange(18, dtype=np.uint8).reshape(3, 2, 3)


def idx(array: np.ndarray, code: int = 8) -> bytes:
    header = struct.pack(f">4B{array.ndim}I", 0, 0, code, array.ndim, *array.shape)
    return header + array.tobytes()


def refusal(content: bytes) -> str:
    with pytest.raises(DataError) as caught:
        read(content)
    return str(caught.value)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_images_become_rows_of_pixels(pack: type[bytes]) -> None:
    table = read(pack(idx(IMAGES)))
    assert table.names[:4] == ("pixel_0_0", "pixel_0_1", "pixel_0_2", "pixel_1_0")
    assert [*columns_of(table).values()] == IMAGES.reshape(3, 6).T.tolist()
    assert (table.places.tolist(), table.has_lines) == ([1, 2, 3], False)


@pytest.mark.parametrize(
    ("code", "dtype"), [(8, "u1"), (9, "i1"), (11, ">i2"), (12, ">i4"), (13, ">f4"), (14, ">f8")]
)
def test_numbers_of_every_type_are_read(code: int, dtype: str) -> None:
    values = np.array([[1, 2], [3, 100]], dtype)
    assert columns_of(read(idx(values, code))) == {"x1": [1, 3], "x2": [2, 100]}


def test_a_file_that_is_cut_short_or_has_a_wrong_header_is_refused() -> None:
    content = idx(IMAGES)
    assert refusal(content[:-2]) == (
        "f: the IDX array is cut short or damaged: its header promises 18 bytes (received 16); "
        "make or fetch the file again"
    )
    assert "2 bytes follow it" in refusal(content + b"ab")
    assert "the IDX header is cut short (8 bytes are missing)" in refusal(content[:8])
    assert "the IDX array is a single value" in refusal(bytes([0, 0, 8, 0]))
    assert "the packed data is damaged, or ends too soon" in refusal(gzip.compress(content)[:-9])
    assert "is cut short (2 bytes are missing)" in refusal(gzip.compress(content[:-2]))
    assert "the IDX array ends before the file does" in refusal(gzip.compress(content + b"a"))


def write(directory: Path, name: str, content: bytes) -> str:
    path = directory / name
    path.write_bytes(content)
    return str(path)


def test_a_second_file_holds_the_labels(tmp_path: Path) -> None:
    images = write(tmp_path, "images.gz", gzip.compress(idx(IMAGES)))
    labels = write(tmp_path, "labels.gz", gzip.compress(idx(np.array([7, 0, 9], np.uint8))))
    table = read_source(images, DataConfig(), EVERYTHING, labels=labels)
    assert table.names[-2:] == ("pixel_1_2", "label")
    assert columns_of(table)["label"] == [7, 0, 9]
    assert table.source == images
    wishes = Wishes({"label": Wish("text", "target"), "pixel_0_1": Wish()}, None)
    (chunk,) = open_chunks(images, DataConfig(), wishes, labels=labels, keep_written=True)
    assert columns_of(chunk) == {"pixel_0_1": [1, 7, 13], "label": ["7", "0", "9"]}
    assert chunk.written[1] == ("6", "7", "8", "9", "10", "11", "0")


def test_inputs_and_labels_may_be_npy_files(tmp_path: Path) -> None:
    inputs = write(tmp_path, "x.npy", npy(np.array([[1.5], [2.5]])))
    labels = write(tmp_path, "y.npy", npy(np.array(["cat", "dog"])))
    table = read_source(inputs, DataConfig(), EVERYTHING, labels=labels)
    assert columns_of(table) == {"x1": [1.5, 2.5], "label": ["cat", "dog"]}


def labels_refusal(source: str, labels: str) -> str:
    with pytest.raises(DataError) as caught:
        read_source(source, DataConfig(), EVERYTHING, labels=labels)
    return str(caught.value)


def test_labels_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    images = write(tmp_path, "images", idx(IMAGES))
    labels = write(tmp_path, "labels", idx(np.array([7, 0], np.uint8)))
    table = write(tmp_path, "table.csv", b"a\n1\n")
    assert labels_refusal(images, labels) == (
        f"{labels}: there must be a label for each of the 3 rows of {images} (received 2); "
        "name two files that go together"
    )
    assert labels_refusal(labels, images) == (
        f"{images}: the labels must be one for each row (received an array of shape (3, 2, 3)); "
        "are `source` and `labels` the right way round?"
    )
    message = (
        f"{table}: `labels` joins two files of one array each, NPY or IDX (this one is CSV); "
        "leave it out, and name the column of the `target`"
    )
    assert labels_refusal(table, labels) == labels_refusal(images, table) == message
    missing = str(tmp_path / "label")
    assert labels_refusal(images, missing).startswith(f"{missing}: the data does not exist")


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@settings(max_examples=80, deadline=None)
@given(st.data())
def test_a_damaged_file_is_a_table_or_a_data_error(pack: type[bytes], data: st.DataObject) -> None:
    content = data.draw(damaged(pack(idx(IMAGES))))
    reads_or_refuses(content, data.draw(st.sampled_from([EVERYTHING, TEXTS])))
