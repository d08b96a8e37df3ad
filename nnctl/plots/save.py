"""Figures on disk: the same figure gives the same bytes, and a file appears whole or not at all."""

from __future__ import annotations

import os
import secrets
from io import BytesIO
from pathlib import Path

from matplotlib.figure import Figure

from nnctl.errors import Problem, StorageError, UsageError
from nnctl.plots.style import plot_style

# What a file says of itself, by its suffix: neither the clock nor matplotlib's version.
METADATA: dict[str, dict[str, str | None]] = {
    ".png": {"Software": None},
    ".svg": {"Creator": "nnctl", "Date": None},
}


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as PNG or SVG, as the path's suffix says.

    Raises UsageError for any other suffix, StorageError where the file cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in METADATA:
        received = f"received suffix {path.suffix!r}" if path.suffix else "received no suffix"
        known = " or ".join(METADATA)
        message = f"a plot's format follows from its suffix ({received}); use {known}"
        raise UsageError(Problem(message, file=str(path)))
    picture = BytesIO()
    with plot_style():
        figure.draw_without_rendering()
        figure.set_layout_engine("none")  # a second layout would move the axes by a hair
        figure.savefig(picture, format=suffix[1:], metadata=METADATA[suffix])
    _write_whole(path, picture.getvalue())


def _write_whole(path: Path, content: bytes) -> None:
    """Write beside the path, then rename: a reader sees the old file or the new one."""
    temporary = path.with_name(f".nnctl-{secrets.token_hex(8)}.tmp")
    try:
        try:
            temporary.write_bytes(content)
            os.replace(temporary, path)  # noqa: PTH105
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        message = (
            f"cannot write the plot ({reason}); choose a directory that exists and is writable"
        )
        raise StorageError(Problem(message, file=str(path))) from error
