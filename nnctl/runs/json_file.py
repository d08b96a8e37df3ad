"""The small JSON files of a run, which other programs read as well."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnctl.errors import Problem, RunError
from nnctl.runs.atomic import storage_error, write_atomically


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write `value` atomically, in its own order, as `json_ready` gives it.

    Raises StorageError (7).
    """
    text = json.dumps(json_ready(value), indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    # A command line may hold bytes that are no text; as \udcXX they are valid JSON.
    write_atomically(path, text.encode("utf-8", "backslashreplace"))


def json_ready(value: Any) -> Any:
    """Return `value` as JSON can hold it: NumPy's numbers as Python's, null for what is not finite.

    JSON has no NaN and no infinity, and strict readers refuse a document that has them.
    """
    if isinstance(value, Mapping):
        return {key: json_ready(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_ready(item) for item in value]
    if hasattr(value, "dtype"):  # one of NumPy's; known by that, so that JSON needs no NumPy
        return json_ready(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def read_json(path: Path) -> dict[str, Any]:
    """Read an object; RunError (4) if it is missing or damaged, StorageError (7) if unreadable."""
    try:
        value = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError) as error:
        message = "there is no such file; give the directory of a run"
        raise RunError(Problem(message, file=str(path))) from error
    except OSError as error:
        raise storage_error(error, path, "read") from error
    except json.JSONDecodeError as error:
        message = f"is damaged: {what_is_wrong(error)}; restore it, or train again"
        raise RunError(Problem(message, str(path), error.lineno, error.colno)) from error
    except (ValueError, RecursionError) as error:
        message = "is damaged: it is not JSON in UTF-8; restore it, or train again"
        raise RunError(Problem(message, file=str(path))) from error
    if not isinstance(value, dict):
        message = "is damaged: it does not hold a JSON object; restore it, or train again"
        raise RunError(Problem(message, file=str(path)))
    return value


def what_is_wrong(error: json.JSONDecodeError) -> str:
    """Return what is wrong with a file that is not JSON."""
    ended = not error.doc[error.pos :].strip() or error.msg.startswith("Unterminated string")
    return "it is empty or cut short" if ended else error.msg
