from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnctl.errors import RunError, StorageError
from nnctl.runs.json_file import json_ready, read_json, write_json

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@settings(deadline=None)
@given(value=st.dictionaries(st.text(), VALUES))
def test_any_value_comes_back(
    tmp_path_factory: pytest.TempPathFactory, value: dict[str, Any]
) -> None:
    path = tmp_path_factory.getbasetemp() / "value.json"
    write_json(path, value)
    assert read_json(path) == value


def test_the_text_is_indented_in_its_own_order_with_a_newline_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    write_json(path, {"b": 1, "a": {"größe": (1.5, True)}})
    assert path.read_text(encoding="utf-8") == (
        '{\n  "b": 1,\n  "a": {\n    "größe": [\n      1.5,\n      true\n    ]\n  }\n}\n'
    )


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_becomes_null(tmp_path: Path, number: float) -> None:
    path = tmp_path / "summary.json"
    write_json(path, {"a": number, "b": [np.float32(number)], "c": {"d": np.float64(number)}})
    assert json.loads(path.read_text()) == {"a": None, "b": [None], "c": {"d": None}}


def test_numbers_of_numpy_are_written_as_numbers(tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    write_json(path, {"a": np.float32(0.5), "b": np.int64(3), "c": np.bool_(True)})
    assert read_json(path) == {"a": 0.5, "b": 3, "c": True}


def test_what_is_ready_for_json_holds_nothing_but_pythons_own_values() -> None:
    ready = json_ready({"a": (np.float64(0.5), np.float32("nan")), "b": np.bool_(True), "c": -1.5})
    assert ready == {"a": [0.5, None], "b": True, "c": -1.5}
    assert [type(value) for value in (*ready["a"], ready["b"])] == [float, type(None), bool]


def test_an_argument_that_is_no_text_can_be_recorded(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    argument = b"caf\xe9".decode("utf-8", "surrogateescape")
    write_json(path, {"command": [argument]})
    assert read_json(path) == {"command": [argument]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r":1:1: is damaged: it is empty or cut short"),
        (b'{"a": 1', r":1:8: is damaged: it is empty or cut short"),
        (b'{"a": "b', r":1:7: is damaged: it is empty or cut short"),
        (b'{\n"a": }', r":2:6: is damaged: Expecting value"),
        (b'{"a": "\xff"}', r": is damaged: it is not JSON in UTF-8"),
        (b"[" * 100_000, r": is damaged: it is not JSON in UTF-8"),
        (b"[1]", r": is damaged: it does not hold a JSON object"),
    ],
    ids=[
        "empty",
        "truncated",
        "text truncated",
        "value missing",
        "not UTF-8",
        "nested deeply",
        "list",
    ],
)
def test_a_damaged_file_is_a_run_error_with_its_place(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(content)
    with pytest.raises(RunError, match=r"run\.json" + message):
        read_json(path)


@pytest.mark.parametrize("place", ["missing.json", "file/run.json"])
def test_a_missing_file_is_a_run_error(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="there is no such file"):
        read_json(tmp_path / place)


def test_a_directory_cannot_be_read_as_a_file(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be read"):
        read_json(tmp_path)
