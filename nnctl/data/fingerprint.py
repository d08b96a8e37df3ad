"""A digest by which a resumed run knows that its data is what it was."""

from __future__ import annotations

import hashlib

import numpy as np

from nnctl.data.table import Table


def fingerprint(table: Table) -> str:
    """Return the SHA-256 of the columns' names and kinds, the number of rows, and every value.

    How a number is written (`1`, `1.0`, `1e0`), the file's place and its encoding do not count.
    """
    digest = hashlib.sha256(str(table.n_rows).encode("ascii"))
    for name, column in table.columns.items():
        digest.update(framed(name))
        if isinstance(column, np.ndarray):
            digest.update(framed("numbers"))
            # Adding 0 makes one of the two zeros; little-endian bytes are the same on any machine.
            digest.update((column + 0.0).astype("<f8").tobytes())
        else:
            digest.update(framed("text"))
            for cell in column:
                digest.update(framed(cell))
    return digest.hexdigest()


def framed(text: str) -> bytes:
    """Return the text behind its length, so that no two lists of texts look alike."""
    encoded = text.encode("utf-8", errors="surrogatepass")
    return len(encoded).to_bytes(8, "little") + encoded
