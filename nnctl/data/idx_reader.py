"""IDX, the format of MNIST: a magic number, the lengths of the dimensions, and the numbers.

Two zero bytes, a byte for the type, a byte for the number of dimensions, each of their lengths as
a big-endian unsigned 32-bit integer, then the array in C order, big-endian.

Reference: http://yann.lecun.com/exdb/mnist
"""

from __future__ import annotations

import struct
from contextlib import ExitStack

import numpy as np

from nnctl.data.array_rows import Layout, OpenArray, in_row_order
from nnctl.data.files import Source, read_exactly
from nnctl.data.formats import IDX_CODES

MAGIC_BYTES = LENGTH_BYTES = 4


def open_idx(source: Source, files: ExitStack) -> OpenArray:  # noqa: ARG001  as open_npy
    """Return the array of an IDX file, whose rows are along its first dimension.

    Raises DataError for a header that promises another size than the file has.
    """
    _, _, code, n_dimensions = read_exactly(source, MAGIC_BYTES, "the IDX header")
    lengths = read_exactly(source, LENGTH_BYTES * n_dimensions, "the IDX header")
    shape = struct.unpack(f">{n_dimensions}I", lengths)
    header_bytes = MAGIC_BYTES + len(lengths)
    dtype = np.dtype(IDX_CODES[code])
    return in_row_order(Layout(source, "the IDX array", shape, dtype, header_bytes))
