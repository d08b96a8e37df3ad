"""What a run's data was: its columns, their kinds, the number of rows, and a digest of the rest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from nnctl.data.table import Table, listed


def fingerprint(table: Table) -> dict[str, Any]:
    """Return `rows`, `columns` (name -> kind) and `sha256`, the digest of every value.

    How a number is written (`1`, `1.0`, `1e0`), the file's place and its encoding do not count.
    """
    digest = hashlib.sha256(str(table.n_rows).encode("ascii"))
    for name, kind in table.kinds.items():
        digest.update(framed(name) + framed(kind))
        for text in table.texts.get(name, ()):
            digest.update(framed(text))
        # Adding 0 makes one of the two zeros; little-endian bytes are the same on any machine.
        values = np.where(np.isnan(table.values(name)), np.nan, table.values(name)) + 0.0
        digest.update(values.astype("<f8").tobytes())
    return {"rows": table.n_rows, "columns": table.kinds, "sha256": digest.hexdigest()}


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """Yield what differs between two fingerprints, a part of a sentence each; nothing if equal."""
    different_shapes = [*changes_of_shape(before, now)]
    yield from different_shapes
    if not different_shapes and before["sha256"] != now["sha256"]:
        yield "other values"


def changes_of_shape(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """Yield what differs in columns, kinds and rows, where values can no longer be compared."""
    gone = [name for name in before["columns"] if name not in now["columns"]]
    new = [name for name in now["columns"] if name not in before["columns"]]
    if gone:
        yield f"no column(s) {listed(gone)}"
    if new:
        yield f"new column(s) {listed(new)}"
    for name, kind in before["columns"].items():
        if now["columns"].get(name, kind) != kind:
            yield f"`{name}` as {now['columns'][name]} (it was {kind})"
    if before["rows"] != now["rows"]:
        yield f"{now['rows']} rows (it had {before['rows']})"
    if not gone and not new and [*before["columns"]] != [*now["columns"]]:
        yield "its columns in another order"


def framed(text: str) -> bytes:
    """Return the text behind its length, so that no two lists of texts look alike."""
    encoded = text.encode("utf-8", errors="surrogatepass")
    return len(encoded).to_bytes(8, "little") + encoded
