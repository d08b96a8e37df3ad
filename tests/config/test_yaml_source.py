from __future__ import annotations

import time
import tracemalloc

import pytest

from nnctl.config.document import Mark
from nnctl.config.yaml_source import MAXIMUM_BYTES, MAXIMUM_DEPTH, read_yaml
from nnctl.errors import ConfigError, Problem

ALIAS_BOMB = "a0: &a0 [x]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 30)
)

UNREADABLE = {
    "a:\n\tb: 1\n": "f:2:1: not valid YAML: a tab cannot begin a token; indent with spaces",
    "a: [1, 2\nb: 3\n": "f:2:2: not valid YAML: expected ',' or ']', but got ':' "
    "while parsing a flow sequence that begins in line 1",
    'a: "x\nb: 1\n': "f:3:1: not valid YAML: found unexpected end of stream "
    "while scanning a quoted scalar that begins in line 1",
    "a: 1\n b: 2\n": "f:2:3: not valid YAML: mapping values are not allowed here",
    "a: 1\n---\nb: 2\n": "f:2:1: a second document begins here; a config is one",
    "a: 1\nb: \0\n": "f:2:4: the control character U+0000 may not stand in YAML",
    'a: "\\uD800"\n': "f:1:4: half of a surrogate pair is no character",
    "? [a]\n: 1\n": "f:1:3: a key must be plain text",
    "*a : 1\n": "f:1:1: a key must be plain text",
    "seed: " + "1" * 5000: "f:1:7: an integer of 5,000 digits; at most 100 are read",
    "a: " + "[" * 10_000: "f:1:23: more than 20 levels deep",
    "- " * 10_000: "f:1:41: more than 20 levels deep",
    "a: [" + "1," * 150_000 + "]": "f:1:200001: more than 100,000 values",
}
COMPLAINTS = {
    "a: 1\nb: 2\na: 3\n": ["f:3:1: the key `a` stood in line 1 already; keep one of them"],
    "a:\n  b: 1\n  'b': 2\n": ["f:3:3: the key `a.b` stood in line 2 already; keep one of them"],
    "a: &x 1\n": ["f:1:4: the anchor `&x` is not read; leave it out"],
    "a: !!python/object/apply:os.system ['exit 1']\n": [
        "f:1:4: the tag `!!python/object/apply:os.system` is not read; leave it out"
    ],
    "a: !!str 1\n": ["f:1:4: the tag `!!str` is not read; leave it out"],
    "a: !mine {b: 1}\n": ["f:1:4: the tag `!mine` is not read; leave it out"],
    "a: &x {b: 1}\nc:\n  <<: *x\n": [
        "f:1:4: the anchor `&x` is not read; leave it out",
        "f:3:7: an alias such as `*name` is not read; write the value out",
    ],
}


@pytest.mark.parametrize("source", UNREADABLE, ids=range(len(UNREADABLE)))
def test_unreadable_yaml_is_refused_with_its_line_and_column(source: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_yaml(source.encode(), "f")
    assert str(caught.value) == UNREADABLE[source]


@pytest.mark.parametrize("source", COMPLAINTS)
def test_what_a_config_has_no_use_for_is_complained_of(source: str) -> None:
    document = read_yaml(source.encode(), "f")
    assert [str(problem) for problem in document.problems] == COMPLAINTS[source]


@pytest.mark.parametrize("source", ["a: é".encode("latin-1"), "a: 1".encode("utf-16")])
def test_other_encodings_are_refused_at_the_first_byte_that_is_no_utf_8(source: bytes) -> None:
    with pytest.raises(ConfigError, match=r"^f:1:\d: byte 0x(e9|ff) is not UTF-8"):
        read_yaml(source, "f")


def test_an_escape_beyond_unicode_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match=r"^f: not valid YAML: "):
        read_yaml(b'a: "\\UFFFFFFFF"', "f")


def test_the_deepest_nesting_that_is_allowed_is_read() -> None:
    source = "[" * MAXIMUM_DEPTH + "]" * MAXIMUM_DEPTH
    assert read_yaml(source.encode(), "f").problems == []


def test_more_bytes_than_a_config_has_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"^f: a config has at most 1,048,576 bytes$"):
        read_yaml(b"#" * (MAXIMUM_BYTES + 1), "f")


def _problems(source: str) -> list[Problem]:
    try:
        return read_yaml(source.encode(), "f").problems
    except ConfigError as error:
        return list(error.problems)


@pytest.mark.parametrize("source", [ALIAS_BOMB, "[" * 10_000, "seed: " + "1" * 5000])
def test_bombs_end_in_under_a_second_with_little_memory(source: str) -> None:
    begun = time.process_time()
    assert _problems(source)
    assert time.process_time() - begun < 1
    tracemalloc.start()
    try:
        _problems(source)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_every_key_and_value_has_its_mark() -> None:
    document = read_yaml(b"a:\n  - {b: 1}\n  -\n    c: 'x'\n", "f")
    assert document.value == {"a": [{"b": 1}, {"c": "x"}]}
    assert document.marks.keys == {
        ("a",): Mark("f", 1, 1),
        ("a", 0, "b"): Mark("f", 2, 6),
        ("a", 1, "c"): Mark("f", 4, 5),
    }
    assert document.marks.values["a", 0] == Mark("f", 2, 5)
    assert document.marks.values["a", 1, "c"] == Mark("f", 4, 8)


def test_keys_are_always_text() -> None:
    document = read_yaml(b"{0: a, no: b, 010: c, null: d, 1.5: e}", "f")
    assert list(document.value) == ["0", "no", "010", "null", "1.5"]


def test_quoted_scalars_are_text() -> None:
    document = read_yaml(b"a: ['1', \"true\", '']\nb: |-\n  5\n", "f")
    assert document.value == {"a": ["1", "true", ""], "b": "5"}


@pytest.mark.parametrize("source", ["\ufeffa: 1\n", "a: 1\r\n", "a: 1", "%YAML 1.2\n---\na: 1\n"])
def test_byte_order_marks_line_ends_and_directives_do_no_harm(source: str) -> None:
    assert read_yaml(source.encode(), "f").value == {"a": 1}


@pytest.mark.parametrize("source", ["", "# nothing\n", "~"])
def test_an_empty_file_holds_nothing(source: str) -> None:
    document = read_yaml(source.encode(), "f")
    assert document.value is None
    assert document.marks.mark(()) == Mark("f", 1, 1)
